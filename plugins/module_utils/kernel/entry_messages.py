# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that set and remove neighbours and forwarding entries, by the ten thousand. The numbers are those of linux/neighbour.h and rtnetlink.h."""

from __future__ import annotations

import functools
import socket
import struct

from ..state.entry import BRIDGE_FDB, NEIGHBOURS, Pair, leads_to_many
from ..state.op import Change
from .encode import Message
from .entries import HEAD, NDA_DST, NDA_LLADDR, NDA_PROTOCOL, NUD_NOARP, NUD_PERMANENT, OUR_NUMBER

_RTM_NEWNEIGH, _RTM_DELNEIGH = 28, 29
_REPLACE, _CREATE, _APPEND = 0x100, 0x400, 0x800
_NTF_SELF, _NTF_MASTER = 2, 4
_MAC = struct.Struct("=HH6sxx")
_TO_IPV4, _TO_IPV6 = struct.Struct("=HH4s"), struct.Struct("=HH16s")
_OUR_PROTOCOL = struct.pack("=HH1sxxx", 5, NDA_PROTOCOL, OUR_NUMBER)


def entry_messages(table: str, index: int, steps: list[Change]) -> list[Message]:
    """A message for each change of a table of the link with this index. What is set takes the place of what stands there."""
    write = functools.partial(_neighbour, index) if table == NEIGHBOURS else functools.partial(_forwarding, index, table == BRIDGE_FDB)
    return [write(after or before, after is not None) for before, after in steps]


def _neighbour(index: int, pair: Pair, is_set: bool) -> Message:
    family, to = _to(pair[0])
    body = HEAD.pack(family, index, NUD_PERMANENT if is_set else 0, 0, 0) + to
    return (_RTM_NEWNEIGH, _CREATE | _REPLACE, body + _mac(pair[1]) + _OUR_PROTOCOL) if is_set else (_RTM_DELNEIGH, 0, body)


def _forwarding(index: int, of_bridge: bool, pair: Pair, is_set: bool) -> Message:
    """A MAC that may lead to many places is added to where it leads already."""
    state, flags = (NUD_NOARP, _NTF_MASTER) if of_bridge else (NUD_PERMANENT, _NTF_SELF)
    body = HEAD.pack(socket.AF_BRIDGE, index, state, flags, 0) + _mac(pair[0]) + (_to(pair[1])[1] if pair[1] else b"")
    how = _CREATE | (_APPEND if leads_to_many(pair[0]) and not of_bridge else _REPLACE)
    return (_RTM_NEWNEIGH, how, body) if is_set else (_RTM_DELNEIGH, 0, body)


def _mac(text: str) -> bytes:
    return _MAC.pack(10, NDA_LLADDR, bytes.fromhex(text.replace(":", "")))


def _to(address: str) -> tuple[int, bytes]:
    """The family of an address, and the attribute that names it."""
    if ":" in address:
        return socket.AF_INET6, _TO_IPV6.pack(20, NDA_DST, socket.inet_pton(socket.AF_INET6, address))
    return socket.AF_INET, _TO_IPV4.pack(8, NDA_DST, socket.inet_aton(address))
