# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many neighbours the kernel can keep, whether it had to refuse one, and how those are forgotten that only a proof made known.

All namespaces of a kernel share one table. Where it is full, packets are dropped in silence, which a proof must not take for isolation.
"""

from __future__ import annotations

import contextlib
import struct
from dataclasses import dataclass

from ..kernel.namespaces import inside
from ..kernel.netlink import RouteSocket, attributes
from ..state.fault import Fault

_RTM_DELNEIGH, _RTM_GETNEIGH, _RTM_GETNEIGHTBL = 29, 30, 66
_NDTA_NAME, _NDTA_THRESH3, _NDTA_CONFIG, _NDTA_STATS = 1, 4, 5, 7
_TABLE_BYTES, _TABLE_FULLS = 4, 10  # the header of a table, and the place of that counter in struct ndt_stats
_NEIGHBOUR, _NDA_DST, _AF_INET = struct.Struct("=BxHiHBB"), 1, 2
_NUD_NOARP, _NUD_PERMANENT = 0x40, 0x80

Neighbour = tuple[int, bytes]


@dataclass(frozen=True)
class NeighbourTable:
    """most: net.ipv4.neigh.default.gc_thresh3. held: entries of all namespaces. refused: how often, since boot, there was no room."""

    most: int
    held: int
    refused: int


def read_neighbour_table() -> NeighbourTable:
    """The IPv4 table of this kernel."""
    with RouteSocket() as route:
        for body in list(route.dump(_RTM_GETNEIGHTBL, struct.pack("=B3x", _AF_INET))):
            found = attributes(body, _TABLE_BYTES)
            if found.get(_NDTA_NAME, b"").rstrip(b"\0") == b"arp_cache" and _NDTA_STATS in found:
                held = struct.unpack_from("=I", found[_NDTA_CONFIG], 4)[0]
                return NeighbourTable(struct.unpack("=I", found[_NDTA_THRESH3])[0], held, struct.unpack_from("=11Q", found[_NDTA_STATS])[_TABLE_FULLS])
    raise OSError("the kernel does not tell of its neighbour table")


def learned_neighbours(netns: str) -> frozenset[Neighbour]:
    """The neighbours that the kernel found out in a namespace: link and address of each. Those that somebody set are not among them; where there is no
    such namespace there are none."""
    learned = set()
    with contextlib.suppress(Fault), inside(netns), RouteSocket() as route:
        for body in route.dump(_RTM_GETNEIGH, _NEIGHBOUR.pack(_AF_INET, 0, 0, 0, 0, 0)):
            family, _pad, link, state, _flags, _type = _NEIGHBOUR.unpack_from(body)
            if family == _AF_INET and not state & (_NUD_NOARP | _NUD_PERMANENT):
                learned.add((link, attributes(body, _NEIGHBOUR.size)[_NDA_DST]))
    return frozenset(learned)


def forget_neighbours(netns: str, known: frozenset[Neighbour]) -> None:
    """Let the kernel forget in a namespace what it found out, but for ``known``. Whoever needs one again asks the network again."""
    for link, address in learned_neighbours(netns) - known:
        with contextlib.suppress(Fault, OSError), inside(netns), RouteSocket() as route:
            route.send([(_RTM_DELNEIGH, 0, _NEIGHBOUR.pack(_AF_INET, 0, link, 0, 0, 0) + struct.pack("=HH", 8, _NDA_DST) + address)])
