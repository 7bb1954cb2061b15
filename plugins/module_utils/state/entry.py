# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes by the thousand on a link: permanent neighbours, and where a forwarding table sends a MAC."""

from __future__ import annotations

from dataclasses import dataclass

Key = tuple[str, ...]
# The MAC of the entries that say where a vxlan sends what it has no other entry for: broadcast, multicast, and MACs that it does not know.
ALL_MACS = "00:00:00:00:00:00"


@dataclass(frozen=True)
class Neighbour:
    """The MAC of an address that is reached over a link (ARP, NDP): permanent, with our protocol number."""

    netns: str
    link: str
    address: str
    mac: str

    @property
    def key(self) -> Key:
        return ("neighbour", self.netns, self.link, self.address)


@dataclass(frozen=True)
class Fdb:
    """Where frames for a MAC go: a vxlan sends them to the VTEP ``dst``. master: an entry of the bridge that the link is a port of, without dst."""

    netns: str
    link: str
    mac: str
    dst: str = ""
    master: bool = False

    @property
    def key(self) -> Key:
        return ("fdb", self.netns, self.link, self.mac, self.dst, "master" if self.master else "self")
