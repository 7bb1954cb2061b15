# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who should reach whom: worked out from what is declared alone, and so independent of the rules that carry it out.

The rules are Docker's for driver bridge and IPv4.
"""

from __future__ import annotations

from collections.abc import Iterator

from .on_wire import expected_on_wire, is_on_wire, may_leave_by_wire
from .row import BLOCKED, REACHED, Row
from .site import Door, Site

Pair = tuple[Site, str, Door]
_HOST_KINDS = {"endpoint": "host", "published": "published", "underlay": "underlay"}


def expected(source: Site, name: str, door: Door) -> tuple[str, str] | None:
    """What should come of asking at a door, and which promise that is. None: nothing is declared about it.

    source, name: who asks; an empty name is the host itself. Sandboxes ask only at doors of their own host, on overlays, and at the way out.
    """
    if door.kind == "shut":
        return BLOCKED, "published"
    if door.kind == "endpoint" and is_on_wire(source.declared.get(door.network)):
        return expected_on_wire(source, name, door)
    if door.kind == "endpoint" and not _is_asked(source, name, door):
        return None
    if not name:
        return REACHED, "loopback" if door.address.is_loopback else _HOST_KINDS[door.kind]
    if door.kind == "endpoint":
        if door.network not in source.networks[name]:
            return BLOCKED, "isolation"
        return (REACHED, "network") if door.witness or source.declared[door.network].icc else (BLOCKED, "icc")
    if may_leave_by_wire(source, name):
        return None
    gateway = source.gateways[name]
    if gateway is None:
        return BLOCKED, "egress" if door.kind == "underlay" else "published"
    if door.kind == "underlay":
        # Without masquerading the answer knows no way back, and whether somebody has set a route is not declared.
        return (REACHED, "egress") if gateway.masquerade else None
    if gateway.name == door.network and not gateway.icc:
        return BLOCKED, "hairpin"
    return REACHED, "published"


def _is_asked(source: Site, name: str, door: Door) -> bool:
    """Whether it is known who reaches a sandbox at its own address: a host that has no address in its network is no control, and a gateway mode may
    let in more than those of the network.
    """
    if door.witness:
        return bool(name)
    network = source.declared[door.network]
    if name and door.network in source.networks[name] and network.icc:
        return True
    return not network.inhibit_ipv4 and network.gateway_mode == "nat"


def rows(source: Site, name: str, door: Door) -> Iterator[tuple[Row, tuple[Row, ...]]]:
    """The rows of one pair, one for each protocol, each with its controls."""
    verdict = expected(source, name, door)
    if verdict is None:
        return
    expect, kind = verdict
    # The kernel of a host that uses no sctp has none, so it cannot be asked.
    for proto in [one for one in ((door.port.protocol,) if door.port else ("icmp", "tcp", "udp")) if one != "sctp"]:
        yield _row(source.host, name, door, proto, expect, kind, source), tuple(_controls(source, door, proto, expect, kind))


def _controls(source: Site, door: Door, proto: str, expect: str, kind: str) -> Iterator[Row]:
    """The rows that must be reached, or this one says nothing: the same listener asked from where it may be.

    Where the source is another host, also the way there. That listener is held by the same process as all others of its host,
    so this shows too that they still stood when the source asked.
    """
    if door.home and door.way:
        yield _row(door.host, "", door.home, proto, REACHED, "loopback" if door.home.address.is_loopback else "published")
        yield _row(source.host, "", door.way, proto, REACHED, "underlay")
    elif kind == "private":
        # Nobody else may ask there: that it answers itself shows that it listens.
        yield _row(source.host, door.sandbox, door, proto, REACHED, "itself")
    elif door.witness and expect == BLOCKED:
        yield _row(*door.witness, door, proto, REACHED, "network")
    elif kind == "egress" or expect == BLOCKED:
        yield _row(source.host, "", door, proto, REACHED, (expected(source, "", door) or (REACHED, ""))[1])


def _row(host: str, name: str, door: Door, proto: str, expect: str, kind: str, source: Site | None = None) -> Row:
    abroad = source is not None and source.host != door.host and kind == "published" and expect == REACHED
    port = door.port.published if door.port else door.listener
    return Row(
        (host, name),
        (door.host, door.sandbox),
        str(door.address),
        proto,
        0 if proto == "icmp" else port,
        0 if proto == "icmp" else door.listener,
        expect,
        kind,
        door.network,
        str(source.underlay) if source and source.underlay and abroad else None,
    )
