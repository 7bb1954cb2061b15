# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firewall rules of a bridge network: who may pass its bridge, which ports lead in, and whose address is seen outside.

Isolation stands in the table mangle, which every forwarded packet passes before the table filter: whatever others accept
there, and wherever Docker puts its jumps when it restarts, our networks stay closed. What is let in is known by
conntrack's state DNAT, so a published port needs no rule but its DNAT. IPv4 and IPv6 have the same rules, each for the
gateway mode that the network has in it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

from ..model.declaration import Endpoint, IPAddress, IPNetwork, Network, Port, Sandbox
from ..model.resolve import address_in, families, gateway_mode
from ..state.rule import Rule
from . import reachable
from .found import Found
from .place import FORWARD, GUARD, LOCAL, PORTS, SOURCES, Place

Leg = tuple[Sandbox, Endpoint]
Placed = tuple[Place, int, Rule]
LOOPBACK = "127.0.0.0/8"
PING = {4: "icmp", 6: "ipv6-icmp"}


class Way(NamedTuple):
    """A port that leads into a sandbox, at one address of each. led_elsewhere: the sandbox's default route is somebody else's."""

    address: IPAddress
    port: Port
    led_elsewhere: bool


def rules(name: str, network: Network, publishing: Sequence[Leg]) -> Iterator[Placed]:
    """The rules of a network whose bridge is ``name``, and of the ports that lead into it: where, before which others (rank), and what.

    publishing: sandboxes with those of their ports that lead in through this network, each at one address of the host.
    """
    for family in families(network):
        ways = list(_ways_in(publishing, family))
        for place, rank, rule in _rules(name, network, family, ways):
            yield place.of(family), rank, rule


def _ways_in(publishing: Sequence[Leg], family: int) -> Iterator[Way]:
    for sandbox, endpoint in publishing:
        address = address_in(endpoint, family)
        for port in sandbox.ports:
            if address is not None and port.host_ip is not None and port.host_ip.version == family:
                yield Way(address, port, family in sandbox.led_elsewhere)


def _rules(name: str, network: Network, family: int, ways: list[Way]) -> Iterator[Placed]:
    mode = gateway_mode(network, family)
    closed = network.internal or mode == "isolated"
    yield FORWARD, 0, Rule("ACCEPT", in_interface=name)
    yield FORWARD, 0, Rule("ACCEPT", out_interface=name)
    yield GUARD, 1, Rule("RETURN", states=("ESTABLISHED", "RELATED"))
    yield GUARD, 1, Rule("RETURN", states=("DNAT",))
    if closed:
        yield GUARD, 0, Rule("DROP", in_interface=name, out_interface=f"!{name}")
        yield GUARD, 0, Rule("DROP", in_interface=f"!{name}", out_interface=name)
    if not network.icc:
        # Before the state DNAT: neighbours do not reach each other by published ports either.
        yield GUARD, 0, Rule("DROP", in_interface=name, out_interface=name)
    if closed:
        return
    yield from _direct_access(name, network, family, mode, ways)
    if mode == "routed":
        return
    subnets = [_source(one.subnet) for one in network.subnets if one.subnet.version == family]
    host_address = network.host_ipv4 if family == 4 else network.host_ipv6
    for subnet in subnets if network.masquerade else ():
        target, to = ("MASQUERADE", None) if host_address is None else ("SNAT", str(host_address))
        yield SOURCES, 0, Rule(target, source=subnet, out_interface=f"!{name}", to=to)
    if ways:
        yield from _published(name, family, subnets, ways)


def _direct_access(name: str, network: Network, family: int, mode: str, ways: list[Way]) -> Iterator[Placed]:
    """Who reaches a sandbox at its own address from beyond the bridge."""
    if mode == "nat-unprotected":
        yield GUARD, 2, Rule("RETURN", out_interface=name)  # changes nothing, but says so to who reads
        return
    if mode == "routed":
        yield GUARD, 2, Rule("RETURN", out_interface=name, protocol=PING[family])
    # In an order that does not come from the ports of the host, which are not seen in these rules.
    in_order = sorted(ways, key=lambda way: (int(way.address), way.port.protocol, way.port.target))
    for link in (None,) if mode == "routed" else network.trusted_host_interfaces:
        for address, port, _led_elsewhere in in_order:
            there = Rule("RETURN", link, name, destination=str(address), protocol=port.protocol, port=port.target)
            for source in _sources(port, family):
                yield GUARD, 2, replace(there, source=source)
            if mode == "routed" and port.allow_from is not None:
                yield GUARD, 3, replace(there, target="DROP", in_interface=f"!{name}")
    yield GUARD, 3, Rule("DROP", in_interface=f"!{name}", out_interface=name)


