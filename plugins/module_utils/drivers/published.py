# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ports of the host lead into a sandbox, told from the rules that stand."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from ..model.declaration import IPAddress, IPNetwork, Port
from ..model.resolve import EVERY_ADDRESS, EVERY_IPV6_ADDRESS
from ..state.rule import Rule
from .found import Found
from .place import GUARD, LOCAL, PORTS

Sources = tuple[IPNetwork, ...]


@dataclass(frozen=True)
class WaysIn:
    """By the address of a sandbox: mapped: the ports of the host that lead to it. opened: its own ports that a routed network lets in."""

    mapped: dict[IPAddress, list[Port]]
    opened: dict[IPAddress, dict[tuple[int, str], Sources | None]]


def ways_in(fleet: str, found: Found) -> WaysIn:
    """All ways in that stand. Somebody may have changed the chains: what is not of our form publishes nothing that could be declared."""
    ways = WaysIn({}, {})
    for version, every in ((4, EVERY_ADDRESS), (6, EVERY_IPV6_ADDRESS)):
        allowed = _open_to(found.chain(fleet, LOCAL.of(version)), version)
        for rule in found.chain(fleet, PORTS.of(version)):
            if rule.to is None or rule.protocol is None or not isinstance(rule.port, int):
                continue
            with contextlib.suppress(ValueError):
                host, _colon, target = rule.to.rpartition(":")
                host_ip = ip_address(rule.destination) if rule.destination else every
                port = Port(rule.port, int(target), rule.protocol, host_ip, None, allowed.get((rule.destination, rule.protocol, rule.port)))
                ways.mapped.setdefault(ip_address(host.strip("[]")), []).append(port)
        guard = (rule for rule in found.chain(fleet, GUARD.of(version)) if rule.in_interface in (None, f"!{rule.out_interface}"))
        for (destination, protocol, number), sources in _open_to(guard, version).items():
            with contextlib.suppress(ValueError):
                ways.opened.setdefault(ip_address(str(destination)), {})[(int(str(number)), str(protocol))] = sources
    return ways


def published_ports(ways: WaysIn, addresses: Iterable[IPAddress]) -> tuple[Port, ...]:
    """The ports that lead to ``addresses``, which are those of one sandbox.

    One that is published in every family that the sandbox has, and at every address, names none. A routed network has no port of the
    host, so none is told.
    """
    known = list(addresses)
    families: set[int] = {address.version for address in known}
    mapped: dict[tuple[int, int, str], dict[IPAddress, Sources | None]] = {}
    routed: dict[tuple[int, str], dict[int, Sources | None]] = {}
    for address in known:
        for port in ways.mapped.get(address, ()):
            mapped.setdefault((port.published, port.target, port.protocol), {})[port.host_ip or EVERY_ADDRESS] = port.allow_from
        for way, sources in ways.opened.get(address, {}).items():
            routed.setdefault(way, {})[address.version] = sources
    ports = []
    for (published, target, protocol), where in mapped.items():
        opened = routed.pop((target, protocol), {})
        everywhere = {host_ip.version for host_ip in where if host_ip.is_unspecified} | opened.keys()
        allowed = _together([*where.values(), *opened.values()])
        bound = [host_ip for host_ip in where if not host_ip.is_unspecified or everywhere != families]
        ports += [Port(published, target, protocol, host_ip, None, allowed) for host_ip in bound]
        ports += [Port(published, target, protocol, None, None, allowed)] if everywhere == families else []
    for (target, protocol), by_family in routed.items():
        ports.append(Port(0, target, protocol, _only(set(by_family), families), None, _together(by_family.values())))
    return tuple(sorted(ports, key=lambda port: port.order))


def _together(sources: Iterable[Sources | None]) -> Sources | None:
    """All prefixes that a port is open to in any family; None where it is open to everybody."""
    given = [one for one in sources if one is not None]
    return tuple(sorted({one for each in given for one in each}, key=lambda one: (one.version, one))) if given else None


def _only(versions: set[int], families: set[int]) -> IPAddress | None:
    """The address that stands for every one of the one family in ``versions``; None where that is all there is."""
    if versions == families:
        return None
    return EVERY_ADDRESS if 4 in versions else EVERY_IPV6_ADDRESS


def _open_to(rules: Iterable[Rule], version: int) -> dict[tuple[object, ...], Sources | None]:
    """Whom ports are open to, by destination, protocol and number; None, and what is not there: everybody."""
    every = "0.0.0.0/0" if version == 4 else "::/0"
    found: dict[tuple[object, ...], Sources] = {}
    closed = set()
    for rule in rules:
        key = (rule.destination, rule.protocol, rule.port)
        if rule.port is not None and rule.target == "DROP":
            closed.add(key)
            found.setdefault(key, ())
        elif rule.port is not None and rule.target == "RETURN":
            with contextlib.suppress(ValueError):
                found[key] = (*found.get(key, ()), ip_network(rule.source or every))
    return {key: sources if key in closed else None for key, sources in found.items()}
