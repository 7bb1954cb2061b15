# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who can share a parent. It is the kernel's rule, and so one for networks and for the modules of the kernel's nouns."""

from __future__ import annotations

# The kind of a link (macvlan or ipvlan), its mode, and of an ipvlan its flag.
Way = tuple[str, str, str]


def parent_fault(theirs: str, first: Way, second: Way) -> str | None:
    """Why two links cannot rest on one parent; None if they can. theirs: the words for what of the first rests there."""
    if first[0] != second[0]:
        return f"{theirs}, and the kernel has either macvlan or ipvlan on an interface"
    if "passthru" in (first[1], second[1]):
        return f"{theirs}, and mode passthru takes the whole interface"
    if first[0] == "ipvlan" and first != second:
        return f"{theirs} with mode {first[1]} and flag {first[2]}, and the kernel has one of each for all of ipvlan on an interface"
    return None
