# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which port of the host each published port has that leaves the choice open: that of the ledger, or the lowest free one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..model.declaration import Declaration, Port, Sandbox
from ..model.options import port_words
from ..model.port_checks import written
from ..model.report import Report
from ..model.reserved import Reserved
from ..model.resolve import gateway_endpoints, host_addresses
from .missing import NOT_IN_LEDGER, Missing

Taken = set[tuple[str, int]]


def assign_ports(
    report: Report, declaration: Declaration, held: Mapping[str, Mapping[str, int]], reserved: Reserved, missing: Missing
) -> dict[str, dict[str, int]]:
    """The port of the host for each Port of one host that has none, by sandbox and ``name_of``. What cannot be told is left out, and why is reported.

    held: what the ledger gave, which stays whoever listens there meanwhile (that is a problem of its own). A port is given once, on whatever
    address: the same for IPv4 and IPv6, as in Docker.
    """
    open_ports = [(name, port) for name, sandbox in sorted(declaration.sandboxes.items()) for port in lacking_ports(declaration, sandbox)]
    taken: Taken = {(port.protocol, port.published) for sandbox in declaration.sandboxes.values() for port in sandbox.ports if port.published}
    found: dict[str, dict[str, int]] = {}
    for name, port in open_ports:
        number = held.get(name, {}).get(name_of(port))
        if number is not None and (port.choice is None or port.choice[0] <= number <= port.choice[1]):
            found.setdefault(name, {})[name_of(port)] = number
            taken.add((port.protocol, number))
    taken |= {(port.protocol, port.port) for port in reserved.ports}
    for name, port in open_ports:
        if name_of(port) in found.get(name, {}) or missing is Missing.LEFT:
            continue
        path = f"cnm_sandboxes.{name}.ports"
        number = free_port(port, taken, reserved) if missing is Missing.GIVEN else None
        if number is not None:
            found.setdefault(name, {})[name_of(port)] = number
            taken.add((port.protocol, number))
        elif missing is Missing.REFUSED:
            report.add(path, name_of(port), NOT_IN_LEDGER.format(what="a port of the host"))
        else:
            first, last = port.choice or reserved.port_range
            report.add(path, name_of(port), f"no {port.protocol} port of the host is free from {first} to {last}: name another range, or one port")
    return found


def with_ports(sandbox: Sandbox, given: Mapping[str, int]) -> Sandbox:
    """The sandbox with the ports that it got."""
    if not given:
        return sandbox
    ports = (replace(port, published=given[name_of(port)], choice=None) if not port.published and name_of(port) in given else port for port in sandbox.ports)
    return replace(sandbox, ports=tuple(sorted(ports, key=lambda port: port.order)))


def lacking_ports(declaration: Declaration, sandbox: Sandbox) -> list[Port]:
    """The ports of a sandbox that take one of the host and name none."""
    gateways = gateway_endpoints(declaration, sandbox) if any(not port.published for port in sandbox.ports) else {}
    return [port for port in sandbox.ports if not port.published and host_addresses(declaration, gateways, port)]


def name_of(port: Port) -> str:
    """How the ledger calls a port: as it is declared."""
    return ("" if port.host_ip is None else f"{written(port.host_ip)}:") + port_words(replace(port, published=0))


def free_port(port: Port, taken: Taken, reserved: Reserved) -> int | None:
    """The lowest free port: of those that were declared to choose from, else of those that the host gives away itself, without the ones that it keeps
    back (as Docker does since 29.6).
    """
    first, last = port.choice or reserved.port_range
    kept = () if port.choice else reserved.reserved_ports
    numbers = (number for number in range(max(first, 1), last + 1) if (port.protocol, number) not in taken)
    return next((number for number in numbers if not any(low <= number <= high for low, high in kept)), None)