def _published(name: str, family: int, subnets: list[str], ways: list[Way]) -> Iterator[Placed]:
    if family == 4:
        # The bridge has route_localnet: what a sandbox sends to 127/8, or as if from there, must not reach the host's own services.
        yield LOCAL, 0, Rule("DROP", in_interface=name, destination=LOOPBACK)
        yield LOCAL, 0, Rule("DROP", in_interface=name, source=LOOPBACK)
        # Answers to the host's 127.0.0.1, and to a neighbour on the same bridge, must come back through the host.
        yield SOURCES, 1, Rule("MASQUERADE", source=LOOPBACK, out_interface=name)
    for subnet in subnets:
        yield SOURCES, 1, Rule("MASQUERADE", source=subnet, out_interface=name, states=("DNAT",))
    for address, port, led_elsewhere in ways:
        if led_elsewhere:
            # An answer to the caller's own address would leave by that route; one to the bridge's comes back here.
            yield SOURCES, 1, Rule("MASQUERADE", destination=str(address), out_interface=name, states=("DNAT",))
        everywhere = port.host_ip is None or port.host_ip.is_unspecified
        destination = None if everywhere else str(port.host_ip)
        host = f"{address}" if family == 4 else f"[{address}]"
        yield PORTS, int(everywhere), Rule("DNAT", destination=destination, protocol=port.protocol, port=port.published, to=f"{host}:{port.target}")
        yield from _allowed(port, family, destination)


def _allowed(port: Port, family: int, destination: str | None) -> Iterator[Placed]:
    """Who may begin to talk to a published port. What the host itself sends does not come by here."""
    if port.allow_from is None:
        return
    for source in _sources(port, family):
        yield LOCAL, 1, Rule("RETURN", source=source, destination=destination, local_destination=True, protocol=port.protocol, port=port.published)
    yield LOCAL, 2, Rule("DROP", destination=destination, local_destination=True, protocol=port.protocol, port=port.published, states=("NEW",))


def _sources(port: Port, family: int) -> list[str | None]:
    """The prefixes that a port is open to; None: every address."""
    if port.allow_from is None:
        return [None]
    return [_source(one) if one.prefixlen else None for one in port.allow_from if one.version == family]


def _source(subnet: IPNetwork) -> str:
    """A subnet as iptables-save writes it."""
    return str(subnet) if subnet.prefixlen < subnet.max_prefixlen else str(subnet.network_address)


def options_of(name: str, fleet: str, found: Found, names: Mapping[str, str]) -> dict[str, Any]:
    """The options of the network whose bridge is ``name`` that can be told from its rules alone. names: of all networks, by their bridges."""
    guards = {family: [rule for rule in found.chain(fleet, GUARD.of(family)) if name in _ends(rule)] for family in (4, 6)}
    every = [rule for guard in guards.values() for rule in guard]
    internal = Rule("DROP", in_interface=name, out_interface=f"!{name}") in every
    modes = {family: _mode_of(name, family, guard) for family, guard in guards.items()}
    hiding = [rule for family in (4, 6) for rule in found.chain(fleet, SOURCES.of(family)) if rule.out_interface == f"!{name}"]
    hosts = {("host_ipv6" if ":" in rule.to else "host_ipv4"): ip_address(rule.to) for rule in hiding if rule.to}
    return {
        **hosts,
        "internal": internal,
        "icc": Rule("DROP", in_interface=name, out_interface=name) not in every,
        "masquerade": internal or bool(hiding) or not any(guards[family] and mode != "routed" for family, mode in modes.items()),
        "gateway_mode": modes[4],
        "gateway_mode_ipv6": modes[6],
        "trusted_host_interfaces": tuple(
            dict.fromkeys(rule.in_interface for rule in every if rule.target == "RETURN" and rule.in_interface and rule.out_interface == name and rule.port)
        ),
        "reachable_from": reachable.read_back(name, every, names),
    }


def _ends(rule: Rule) -> tuple[str, ...]:
    return tuple(end.lstrip("!") for end in (rule.in_interface, rule.out_interface) if end)


def _mode_of(name: str, family: int, guard: list[Rule]) -> str:
    if Rule("RETURN", out_interface=name, protocol=PING[family]) in guard:
        return "routed"
    return "nat-unprotected" if Rule("RETURN", out_interface=name) in guard else "nat"


def families_of(name: str, fleet: str, found: Found) -> set[int]:
    """The families in which the bridge ``name`` has rules."""
    return {family for family in (4, 6) if any(name in _ends(rule) for rule in found.chain(fleet, FORWARD.of(family)))}


def hidden_subnets(name: str, fleet: str, found: Found) -> list[IPNetwork]:
    """The subnets whose addresses are hidden from beyond the bridge ``name``."""
    sources = (rule.source for family in (4, 6) for rule in found.chain(fleet, SOURCES.of(family)) if rule.out_interface == f"!{name}" and rule.source)
    subnets = []
    for source in sources:
        with contextlib.suppress(ValueError):
            subnets.append(ip_network(source))
    return subnets
