# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that set and remove neighbours and forwarding entries, by the ten thousand. The numbers are those of linux/neighbour.h and rtnetlink.h."""

from __future__ import annotations

import socket
import struct

from ..state.entry import BRIDGE_FDB, FDB, NEIGHBOURS, Pair, leads_to_many
from ..state.op import Change
from .encode import Message
from .entries import HEAD, NDA_DST, NDA_LLADDR, NDA_PROTOCOL, NUD_NOARP, NUD_PERMANENT, OUR_NUMBER

_RTM_NEWNEIGH, _RTM_DELNEIGH = 28, 29
_REPLACE, _CREATE, _APPEND = 0x100, 0x400, 0x800
_NTF_SELF, _NTF_MASTER = 2, 4
_MAC, _TO_IPV4, _TO_IPV6 = struct.pack("=HH", 10, NDA_LLADDR), struct.pack("=HH", 8, NDA_DST), struct.pack("=HH", 20, NDA_DST)
_OUR_PROTOCOL = struct.pack("=HH1sxxx", 5, NDA_PROTOCOL, OUR_NUMBER)


def entry_messages(table: str, index: int, steps: list[Change]) -> list[Message]:
    """A message for each change of a table of the link with this index. What is set takes the place of what stands there.

    In the table of a vxlan, a MAC that may lead to many places is added to where it leads already.
    """
    pairs = [after or before or ("", "") for before, after in steps]
    bodies = _neighbours(index, pairs) if table == NEIGHBOURS else _forwarding(index, table == BRIDGE_FDB, pairs)
    added = _CREATE | _APPEND, _CREATE | _REPLACE
    return [
        (_RTM_DELNEIGH, 0, body) if after is None else (_RTM_NEWNEIGH, added[table != FDB or not leads_to_many(after[0])], body)
        for (_before, after), body in zip(steps, bodies)
    ]


def _neighbours(index: int, pairs: list[Pair]) -> list[bytes]:
    ipv4, ipv6 = (HEAD.pack(family, index, NUD_PERMANENT, 0, 0) for family in (socket.AF_INET, socket.AF_INET6))
    return [(ipv6 if ":" in address else ipv4) + _to(address) + _mac(mac) + _OUR_PROTOCOL for address, mac in pairs]


def _forwarding(index: int, of_bridge: bool, pairs: list[Pair]) -> list[bytes]:
    state, flags = (NUD_NOARP, _NTF_MASTER) if of_bridge else (NUD_PERMANENT, _NTF_SELF)
    head = HEAD.pack(socket.AF_BRIDGE, index, state, flags, 0)
    return [head + _mac(mac) + (_to(vtep) if vtep else b"") for mac, vtep in pairs]


def _mac(text: str) -> bytes:
    return _MAC + bytes.fromhex(text.replace(":", "")) + b"\0\0"


def _to(address: str) -> bytes:
    return _TO_IPV6 + socket.inet_pton(socket.AF_INET6, address) if ":" in address else _TO_IPV4 + socket.inet_aton(address)
