# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proof on one host alone: listeners, probes and verdict in one go."""

from __future__ import annotations

import contextlib
import fcntl
import secrets
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from typing import Any

from ..kernel.namespaces import inside
from ..state.fault import Fault
from .flight import Probe
from .listener import BOUND, COUNTING, Listener
from .process import arrivals, start, stop
from .row import BLOCKED, REACHED, Outcome, Row, listener_name, transport
from .sender import send
from .verdict import Verdict, judge

SLOT = "alone"
HOST = "host"
_SIOCGIFADDR, _SIOCGIFNETMASK = 0x8915, 0x891B


def namespace(name: str) -> str:
    """The name of a namespace out of what a task says: ``host`` is the host's own."""
    return "" if name == HOST else name


def prove(probes: Sequence[Mapping[str, Any]]) -> list[tuple[Verdict, Outcome]]:
    """A verdict and an outcome for each probe, in their order.

    probes: as the module probe takes them. Where a sandbox must not be reached, the host itself asks it too, as the control.
    """
    rows = with_controls([_row(number, probe) for number, probe in enumerate(probes)])
    run = secrets.token_hex(16)
    wanted = {_name(row): Listener(row.target[1], transport(row), row.listener, _name(row)) for row in rows if row.listener and _name(row)}
    states = start(wanted.values(), run, 60, 10, SLOT) if wanted else {}
    try:
        outcomes = send([Probe(row.id, row.source[1], row.address, row.proto, row.port, row.expect, _name(row), row.size) for row in rows], run)
        for arrival in arrivals(SLOT):
            outcomes[arrival["id"]] = replace(outcomes[arrival["id"]], reached=True, detail="counted where it arrived: a service has the port")
    finally:
        stop(SLOT)
    faults = {row.target: states[_name(row)] for row in rows if states.get(_name(row), BOUND) not in (BOUND, COUNTING)}
    verdicts = judge(rows, outcomes, faults)
    return [(verdict, outcomes[verdict.row.id]) for verdict in verdicts[: len(probes)]]


def with_controls(rows: Sequence[Row]) -> list[Row]:
    """The rows, and behind them those that serve as controls for what must be blocked.

    That is whatever else the task expects to be reached there; else, of a sandbox, the host's own question.
    """
    answering: dict[tuple[Any, ...], int] = {_asked(row): row.id for row in rows if row.expect == REACHED}
    done: list[Row] = []
    added: list[Row] = []
    for row in rows:
        if row.expect == BLOCKED and _asked(row) not in answering and row.source[1] and row.kind == "sandbox":
            control = replace(row, source=("", ""), expect=REACHED, size=0, id=len(rows) + len(added))
            added.append(control)
            answering[_asked(row)] = control.id
        known = answering.get(_asked(row)) if row.expect == BLOCKED else None
        done.append(replace(row, controls=() if known is None else (known,)))
    return done + added


def _asked(row: Row) -> tuple[Any, ...]:
    return row.target, row.address, row.proto, row.port, row.listener


def _name(row: Row) -> str:
    """The listener that must answer; none where an address is asked, which may be anybody's."""
    return listener_name(row) if row.kind == "sandbox" else ""


def _row(number: int, probe: Mapping[str, Any]) -> Row:
    source, target = namespace(probe["from"]), probe["to"]
    try:
        place, address, kind = ("", target), str(IPv4Address(target)), "address"
    except ValueError:
        place, kind = ("", namespace(target)), "sandbox"
        address = probe.get("address") or str(address_of(place[1], source))
    icmp = probe["proto"] == "icmp"
    if probe.get("size") and not icmp:
        raise Fault(f"a probe of {probe['proto']}", "send", "only those of icmp have a size", "Leave size out, or choose icmp.")
    port, listener = (0, 0) if icmp else (probe["port"], probe.get("target_port") or probe["port"])
    return Row(("", source), place, address, probe["proto"], port, listener, probe["expect"], kind, size=probe.get("size") or 0, id=number)


def address_of(target: str, source: str) -> IPv4Address:
    """The address at which one namespace asks another: on a network that both are on, else the first."""
    there = interfaces(target)
    here = [one.network for one in interfaces(source)]
    shared: IPv4Interface | None = next((one for one in there if one.network in here), there[0] if there else None)
    if shared is None:
        raise Fault(f"an address of {target or HOST}", "find", "its namespace has none but that of lo", "Give the option address of the probe.")
    return shared.ip


def interfaces(netns: str) -> list[IPv4Interface]:
    """The first IPv4 address of every interface of a namespace but lo."""
    found = []
    with inside(netns), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as at:
        for _number, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode())
            with contextlib.suppress(OSError):
                address, mask = (fcntl.ioctl(at, verb, request)[20:24] for verb in (_SIOCGIFADDR, _SIOCGIFNETMASK))
                found.append(IPv4Interface((address, str(IPv4Address(mask)))))
    return [one for one in found if not one.is_loopback]
