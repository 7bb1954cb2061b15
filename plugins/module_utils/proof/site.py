# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the proof needs to know of each host, and every door by which its sandboxes can be asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from ..model.declaration import Declaration, IPAddress, Network, Port, Sandbox
from ..model.resolve import EVERY_ADDRESS, gateway_endpoints, gateway_mode, namespace_owners
from ..model.subnet import subnet_in

PROBE_PORT = 47863
LOOPBACK = IPv4Address("127.0.0.1")


@dataclass(frozen=True)
class Door:
    """One address by which ``sandbox`` of ``host`` (empty: that host itself) can be asked.

    kind: ``endpoint`` (its own address), ``published`` (a port of the host), ``underlay`` (a host's own address) or ``shut`` (a
    published port of the host, but at its underlay address, where it is not published). listener: the port that answers.
    home, way: of a door to the underlay address, the one at which the host itself gets in, and the underlay door of its host. witness: of an
    endpoint that its host cannot ask, as it is on an overlay: a sandbox that may ask there, perhaps itself.
    """

    kind: str
    host: str
    sandbox: str
    address: IPAddress
    listener: int
    network: str = ""
    port: Port | None = None
    home: Door | None = None
    way: Door | None = None
    witness: tuple[str, str] | None = None


@dataclass(frozen=True)
class Site:
    """One host as the proof sees it.

    sandboxes: those with a namespace of their own. networks: of each, those it is on. gateways: of each, the network of its
    default route in each family. aliases: the others, each with the sandbox whose namespace it is in (empty: the host's). underlay_door: how
    this host is asked by others. members: who is in each overlay, on all hosts. egress: the host that is asked to see whether this one's sandboxes get out.
    """

    host: str
    underlay: IPv4Address | None
    declared: Mapping[str, Network]
    sandboxes: Mapping[str, Sandbox]
    networks: Mapping[str, frozenset[str]]
    gateways: Mapping[str, Mapping[int, Network]]
    aliases: Mapping[str, str]
    underlay_door: Door | None
    egress: Door | None
    members: Mapping[str, tuple[tuple[str, str], ...]]


def survey(declarations: Mapping[str, Declaration], underlay: Mapping[str, IPv4Address | None]) -> list[Site]:
    """Every host of the fleet, sorted by name.

    declarations: fully resolved: every endpoint has its address. underlay: the address by which the other hosts know a host.
    """
    hosts = sorted(declarations)
    doors = [door for door in (_underlay_door(host, declarations[host], underlay.get(host)) for host in hosts) if door]
    after = {door.host: doors[(place + 1) % len(doors)] for place, door in enumerate(doors)}
    own_door = {door.host: door for door in doors}
    members = _members(declarations)
    sites = []
    for host in hosts:
        declared = declarations[host]
        own = {name: box for name, box in sorted(declared.sandboxes.items()) if box.mode in ("networks", "none")}
        egress = after.get(host)
        sites.append(
            Site(
                host,
                underlay.get(host),
                declared.networks,
                own,
                {name: frozenset(end.network for end in box.endpoints) for name, box in own.items()},
                {name: _gateway_networks(declared, box) for name, box in own.items()},
                dict(_aliases(declared)),
                own_door.get(host),
                egress if egress and egress.address != underlay.get(host) else None,
                members,
            )
        )
    return sites


def endpoint_doors(site: Site) -> Iterator[Door]:
    """Every address of every sandbox of a host."""
    for name, box in site.sandboxes.items():
        port = _free_port({port.target for port in box.ports})
        for end in box.endpoints:
            # What overlays do with IPv6 is not asked.
            is_asked = end.network in site.declared and site.declared[end.network].driver != "overlay"
            for address in (end.ipv4_address, end.ipv6_address if is_asked else None):
                if address is not None:
                    yield Door("endpoint", site.host, name, address, port, end.network, witness=_witness(site, name, end.network))


def published_doors(site: Site) -> Iterator[Door]:
    """Every way to the published ports of a host, and after each the one that must stay shut, if there is one."""
    open_outside = {
        (port.protocol, port.published) for box in site.sandboxes.values() for port in box.ports if port.host_ip in (None, EVERY_ADDRESS, site.underlay)
    }
    for name, box in site.sandboxes.items():
        for port in box.ports:
            for family, network in site.gateways[name].items():
                if gateway_mode(network, family) == "routed" or (port.host_ip is not None and port.host_ip.version != family):
                    continue
                everywhere = port.host_ip is None or port.host_ip.is_unspecified
                address = _own_address(network, family) if everywhere else port.host_ip
                if address is None:
                    continue
                home = Door("published", site.host, name, address, port.target, network.name, port)
                yield home
                if site.underlay is None or family == 6:
                    continue
                if everywhere:
                    yield Door("published", site.host, name, site.underlay, port.target, network.name, port, home, site.underlay_door)
                elif (port.protocol, port.published) not in open_outside:
                    yield Door("shut", site.host, name, site.underlay, port.target, network.name, port, home, site.underlay_door)


def _own_address(network: Network, family: int) -> IPAddress | None:
    """An address at which the host itself is sure to find what is published on all of a family. (On ::1 nothing can be.)"""
    subnet = subnet_in(network, family)
    return LOOPBACK if family == 4 else subnet.gateway if subnet is not None else None


def _members(declarations: Mapping[str, Declaration]) -> dict[str, tuple[tuple[str, str], ...]]:
    """The (host, sandbox) of every endpoint of each overlay, sorted."""
    found: dict[str, list[tuple[str, str]]] = {}
    for host, declared in sorted(declarations.items()):
        for name, box in sorted(declared.sandboxes.items()):
            for end in box.endpoints:
                if declared.networks[end.network].driver == "overlay" and end.ipv4_address is not None:
                    found.setdefault(end.network, []).append((host, name))
    return {network: tuple(places) for network, places in found.items()}


def _witness(site: Site, sandbox: str, network: str) -> tuple[str, str] | None:
    """Who may ask an endpoint of an overlay: the first other member; where there is none, the sandbox itself. None: not on an overlay."""
    own = (site.host, sandbox)
    return next((place for place in site.members[network][:2] if place != own), own) if network in site.members else None


def _underlay_door(host: str, declared: Declaration, address: IPv4Address | None) -> Door | None:
    if address is None:
        return None
    published = {port.published for box in declared.sandboxes.values() for port in box.ports}
    return Door("underlay", host, "", address, _free_port(published))


def _gateway_networks(declared: Declaration, sandbox: Sandbox) -> dict[int, Network]:
    return {family: declared.networks[endpoint.network] for family, endpoint in gateway_endpoints(declared, sandbox).items()}


def _free_port(taken: set[int]) -> int:
    """The first port from PROBE_PORT on that is not among ``taken``."""
    return next(port for port in range(PROBE_PORT, 65536) if port not in taken)


def _aliases(declared: Declaration) -> Iterator[tuple[str, str]]:
    """The sandboxes that live in another's namespace, each with whose; empty: the host's."""
    for name, owner in sorted(namespace_owners(declared).items()):
        if owner and declared.sandboxes[owner].mode == "host":
            yield name, ""
        elif owner and owner != name:
            yield name, owner
