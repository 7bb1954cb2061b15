# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver ``overlay``: one network over many hosts, built on each as Docker builds it, with the peers that the plan knows.

A host that has an endpoint in the network has a namespace for it: a bridge ``br0`` with the gateway's address, and ``vxlan0``, whose socket is in the
host's own namespace. A network with several subnets has a pair for each: ``br1``, ``vxlan1``, ... Nothing is learned: where every MAC and
every address is stands in the forwarding and neighbour tables of the vxlan, which so answers ARP itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from ..model.declaration import Endpoint, IPAddress, Network, Sandbox, Subnet
from ..model.resolve import FAMILIES, address_in, effective_mac, effective_mtu
from ..state.engine import BRIDGE_OPTION
from ..state.entry import ALL_MACS, BRIDGE_FDB, FDB, NEIGHBOURS, Entries, Pair
from ..state.objects import Address, Link, Namespace, Object, Route, Sysctl
from ..state.rule import Rule
from ..state.tag import Tag, altname
from .found import Found
from .overlay_docker import bridge_name, docker_objects, docker_rules
from .overlay_seen import overlays
from .place import UNDERLAY, Place
from .veth_pair import port_name, veth_pair

KIND = "overlay"
Leg = tuple[Sandbox, Endpoint]


@dataclass(frozen=True)
class Segment:
    """One VNI of a network with the subnets in it: at most one of each family. number: that of its bridge and vxlan."""

    number: int
    vni: int
    subnets: tuple[Subnet, ...]

    def holds(self, address: IPAddress | None) -> bool:
        """Whether an address belongs to this segment."""
        return address is not None and any(address in one.subnet for one in self.subnets)


def segments(network: Network) -> list[Segment]:
    """The network's subnets, the first of each family together, and so on, each with its VNI."""
    by_family = [[one for one in network.subnets if one.subnet.version == family] for family in FAMILIES]
    return [Segment(number, vni, tuple(one[number] for one in by_family if number < len(one))) for number, vni in enumerate(network.vnis)]


def namespace_name(fleet: str, network: str) -> str:
    """The namespace of a network. The ``+`` in it is in no name of a sandbox. It stands in a tag beside both names, and a tag has 255 bytes at most."""
    return altname(fleet, network, most=115)


def network_id(fleet: str, network: Network) -> str:
    """The name of the network's namespace on the host."""
    return namespace_name(fleet, network.name)


def network_objects(fleet: str, network: Network, members: Sequence[Leg], publishing: Sequence[Leg]) -> Iterator[Object]:
    """The network's namespace with what is in it, where the host has an endpoint of the network, or a Docker engine that knows it."""
    if not members and network.docker_network is False:
        return
    netns, parts = network_id(fleet, network), segments(network)
    yield Namespace(netns, str(Tag(fleet, network.name, netns, "network")))
    # The gateways lead to the other subnets of the network, and nowhere else: nothing but the network is in the namespace.
    yield Sysctl(netns, "net/ipv4/ip_forward", "1" if len(parts) > 1 else "0")
    has_ipv6 = any(one.subnet.version == 6 for one in network.subnets)
    yield Sysctl(netns, "net/ipv6/conf/all/disable_ipv6", "0" if has_ipv6 else "1")
    if has_ipv6:
        yield Sysctl(netns, "net/ipv6/conf/all/forwarding", "1" if len(parts) > 1 else "0")
        # The gateway has the same address on every host, which is meant.
        yield Sysctl(netns, "net/ipv6/conf/default/accept_dad", "0")
    for part in parts:
        yield from _segment(fleet, network, netns, part)
        yield from _peers(network, netns, part)
    if network.docker_network is not False:
        yield from docker_objects(fleet, network, netns)


def _segment(fleet: str, network: Network, netns: str, part: Segment) -> Iterator[Object]:
    bridge, vxlan, mtu = f"br{part.number}", f"vxlan{part.number}", effective_mtu(network)
    # Which addresses and MACs Docker's containers have is not declared: they ask each other, and where the answers come from is learned.
    learns = network.docker_network is not False
    yield Link(
        netns=netns,
        name=bridge,
        kind="bridge",
        tag=str(Tag(fleet, network.name, "", f"switch{part.number}")),
        mac=gateway_mac(fleet, network, part),
        mtu=mtu,
        options=(("mcast_snooping", False),),
        ipv6_link_local=False,
        up=True,
    )
    for one in part.subnets if not learns else ():
        yield Address(netns, bridge, f"{one.gateway}/{one.subnet.prefixlen}")
    yield Link(
        netns=netns,
        name=vxlan,
        kind="vxlan",
        tag=str(Tag(fleet, network.name, "", f"vxlan{part.number}")),
        mtu=mtu,
        master=bridge,
        parent=("", ""),
        options=(
            ("id", part.vni),
            ("l2miss", not learns),
            ("l3miss", not learns),
            ("learning", learns),
            ("local", str(network.underlay_address)),
            ("port", network.vxlan_port),
            ("proxy", not learns),
        ),
        ipv6_link_local=False,
        up=True,
    )


