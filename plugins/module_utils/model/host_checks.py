# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only the host knows: whether a declaration fits beside what is there already."""

from __future__ import annotations

from typing import Callable

from .declaration import Declaration, IPAddress, Network
from .one_parent import parent_fault
from .overlap import last_overlap, span_of
from .parent import PARENT_DRIVERS, vlan_of
from .parent_checks import way_of
from .port_checks import written
from .problem import Problem
from .report import Report
from .reserved import Reserved, TakenPort, read_reserved
from .resolve import gateway_endpoints, host_addresses
from .subnet import declared_at


def check_against_host(declaration: Declaration, reserved: object, host: str = "") -> list[Problem]:
    """Subnets that overlap a route, a resolver or the underlay address of the host, published ports that a process has, parents that are not there.

    reserved: a Reserved, or the dictionary ``reserved`` of ``topology_info``; it must not hold what this fleet itself put there.
    """
    report = Report(host)
    known = reserved if isinstance(reserved, Reserved) else read_reserved(reserved)
    check_subnets(report, declaration, known)
    check_ports(report, declaration, known)
    check_parents(report, declaration, known)
    return report.problems


def check_subnets(report: Report, declaration: Declaration, reserved: Reserved) -> None:
    """No subnet takes addresses away from the host."""
    spans = reserved.spans()
    for name, network in declaration.networks.items():
        if network.driver in PARENT_DRIVERS:
            continue  # its subnet is that of the wire, where the host may have an address too
        for subnet in network.subnets:
            wanted = span_of(subnet.subnet, name)
            held = last_overlap(spans, wanted.first, wanted.last)
            if held is not None:
                report.add(declared_at(name, subnet), str(subnet.subnet), f"the subnet overlaps {held.holder} of the host: choose another subnet")


def check_ports(report: Report, declaration: Declaration, reserved: Reserved) -> None:
    """No published port is one that a process listens on, on that address or on all."""
    taken: dict[tuple[str, int], list[TakenPort]] = {}
    for port in reserved.ports:
        taken.setdefault((port.protocol, port.port), []).append(port)
    for name, sandbox in declaration.sandboxes.items():
        gateways = gateway_endpoints(declaration, sandbox) if sandbox.ports else {}
        for published in sandbox.ports:
            for address in host_addresses(declaration, gateways, published).values():
                other = next((one for one in taken.get((published.protocol, published.published), ()) if one.has(address)), None)
                if other is not None:
                    process = other.process or "a process of the host"
                    message = f"{process} listens on {other.protocol} port {other.port} of {other.host_ip}: publish another port, or stop it"
                    report.add(f"cnm_sandboxes.{name}.ports", f"{written(address)}:{published.published}/{published.protocol}", message)
                    break


def check_addresses(declaration: Declaration, has: Callable[[str], bool]) -> list[Problem]:
    """Whether each address of the host that is named, for published ports or for what sandboxes send outside, is one of its own, or one that it is given.

    has: whether the host has this address.
    """
    report = Report()
    networks = sorted(declaration.networks.items())
    given = {subnet.gateway for _name, network in networks for subnet in network.subnets}
    given.update(shim for _name, network in networks if isinstance(network.host_shim, tuple) for shim in network.host_shim)
    named: list[tuple[str, IPAddress | None]] = []
    for name, network in networks:
        named += [(f"cnm_networks.{name}.{key}", getattr(network, key)) for key in ("host_binding_ipv4", "host_ipv4", "host_ipv6")]
    told = {address for _path, address in named}
    for name, sandbox in sorted(declaration.sandboxes.items()):
        named += [(f"cnm_sandboxes.{name}.ports", port.host_ip) for port in sandbox.ports if port.host_ip not in told]
    asked = {address for _path, address in named if address is not None and not address.is_unspecified} - given
    missing = {address for address in asked if not has(str(address))}
    for path, address in dict.fromkeys(named):
        if address in missing:
            report.add(path, str(address), "the host has no such address: give one of its own, or none")
    return report.problems


def check_parents(report: Report, declaration: Declaration, reserved: Reserved) -> None:
    """What a network rests on is there, carries its packets, and is free for it."""
    links = {link.name: link for link in reserved.links}
    mtus = {name: {f"cnm_networks.{name}.mtu": network.mtu} for name, network in declaration.networks.items()}
    for sandbox in declaration.sandboxes.values():
        for one in sandbox.endpoints:
            mtus.get(one.network, {})[f"cnm_sandboxes.{sandbox.name}.networks.{one.network}.mtu"] = one.tuning.mtu
    for name, network in declaration.networks.items():
        if network.driver not in PARENT_DRIVERS or network.parent is None or not links:
            continue
        vlan, path = vlan_of(network.parent), f"cnm_networks.{name}.parent"
        link = links.get(network.parent) or (links.get(vlan[0]) if vlan else None)
        if link is None:
            names = sorted(links.keys() - {"lo"})
            there = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "") or "none but lo"
            report.add(path, network.parent, f"the host has no interface '{vlan[0] if vlan else network.parent}': choose one that it has ({there})")
            continue
        if not link.up:
            report.add(path, network.parent, f"the interface {link.name} of the host is down: bring it up, by the host's own network configuration")
        if link.master:
            report.add(path, network.parent, f"the interface {link.name} is a port of {link.master}, which takes all that arrives: choose {link.master}")
        for other in (one for one in links.values() if one.parent == network.parent and one.kind in PARENT_DRIVERS):
            theirs = f"the {other.kind} {other.name}, which somebody else made, rests on {network.parent}"
            fault = parent_fault(theirs, way_of(Network("", other.kind, mode=other.mode or None, flag=other.flag or None)), way_of(network))
            if fault is not None:
                report.add(path, network.parent, f"{fault}: remove {other.name}, or choose another parent, or another VLAN of it ({network.parent}.40)")
                break
        for given, mtu in mtus[name].items():
            if mtu is not None and mtu > link.mtu:
                message = f"the parent {link.name} carries at most {link.mtu} bytes on this host: give at most that, leave it out, or raise that of the parent"
                report.add(given, mtu, message)
