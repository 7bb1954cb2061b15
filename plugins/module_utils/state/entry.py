# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes by the thousand on a link: permanent neighbours, and where a forwarding table sends a MAC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

Key = tuple[str, ...]
Pair = tuple[str, str]
# An entry as it stands and as it should: None for none.
Change = tuple[Optional[Pair], Optional[Pair]]

NEIGHBOURS, FDB, BRIDGE_FDB = "neighbours", "fdb", "bridge fdb"
# The MAC of the entries that say where a vxlan sends what it has no other entry for: broadcast, multicast, and MACs that it does not know.
ALL_MACS = "00:00:00:00:00:00"


@dataclass(frozen=True)
class Entries:
    """One table of a link, with all entries of it that are ours. Pairs, since there can be tens of thousands. A table without any is not there.

    table: ``neighbours`` (an address and its MAC: permanent, with our protocol number), ``fdb`` (a MAC and the VTEP that a vxlan sends it to), or
    ``bridge fdb`` (a MAC behind the link, which is a port of a bridge, and an empty text).
    """

    netns: str
    link: str
    table: str
    pairs: frozenset[Pair]

    @property
    def key(self) -> Key:
        return ("entries", self.netns, self.link, self.table)


def changes(before: object, after: object) -> list[Change]:
    """From one state of a table to another, entry by entry, removals first. What is no table is one without entries.

    An address or MAC that has another place now is one change, not two.
    """
    was, now = (one.pairs if isinstance(one, Entries) else frozenset() for one in (before, after))
    gone, come = was - now, now - was
    moving = {pair[0]: pair for pair in gone if not leads_to_many(pair[0])}
    placed: list[Change] = [(moving.pop(pair[0], None), pair) for pair in come]
    return [*((pair, None) for pair in gone if pair[0] in moving or leads_to_many(pair[0])), *placed]


def leads_to_many(mac: str) -> bool:
    """Whether a forwarding table may send a MAC to many places: that of a group, or that of the rest."""
    return mac == ALL_MACS or (mac[2:3] == ":" and bool(int(mac[:2], 16) & 1))