def gateway_mac(fleet: str, network: Network, part: Segment) -> str:
    """The MAC of a segment's bridge, another one on each host: the kernel complains of frames that come back with a bridge's own."""
    digest = hashlib.sha256(f"{fleet}:{network.name}:{part.number}:{network.underlay_address}".encode()).digest()
    return (b"\x02\x42" + digest[:4]).hex(":")


def _peers(network: Network, netns: str, part: Segment) -> Iterator[Object]:
    """Where the endpoints of other hosts are. One host's own address among the peers would be a loop, and is passed over.

    Where Docker knows the network, a peer's entries only spare a question; its neighbour entry says whose MAC it is to who reads.
    """
    vxlan, own, every = f"vxlan{part.number}", str(network.underlay_address), len(network.vnis) == 1
    entries: set[Pair] = set()
    neighbours: set[Pair] = set()
    vteps: set[str] = set()
    for _host, sandbox, vtep, ipv4_address, ipv6_address, mac, _aliases in network.peers:
        addresses = [one for one in (ipv4_address, ipv6_address) if one and (every or part.holds(ip_address(one)))]
        if (not addresses and sandbox) or vtep in ("", own):
            continue
        vteps.add(vtep)
        for address in addresses:
            entries.add((mac, vtep))
            neighbours.add((address, mac))
    if network.broadcast or network.docker_network is not False:
        entries |= {(ALL_MACS, vtep) for vtep in vteps}
    if entries:
        yield Entries(netns, vxlan, FDB, frozenset(entries))
    if neighbours:
        yield Entries(netns, vxlan, NEIGHBOURS, frozenset(neighbours))


def endpoint_objects(fleet: str, network: Network, leg: Leg, interface: str, publishes: bool) -> Iterator[Object]:
    """The veth pair between the network's namespace and the sandbox, its addresses, and the routes to the network's other subnets."""
    sandbox, endpoint = leg
    parts = segments(network)
    own = next((part for part in parts if part.holds(address_in(endpoint, 4)) or part.holds(address_in(endpoint, 6))), None)
    if own is None:
        return
    netns = network_id(fleet, network)
    # A port of another segment's bridge is another link, and so its role another one.
    yield from veth_pair(fleet, network, leg, interface, bridge=(netns, f"br{own.number}"), role=f"port{own.number}")
    # Where the sandbox was on another host before, the bridge may still have learned so.
    port = port_name(fleet, network.name, sandbox.name)
    yield Entries(netns, port, BRIDGE_FDB, frozenset([(effective_mac(endpoint) or "", "")]))
    for one in own.subnets:
        address = address_in(endpoint, one.subnet.version)
        if address is None:
            continue
        yield Address(sandbox.name, interface, f"{address}/{one.subnet.prefixlen}")
        for other in parts:
            for subnet in other.subnets if other is not own else ():
                if subnet.subnet.version == one.subnet.version:
                    yield Route(sandbox.name, str(subnet.subnet), str(one.gateway), interface)


def default_route(network: Network, sandbox: Sandbox, interface: str, family: int) -> Iterator[Object]:
    """None: a sandbox leaves by the way out beside the overlay."""
    yield from ()


def rules(fleet: str, network: Network, publishing: Sequence[Leg]) -> Iterator[tuple[Place, int, Rule]]:
    """What keeps it apart where Docker knows it: else it is in a namespace that leads to nothing else. And its datagrams must come in."""
    own = network.underlay_address
    for vtep in sorted({peer.underlay_address for peer in network.peers} - {"", str(own)}):
        accept = Rule("ACCEPT", source=vtep, destination=str(own), protocol="udp", port=network.vxlan_port)
        yield UNDERLAY.of(ip_address(vtep).version), 0, accept
    if network.docker_network is not False:
        yield from docker_rules(fleet, network)


def described(fleet: str, found: Found) -> Iterator[Network]:
    """The overlays that stand in a picture."""
    yield from overlays(found)


def docker_options(fleet: str, network: Network) -> dict[str, str]:
    """What ``docker network inspect`` shows under Options."""
    options = {"com.docker.network.driver.overlay.vxlanid_list": ",".join(map(str, network.vnis))}
    if network.docker_network is not False:
        options[BRIDGE_OPTION] = bridge_name(fleet, network.name)
    return options if network.mtu is None else {**options, "com.docker.network.driver.mtu": str(network.mtu)}
