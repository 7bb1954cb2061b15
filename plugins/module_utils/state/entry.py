# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes by the thousand on a link: permanent neighbours, and where a forwarding table sends a MAC."""

from __future__ import annotations

from dataclasses import dataclass

from .objects import Key

Pair = tuple[str, str]

NEIGHBOURS, FDB, BRIDGE_FDB = "neighbours", "fdb", "bridge-fdb"
# The MAC of the entries that say where a vxlan sends what it has no other entry for: broadcast, multicast, and MACs that it does not know.
ALL_MACS = "00:00:00:00:00:00"


@dataclass(frozen=True)
class Entries:
    """One table of a link, with all entries of it that are ours. Pairs, since there can be tens of thousands. A table without any is not there.

    table: ``neighbours`` (an address and its MAC: permanent, with our protocol number), ``fdb`` (a MAC and the VTEP that a vxlan sends it to), or
    ``bridge-fdb`` (a MAC behind the link, which is a port of a bridge, and an empty text).
    """

    netns: str
    link: str
    table: str
    pairs: frozenset[Pair]

    @property
    def key(self) -> Key:
        return ("entries", self.netns, self.link, self.table)


def leads_to_many(mac: str) -> bool:
    """Whether a forwarding table may send a MAC to many places: that of a group, or that of the rest."""
    return mac == ALL_MACS or (mac[2:3] == ":" and mac[1] in "13579bdf")
