# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who should reach whom: worked out from what is declared alone, and so independent of the rules that carry it out.

The rules are Docker's for driver bridge and IPv4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..model.declaration import IPAddress, Network, Port
from ..model.resolve import address_in, gateway_mode, has_address
from .full_size import full_size
from .on_wire import expected_on_wire, is_on_wire, may_leave_by_wire
from .row import BLOCKED, REACHED, Row
from .site import Door, Site

Pair = tuple[Site, str, Door]
_HOST_KINDS = {"endpoint": "host", "published": "published", "underlay": "underlay"}


def expected(source: Site, name: str, door: Door, proto: str = "tcp") -> tuple[str, str] | None:
    """What should come of asking at a door, and which promise that is. None: nothing is declared about it, or there is no control.

    source, name: who asks; an empty name is the host itself. Sandboxes ask only at doors of their own host, in networks of the fleet, and at the way out.
    """
    if door.kind == "shut":
        return BLOCKED, "published"
    if door.kind == "endpoint" and is_on_wire(door.declared):
        return expected_on_wire(source, name, door)
    if door.kind == "endpoint":
        return _at_overlay(source, name, door) if door.witness else _at_bridge(source, name, door, proto)
    if not name:
        if source.host != door.host and door.port and not _lets_in(door.port, source.underlay):
            return BLOCKED, "allow_from"
        return REACHED, "loopback" if door.address.is_loopback else _HOST_KINDS[door.kind]
    if may_leave_by_wire(source, name):
        return None
    gateway = source.gateways[name].get(door.address.version)
    if gateway is None:
        return BLOCKED, "egress" if door.kind == "underlay" else "published"
    if door.kind == "underlay":
        # Where addresses are not hidden the answer knows no way back, and whether somebody has set a route is not declared.
        return (REACHED, "egress") if _hides(gateway, door.address.version) else None
    if gateway.name == door.network and not gateway.icc:
        return BLOCKED, "hairpin"
    if door.port and door.port.allow_from is not None and not _lets_in(door.port, _address_on(source, name, gateway, door.address.version)):
        return BLOCKED, "allow_from"
    return REACHED, "published"


def _at_overlay(source: Site, name: str, door: Door) -> tuple[str, str] | None:
    if not name:
        return None
    return (REACHED, "network") if door.network in source.networks[name] else (BLOCKED, "isolation")


def _at_bridge(source: Site, name: str, door: Door, proto: str) -> tuple[str, str] | None:
    """A sandbox at its own address. The host is the control of what must be blocked, so that without it that is not asked."""
    network, family = source.declared[door.network], door.address.version
    host = has_address(network, family)
    if not name:
        return (REACHED, "host") if host else None
    if door.network in source.networks[name]:
        return (REACHED, "network") if network.icc else (BLOCKED, "icc") if host else None
    mode = gateway_mode(network, family)
    if mode in ("nat-unprotected", "routed") and may_leave_by_wire(source, name):
        return None
    gateway = source.gateways[name].get(family)
    is_declared = gateway is not None and gateway.name in network.reachable_from
    if is_declared and may_leave_by_wire(source, name):
        return None
    if gateway is not None and not network.internal and (is_declared or mode == "nat-unprotected" or (mode == "routed" and proto == "icmp")):
        finds_back = _hides(gateway, family) or source.gateways[door.sandbox].get(family) == network
        return (REACHED, "reachable_from" if is_declared else "open") if finds_back else None
    return (BLOCKED, "isolation") if host else None


def _hides(network: Network, family: int) -> bool:
    """Whether who leaves a network has an address of the host."""
    return network.masquerade and gateway_mode(network, family) != "routed"


def _lets_in(port: Port, address: IPAddress | None) -> bool:
    """Whether a published port is open to who asks from an address."""
    return port.allow_from is None or any(address is not None and address in one for one in port.allow_from)


def _address_on(source: Site, name: str, network: Network, family: int) -> IPAddress | None:
    """A sandbox's address in a network."""
    return next((address_in(endpoint, family) for endpoint in source.sandboxes[name].endpoints if endpoint.network == network.name), None)


def rows(source: Site, name: str, door: Door) -> Iterator[tuple[Row, tuple[Row, ...]]]:
    """The rows of one pair, one for each protocol, each with its controls; and over hosts one more, of a packet as large as the network carries."""
    # The kernel of a host that uses no sctp has none, so it cannot be asked.
    for proto in [one for one in ((door.port.protocol,) if door.port else ("icmp", "tcp", "udp")) if one != "sctp"]:
        verdict = expected(source, name, door, proto)
        if verdict is not None:
            expect, kind = verdict
            row = _row(source.host, name, door, proto, expect, kind, source)
            yield row, tuple(_controls(source, door, proto, expect, kind))
            size = full_size(source, name, door) if (proto, kind) == ("icmp", "network") else 0
            if size:
                yield replace(row, size=size), (row,)


def _controls(source: Site, door: Door, proto: str, expect: str, kind: str) -> Iterator[Row]:
    """The rows that must be reached, or this one says nothing: the same listener asked from where it may be.

    Where the source is another host, also the way there. That listener is held by the same process as all others of its host,
    so this shows too that they still stood when the source asked.
    """
    if expect == BLOCKED and door.home and door.way and source.host != door.host:
        yield _row(door.host, "", door.home, proto, REACHED, "loopback" if door.home.address.is_loopback else "published")
        yield _row(source.host, "", door.way, proto, REACHED, "underlay")
    elif door.witness and expect == BLOCKED:
        # Where nobody else may ask there: that it answers itself shows that it listens.
        yield _row(*door.witness, door, proto, REACHED, "itself" if door.witness == (door.host, door.sandbox) else "network")
    elif kind == "egress" or expect == BLOCKED:
        yield _row(source.host, "", door, proto, REACHED, (expected(source, "", door) or (REACHED, ""))[1])


def _row(host: str, name: str, door: Door, proto: str, expect: str, kind: str, source: Site | None = None) -> Row:
    abroad = source is not None and source.host != door.host and kind == "published" and expect == REACHED
    port = door.port.published if door.port else door.listener
    return Row(
        (host, name),
        (door.host, door.sandbox),
        door.to,
        proto,
        0 if proto == "icmp" else port,
        0 if proto == "icmp" else door.listener,
        expect,
        kind,
        door.network,
        str(source.underlay) if source and source.underlay and abroad else None,
    )
