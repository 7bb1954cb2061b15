# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is where on the lab's underlay: all that follows from a host's name and address."""

from __future__ import annotations

import hashlib
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network

# RFC 2544 sets 198.18.0.0/15 aside for benchmarks: no real network routes it.
UNDERLAY = IPv4Network("198.18.0.0/16")
UNDERLAY_IPV6 = IPv6Network("fd00:198:18::/64")


def is_underlay_address(text: str) -> bool:
    """Whether the text is an address that a lab host may have: inside the underlay, neither its first nor its last one."""
    try:
        address = IPv4Address(text)
    except AddressValueError:
        return False
    return address in UNDERLAY and address not in (UNDERLAY.network_address, UNDERLAY.broadcast_address)


def address_of(name: str, ansible_host: str = "") -> IPv4Address:
    """The underlay address of a host: its ``ansible_host`` where that lies in the underlay, else one derived from its name."""
    if is_underlay_address(ansible_host):
        return IPv4Address(ansible_host)
    digest = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big")
    return UNDERLAY[1 + digest % (UNDERLAY.num_addresses - 2)]


def ipv6_of(address: IPv4Address) -> IPv6Address:
    """The IPv6 underlay address of the host: the same last sixteen bits."""
    return UNDERLAY_IPV6[_host_bits(address)]


def mac_of(address: IPv4Address) -> str:
    """The MAC address of the host's eth0: the same after each reboot, so that its peers' neighbour entries stay true."""
    return "02:00:" + address.packed.hex(":")


def port_of(address: IPv4Address) -> str:
    """The name of the host's port in the switch. A host's name may be longer than the 15 bytes of an interface name."""
    return "p{}.{}".format(*address.packed[2:])


def _host_bits(address: IPv4Address) -> int:
    return int(address) - int(UNDERLAY.network_address)
