# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses a subnet has for whom."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from .declaration import Subnet


def usable_range(subnet: IPv4Network) -> tuple[IPv4Address, IPv4Address]:
    """First and last address that a host can have: all but network and broadcast address.

    A /31 has two of them and no broadcast address (RFC 3021), a /32 has one.
    """
    if subnet.prefixlen >= 31:
        return subnet.network_address, subnet.broadcast_address
    return subnet.network_address + 1, subnet.broadcast_address - 1


def gateway_of(subnet: Subnet) -> IPv4Address:
    """The declared gateway, else the first usable address, as Docker chooses it. An internal network has one too: its bridge's address."""
    return subnet.gateway if subnet.gateway is not None else usable_range(subnet.subnet)[0]
