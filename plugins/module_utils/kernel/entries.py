# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables that are read and written by the ten thousand: neighbours, and where forwarding tables send a MAC. No object is made for an entry.

The numbers are those of linux/neighbour.h and rtnetlink.h. Nothing here needs pyroute2.
"""

from __future__ import annotations

import functools
import socket
import struct
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Callable

from ..state.entry import ALL_MACS, BRIDGE_FDB, FDB, NEIGHBOURS, Change, Entries, Pair, leads_to_many
from ..state.objects import Link
from ..state.tag import ROUTE_PROTOCOL
from .netlink import RouteSocket, attributes

if TYPE_CHECKING:
    from .encode import Message

# The pairs of each table, by the index of its link. FOREIGN: neighbours that have not our protocol number.
Tables = dict[tuple[int, str], set[Pair]]
FOREIGN = "neighbours of others"

_HEAD = struct.Struct("=BxxxiHBB")
_RTM_NEWNEIGH, _RTM_DELNEIGH, _RTM_GETNEIGH = 28, 29, 30
_REPLACE, _CREATE, _APPEND = 0x100, 0x400, 0x800
_NDA_DST, _NDA_LLADDR, _NDA_MASTER, _NDA_PROTOCOL = 1, 2, 9, 12
_NUD_NOARP, _NUD_PERMANENT = 0x40, 0x80
_NTF_SELF, _NTF_MASTER = 2, 4
_MAC = struct.Struct("=HH6sxx")
_TO_IPV4, _TO_IPV6 = struct.Struct("=HH4s"), struct.Struct("=HH16s")
_OUR_NUMBER = bytes([ROUTE_PROTOCOL])
_OUR_PROTOCOL = struct.pack("=HH1sxxx", 5, _NDA_PROTOCOL, _OUR_NUMBER)


def read_entries(netlink: RouteSocket) -> Tables:
    """The permanent neighbours but those that the kernel makes itself (of multicast), the lasting entries that send a MAC to a VTEP, and those of bridges
    that somebody set on a port.
    """
    found: defaultdict[tuple[int, str], set[Pair]] = defaultdict(set)
    for body in netlink.dump(_RTM_GETNEIGH, _HEAD.pack(socket.AF_UNSPEC, 0, 0, 0, 0)):
        family, index, state, _flags, _kind = _HEAD.unpack_from(body)
        if state & _NUD_PERMANENT:
            held = attributes(body, _HEAD.size)
            table = NEIGHBOURS if held.get(_NDA_PROTOCOL) == _OUR_NUMBER else FOREIGN
            found[index, table].add((socket.inet_ntop(family, held[_NDA_DST]), held.get(_NDA_LLADDR, b"").hex(":")))
    vteps: dict[bytes, str] = {}
    for body in netlink.dump(_RTM_GETNEIGH, _HEAD.pack(socket.AF_BRIDGE, 0, 0, 0, 0)):
        _family, index, state, _flags, _kind = _HEAD.unpack_from(body)
        if not state & (_NUD_PERMANENT | _NUD_NOARP):
            continue
        held = attributes(body, _HEAD.size)
        dst = held.get(_NDA_DST)
        if state & _NUD_PERMANENT and dst is not None:
            # Hundreds of MACs are behind one VTEP.
            vtep = vteps.get(dst) or vteps.setdefault(dst, socket.inet_ntop(socket.AF_INET if len(dst) == 4 else socket.AF_INET6, dst))
            found[index, FDB].add((held[_NDA_LLADDR].hex(":"), vtep))
        elif state & _NUD_NOARP and _NDA_MASTER in held:
            found[index, BRIDGE_FDB].add((held[_NDA_LLADDR].hex(":"), ""))
    return found


def tables_of(tables: Tables, index: int, link: Link, is_meant: Callable[[str], bool]) -> Iterator[Entries]:
    """What stands on a link. is_meant: whether a neighbour counts, by its address, that has not our protocol number."""
    for table in (NEIGHBOURS, FDB, BRIDGE_FDB):
        pairs = tables.get((index, table), set())
        if table == NEIGHBOURS:
            pairs = pairs.union(pair for pair in tables.get((index, FOREIGN), ()) if is_meant(pair[0]))
        elif table == FDB:
            # Where a vxlan was born with a place to send everything to, that entry belongs to the link.
            pairs = pairs - {(ALL_MACS, str(value)) for name, value in link.options if name == "group"}
        if pairs:
            yield Entries(link.netns, link.name, table, frozenset(pairs))


def entry_messages(table: str, index: int, steps: list[Change]) -> list[Message]:
    """A message for each change of a table of the link with this index. What is set takes the place of what stands there."""
    write = functools.partial(_neighbour, index) if table == NEIGHBOURS else functools.partial(_forwarding, index, table == BRIDGE_FDB)
    return [write(after or before, after is not None) for before, after in steps]


def _neighbour(index: int, pair: Pair, is_set: bool) -> Message:
    family, to = _to(pair[0])
    body = _HEAD.pack(family, index, _NUD_PERMANENT if is_set else 0, 0, 0) + to
    return (_RTM_NEWNEIGH, _CREATE | _REPLACE, body + _mac(pair[1]) + _OUR_PROTOCOL) if is_set else (_RTM_DELNEIGH, 0, body)


def _forwarding(index: int, of_bridge: bool, pair: Pair, is_set: bool) -> Message:
    """A MAC that may lead to many places is added to where it leads already."""
    state, flags = (_NUD_NOARP, _NTF_MASTER) if of_bridge else (_NUD_PERMANENT, _NTF_SELF)
    body = _HEAD.pack(socket.AF_BRIDGE, index, state, flags, 0) + _mac(pair[0]) + (_to(pair[1])[1] if pair[1] else b"")
    how = _CREATE | (_APPEND if leads_to_many(pair[0]) and not of_bridge else _REPLACE)
    return (_RTM_NEWNEIGH, how, body) if is_set else (_RTM_DELNEIGH, 0, body)


def _mac(text: str) -> bytes:
    return _MAC.pack(10, _NDA_LLADDR, bytes.fromhex(text.replace(":", "")))


def _to(address: str) -> tuple[int, bytes]:
    """The family of an address, and the attribute that names it."""
    if ":" in address:
        return socket.AF_INET6, _TO_IPV6.pack(20, _NDA_DST, socket.inet_pton(socket.AF_INET6, address))
    return socket.AF_INET, _TO_IPV4.pack(8, _NDA_DST, socket.inet_aton(address))
