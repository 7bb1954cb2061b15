# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who should reach whom: worked out from what is declared alone, and so independent of the rules that carry it out.

The rules are Docker's for driver bridge and IPv4.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from ..model.declaration import Network
from .on_wire import expected_on_wire, is_on_wire, may_leave_by_wire
from .row import BLOCKED, REACHED, Row
from .site import Door, Site

Pair = tuple[Site, str, Door]
_HOST_KINDS = {"endpoint": "host", "published": "published", "underlay": "underlay"}


def expected(source: Site, name: str, door: Door, proto: str = "tcp") -> tuple[str, str] | None:
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
        return _of_host(source, door)
    if door.kind == "endpoint":
        if door.network not in source.networks[name]:
            return (BLOCKED, "isolation") if door.witness else _from_outside(source, name, door, proto)
        return (REACHED, "network") if door.witness or source.declared[door.network].icc else (BLOCKED, "icc")
    if may_leave_by_wire(source, name):
        return None
    gateway = source.gateways[name]
    if gateway is None:
        return BLOCKED, "egress" if door.kind == "underlay" else "published"
    if door.kind == "underlay":
        # Where addresses are not hidden the answer knows no way back, and whether somebody has set a route is not declared.
        return (REACHED, "egress") if _hides(gateway) else None
    if gateway.name == door.network and not gateway.icc:
        return BLOCKED, "hairpin"
    own = next((end.ipv4_address for end in source.sandboxes[name].endpoints if end.network == gateway.name), None)
    return (REACHED, "published") if _may_ask(own, door) else (BLOCKED, "allow_from")


def _of_host(source: Site, door: Door) -> tuple[str, str]:
    """What comes of it when a host asks: its own, or the published port of another."""
    if source.host != door.host and not _may_ask(source.underlay, door):
        return BLOCKED, "allow_from"
    return REACHED, "loopback" if door.address.is_loopback else _HOST_KINDS[door.kind]


def _may_ask(address: IPv4Address | None, door: Door) -> bool:
    """Whether a published port is open to this address."""
    allowed = door.port.allow_from if door.port else None
    return allowed is None or any(address is not None and address.version == one.version and address in one for one in allowed)


def _from_outside(source: Site, name: str, door: Door, proto: str) -> tuple[str, str] | None:
    """What comes of asking a sandbox on another bridge of the host: that depends on the gateway mode there, and on whether the answer finds back."""
    network, gateway = source.declared[door.network], source.gateways[name]
    if network.internal or gateway is None or not (network.gateway_mode == "nat-unprotected" or (network.gateway_mode == "routed" and proto == "icmp")):
        return BLOCKED, "isolation"
    finds_back = _hides(gateway) or source.gateways[door.sandbox] == network
    return (REACHED, "open") if finds_back else None


def _hides(network: Network) -> bool:
    """Whether who leaves a network has an address of the host."""
    return network.masquerade and network.gateway_mode != "routed"


def _is_asked(source: Site, name: str, door: Door) -> bool:
    """Whether it is known who reaches a sandbox at its own address: a host that has no address in its network is no control."""
    if door.witness:
        return bool(name)
    network = source.declared[door.network]
    if name and door.network in source.networks[name] and network.icc:
        return True
    return not network.inhibit_ipv4 and network.gateway_mode != "isolated"


def rows(source: Site, name: str, door: Door) -> Iterator[tuple[Row, tuple[Row, ...]]]:
    """The rows of one pair, one for each protocol, each with its controls."""
    # The kernel of a host that uses no sctp has none, so it cannot be asked.
    for proto in [one for one in ((door.port.protocol,) if door.port else ("icmp", "tcp", "udp")) if one != "sctp"]:
        verdict = expected(source, name, door, proto)
        if verdict is not None:
            yield _row(source.host, name, door, proto, *verdict, source), tuple(_controls(source, door, proto, *verdict))


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
