# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables that are read by the ten thousand: neighbours, and where forwarding tables send a MAC. No object is made for an entry.

The numbers are those of linux/neighbour.h and rtnetlink.h. Nothing here needs pyroute2.
"""

from __future__ import annotations

import socket
import struct
from collections import defaultdict
from collections.abc import Iterator
from typing import Callable

from ..state.entry import ALL_MACS, BRIDGE_FDB, FDB, NEIGHBOURS, Entries, Pair
from ..state.objects import Link
from ..state.tag import ROUTE_PROTOCOL
from .netlink import RouteSocket, attributes

# The pairs of each table, by the index of its link. FOREIGN: neighbours that have not our protocol number.
Tables = dict[tuple[int, str], set[Pair]]
FOREIGN = "neighbours of others"

HEAD, _RTM_GETNEIGH = struct.Struct("=BxxxiHBB"), 30
NDA_DST, NDA_LLADDR, _NDA_MASTER, NDA_PROTOCOL = 1, 2, 9, 12
_OF_AN_ENTRY = frozenset((NDA_DST, NDA_LLADDR, _NDA_MASTER, NDA_PROTOCOL))
NUD_NOARP, NUD_PERMANENT = 0x40, 0x80
OUR_NUMBER = bytes([ROUTE_PROTOCOL])


def read_entries(netlink: RouteSocket) -> Tables:
    """The permanent neighbours but those that the kernel makes itself (of multicast), the lasting entries that send a MAC to a VTEP, and those of bridges
    that somebody set on a port.
    """
    found: defaultdict[tuple[int, str], set[Pair]] = defaultdict(set)
    for body in netlink.dump(_RTM_GETNEIGH, HEAD.pack(socket.AF_UNSPEC, 0, 0, 0, 0)):
        family, index, state, _flags, _kind = HEAD.unpack_from(body)
        if state & NUD_PERMANENT:
            held = attributes(body, HEAD.size, _OF_AN_ENTRY)
            table = NEIGHBOURS if held.get(NDA_PROTOCOL) == OUR_NUMBER else FOREIGN
            found[index, table].add((socket.inet_ntop(family, held[NDA_DST]), held.get(NDA_LLADDR, b"").hex(":")))
    vteps: dict[bytes, str] = {}
    for body in netlink.dump(_RTM_GETNEIGH, HEAD.pack(socket.AF_BRIDGE, 0, 0, 0, 0)):
        _family, index, state, _flags, _kind = HEAD.unpack_from(body)
        if not state & (NUD_PERMANENT | NUD_NOARP):
            continue
        held = attributes(body, HEAD.size, _OF_AN_ENTRY)
        dst = held.get(NDA_DST)
        if state & NUD_PERMANENT and dst is not None:
            # Hundreds of MACs are behind one VTEP.
            vtep = vteps.get(dst) or vteps.setdefault(dst, socket.inet_ntop(socket.AF_INET if len(dst) == 4 else socket.AF_INET6, dst))
            found[index, FDB].add((held[NDA_LLADDR].hex(":"), vtep))
        elif state & NUD_NOARP and _NDA_MASTER in held:
            found[index, BRIDGE_FDB].add((held[NDA_LLADDR].hex(":"), ""))
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
