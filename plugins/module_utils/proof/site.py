# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the proof needs to know of each host, and every door by which its sandboxes can be asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Address
from typing import NamedTuple

from ..model.declaration import Declaration, IPAddress, Network, Port, Sandbox
from ..model.parent import is_routed
from ..model.resolve import EVERY_ADDRESS, address_in, gateway_endpoints, gateway_mode, namespace_owners
from ..model.subnet import subnet_in
from .full_size import carried_bytes
from .on_wire import among_members, is_on_wire, subnet_on_wire
from .row import REACHED

# The host, where the network is its own; the network; and the subnet, where that decides.
Group = tuple[str, str, str]
PROBE_PORT = 47863
LOOPBACK = IPv4Address("127.0.0.1")


@dataclass(frozen=True)
class Door:
    """One address by which ``sandbox`` of ``host`` (empty: that host itself) can be asked.

    kind: ``endpoint`` (its own address), ``published`` (a port of the host), ``underlay`` (a host's own address) or ``shut`` (a
    published port of the host, but at its underlay address, where it is not published). listener: the port that answers.
    home, way: of a door to the underlay address, the one at which the host itself gets in, and the underlay door of its host. declared: of an
    endpoint, its network as its host declares it. witness: of an endpoint that its host cannot ask, as it is on an overlay or a wire: a sandbox that may
    ask there, perhaps itself. mtu: of an endpoint in a network of the fleet, in bytes, where it is known and full-size packets may be sent there; else 0.
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
    declared: Network | None = field(default=None, compare=False)
    witness: tuple[str, str] | None = None
    mtu: int = field(default=0, compare=False)

    @cached_property
    def to(self) -> str:
        """Its address as text, which many rows have."""
        return str(self.address)

    @property
    def is_wide(self) -> bool:
        """Whether sandboxes of all hosts are asked about it."""
        return self.declared is not None and self.declared.scope == "fleet"

    @property
    def group(self) -> Group:
        """Which others are asked as it is."""
        return ("", self.network, "") if self.declared is None else group_of(self.host, self.declared, self.address)


class Member(NamedTuple):
    """Who is in a network, and the network as its host declares it."""

    host: str
    sandbox: str
    network: Network


@dataclass(frozen=True)
class Site:
    """One host as the proof sees it.

    sandboxes: those with a namespace of their own. networks: of each, those it is on. wired: those that are on a wire which leads somewhere.
    gateways: of each, the network of its default route in each family. aliases: the others, each with the sandbox whose namespace it is in (empty:
    the host's). underlay_door: how this host is asked by others. members: who is in each group of an overlay or a wire, on all hosts, by host. egress:
    the host that is asked to see whether this one's sandboxes get out.
    """

    host: str
    underlay: IPv4Address | None
    declared: Mapping[str, Network]
    sandboxes: Mapping[str, Sandbox]
    networks: Mapping[str, frozenset[str]]
    wired: frozenset[str]
    gateways: Mapping[str, Mapping[int, Network]]
    aliases: Mapping[str, str]
    underlay_door: Door | None
    egress: Door | None
    members: Mapping[Group, dict[str, tuple[Member, ...]]]


def group_of(host: str, network: Network, address: IPAddress | None) -> Group:
    """Who is asked alike at addresses in a network: all where it is routed, those of one subnet on a wire; of another host only where it is the fleet's."""
    subnet = subnet_on_wire(network, address) if is_on_wire(network) and not is_routed(network) else None
    return "" if network.scope == "fleet" else host, network.name, "" if subnet is None else str(subnet)


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
        wires = {name for name, one in declared.networks.items() if is_on_wire(one) and one.parent is not None}
        networks = {name: frozenset(end.network for end in box.endpoints) for name, box in own.items()}
        egress = after.get(host)
        sites.append(
            Site(
                host,
                underlay.get(host),
                declared.networks,
                own,
                networks,
                frozenset(name for name, its in networks.items() if not wires.isdisjoint(its)),
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
            network = site.declared[end.network]
            for address in (end.ipv4_address, end.ipv6_address if network.driver != "overlay" else None):
                if address is not None:
                    witness = _witness(site, name, group_of(site.host, network, address))
                    mtu = carried_bytes(network, end) if network.scope == "fleet" else 0
                    yield Door("endpoint", site.host, name, address, port, end.network, declared=network, witness=witness, mtu=mtu)


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


def _members(declarations: Mapping[str, Declaration]) -> dict[Group, dict[str, tuple[Member, ...]]]:
    """Who is in each group of an overlay or a wire and can be asked, by host, all sorted."""
    found: dict[Group, dict[str, tuple[Member, ...]]] = {}
    for host, declared in sorted(declarations.items()):
        for name, box in sorted(declared.sandboxes.items()):
            for end in box.endpoints if box.mode == "networks" else ():
                network = declared.networks[end.network]
                for family in (4, 6) if is_on_wire(network) else (4,) if network.driver == "overlay" else ():
                    if address_in(end, family) is not None:
                        on_host = found.setdefault(group_of(host, network, address_in(end, family)), {})
                        on_host[host] = (*on_host.get(host, ()), Member(host, name, network))
    return found


def _witness(site: Site, sandbox: str, group: Group) -> tuple[str, str] | None:
    """Who may ask an endpoint of an overlay or a wire: another member; where there is none, the sandbox itself. None: it is on neither."""
    if group not in site.members:
        return None
    by_host, own = site.members[group], (site.host, sandbox)
    asked = site.declared[group[1]]
    # Of another host any will do, so that not all are looked through.
    others = (*by_host[next(iter(by_host))][:2], by_host[next(reversed(by_host))][0], *by_host[site.host])
    return next((one[:2] for one in others if one[:2] != own and _may_ask(one, asked, one.host == site.host)), own)


def _may_ask(member: Member, asked: Network, is_here: bool) -> bool:
    return not is_on_wire(asked) or among_members(member.network, asked, is_here, True) == (REACHED, "network")


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
