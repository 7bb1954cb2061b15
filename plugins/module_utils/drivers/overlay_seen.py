# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The overlays that stand in a picture of a host, with the peers that their tables hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from ipaddress import ip_address

from ..model.declaration import Network, Peer, Subnet
from ..model.resolve import effective_mtu
from ..state.engine import ENGINE_ROLE
from ..state.entry import ALL_MACS, FDB, NEIGHBOURS
from .docker_network import known_to_docker
from .found import Found
from .hosts_file import NameLine, lines_of_network

SEGMENTS = 16


def overlays(found: Found) -> Iterator[Network]:
    """Each network that has a namespace on the host."""
    namespaces = {owner.network: one.netns for one, owner in found.links.get("switch0", [])}
    for name, netns in sorted(namespaces.items()):
        links = [link for number in range(SEGMENTS) for link, owner in found.links.get(f"vxlan{number}", []) if owner.network == name]
        options = [dict(link.options) for link in links]
        local = options[0].get("local") if options else None
        bridges = [link.name for link, owner in found.links.get(ENGINE_ROLE, []) if owner.network == name]
        subnets = tuple(sorted(_subnets(netns, bridges, found), key=lambda one: one.subnet.version))
        versions = {one.subnet.version for one in subnets}
        network = Network(
            name,
            "overlay",
            "fleet",
            internal=_is_internal(name, found),
            subnets=subnets,
            enable_ipv4=4 in versions or not versions,
            enable_ipv6=6 in versions,
            vnis=tuple(int(one["id"]) for one in options if "id" in one),
            broadcast=not bridges and any(mac == ALL_MACS for mac, _vtep in found.entries.get((netns, FDB), ())),
            docker_network=bool(bridges),
            underlay_address=ip_address(str(local)) if local else None,
            vxlan_port=int(options[0].get("port", 0)) if options else 0,
            peers=tuple(sorted(_peers(name, netns, found))),
        )
        mtu = links[0].mtu if links else None
        yield known_to_docker(replace(network, mtu=None if mtu == effective_mtu(network) else mtu), found)


def _is_internal(network: str, found: Found) -> bool:
    """Whether Docker says so or, where it knows nothing of the network, some sandbox has no default route: an internal network gives no way out."""
    known = found.engine.get(network)
    if known is not None and not known.silent:
        return known.internal
    return not all((one.netns, 4) in found.ways_out for one, owner in found.links.get("endpoint", []) if owner.network == network)


def _subnets(netns: str, bridges: Iterable[str], found: Found) -> Iterator[Subnet]:
    """From the gateways' addresses. bridges: those on the host for Docker's containers, one of which has Docker's."""
    for place in (*(("", name) for name in bridges), *((netns, f"br{number}") for number in range(SEGMENTS))):
        for one in found.addresses.get(place, []):
            yield Subnet(one.network, one.ip)


def _peers(network: str, netns: str, found: Found) -> Iterator[Peer]:
    """Who is where, from the forwarding and neighbour tables; what they are called stands in the hosts file of any sandbox of the network."""
    names = lines_of_network(found, network)
    neighbours, entries = found.entries.get((netns, NEIGHBOURS), set()), found.entries.get((netns, FDB), set())
    ipv4, ipv6 = ({mac: address for address, mac in neighbours if (":" in address) is is_ipv6} for is_ipv6 in (False, True))
    inhabited = {vtep for mac, vtep in entries if mac != ALL_MACS}
    for mac, vtep in entries:
        if mac != ALL_MACS:
            v4, v6 = ipv4.get(mac, ""), ipv6.get(mac, "")
            line = names.get(v4) or names.get(v6) or NameLine(mac, vtep, ())
            yield Peer(line.host, line.sandbox, vtep, v4, v6, mac, line.aliases)
        elif vtep not in inhabited:
            yield Peer(vtep, "", vtep, "", "", "")
