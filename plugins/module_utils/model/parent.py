# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What networks of drivers macvlan and ipvlan rest on: a link of the host, a VLAN of one, or nothing."""

from __future__ import annotations

import re

from .declaration import IPAddress, Network
from .names import read_interface_name
from .report import Unreadable
from .values import read_address, read_boolean, read_each

PARENT_DRIVERS = ("macvlan", "ipvlan")
VLAN = re.compile(r"(.+)\.([0-9]{1,4})")
DEFAULT_MODES = {"macvlan": "bridge", "ipvlan": "l2"}
L3_MODES = ("l3", "l3s")


def read_parent(value: object) -> str:
    """The name of a link of the host that leads somewhere."""
    if value == "lo":
        raise Unreadable("lo leads to nobody: name a link that leads to others, or leave the parent out, and the network is internal")
    return read_interface_name(value)


_SHIM = "true, false, an address, or a list of an IPv4 and an IPv6 address is expected"


def read_host_shim(value: object) -> bool | tuple[IPAddress, ...]:
    """Whether the host has an address in the network, or which: one, or a list of one of each family."""
    if isinstance(value, bool) or (isinstance(value, str) and value.lower() in ("true", "false")):
        return read_boolean(value)
    if not isinstance(value, (str, list, tuple)):
        raise Unreadable(_SHIM)
    found = sorted([read_address(value)] if isinstance(value, str) else read_each(value, read_address), key=lambda one: one.version)
    if not found or len({one.version for one in found}) < len(found):
        raise Unreadable(_SHIM)
    return tuple(found)


def vlan_of(parent: str) -> tuple[str, int] | None:
    """The link and the 802.1q number in a name such as ``eth0.40``; None where it is no such name."""
    match = VLAN.fullmatch(parent)
    return (match[1], int(match[2])) if match and 1 <= int(match[2]) <= 4094 else None


def effective_mode(network: Network) -> str:
    """The given mode, else Docker's default."""
    return network.mode or DEFAULT_MODES[network.driver]


def effective_flag(network: Network) -> str:
    """Of ipvlan: the given flag, else Docker's default."""
    return network.flag or "bridge"


def has_own_macs(network: Network) -> bool:
    """Whether each endpoint has a MAC of its own: an ipvlan and a macvlan in mode passthru have that of the parent."""
    return network.driver != "ipvlan" and network.mode != "passthru"


def led_around(driver: str) -> str:
    """Which rate is kept by leading around what arrives on a link, ``ingress`` or ``egress``; the other one is kept where that link sends.

    Rates are kept as far from the sandbox as its endpoint reaches: at the other end of its veth, where what comes out of it arrives. What rests on a parent
    has no other end: at the sandbox's own link, where what goes into it arrives. driver: also the kind of the sandbox's link.
    """
    return "ingress" if driver in PARENT_DRIVERS else "egress"


def is_routed(network: Network) -> bool:
    """Whether the network forwards by address alone, so that its sandboxes need no gateway."""
    return network.driver == "ipvlan" and effective_mode(network) in L3_MODES
