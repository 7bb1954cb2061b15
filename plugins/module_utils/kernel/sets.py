# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of addresses that a rule may name: those of ipset, and those of an nftables table. Of which families is each?"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterable

from ..firewall import run as firewall
from ..state.rule import NFT_FAMILIES
from .netlink import NETLINK_NETFILTER, Refused, RouteSocket, attributes
from .nftables import read_tables

# linux/netfilter/ipset/ip_set.h: the question for one set, without what is in it.
_HEADER_COMMAND = (6 << 8) | 12
_PROTOCOL, _SET_NAME, _FAMILY = 1, 2, 5
_PROTOCOL_NUMBER = 6  # every kernel from 2.6.39 on knows it
_ATTRIBUTE = struct.Struct("=HH")
_EVERY = ("ipv4", "ipv6")
_FAMILIES = {socket.AF_INET: _EVERY[:1], socket.AF_INET6: _EVERY[1:]}
_TYPES = {"ipv4": "ipv4_addr", "ipv6": "ipv6_addr"}


def read_ipsets(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The families of those of these ipsets that there are. One of no family (a list of sets, for instance) holds for both. No tool is needed."""
    found = {}
    with RouteSocket(NETLINK_NETFILTER) as netlink:
        for name in names:
            question = [_attribute(_PROTOCOL, bytes([_PROTOCOL_NUMBER])), _attribute(_SET_NAME, name.encode() + b"\0")]
            try:
                answer = netlink.ask(_HEADER_COMMAND, b"\0" * 4 + b"".join(question))
            except Refused:
                continue
            found[name] = _FAMILIES.get(attributes(answer, 4).get(_FAMILY, b"\0")[0], _EVERY)
    return found


def read_nft_sets(table: str) -> dict[str, tuple[str, ...]]:
    """The sets of addresses in the tables of this name, each with the families in whose table it is."""
    found: dict[str, tuple[str, ...]] = {}
    tables = read_tables()
    for family, name in NFT_FAMILIES.items():
        for one in json.loads(firewall.list_table(name, table))["nftables"] if (name, table) in tables else ():
            if "set" in one and one["set"]["type"] == _TYPES[family]:
                found[one["set"]["name"]] = (*found.get(one["set"]["name"], ()), family)
    return found


def _attribute(number: int, value: bytes) -> bytes:
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, number) + value + b"\0" * (-length % 4)
