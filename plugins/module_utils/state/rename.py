# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that keep their identity and get another name, in an order in which no two links have one name at a time."""

from __future__ import annotations

from dataclasses import replace

from .objects import Address, Key, Link, Object, Route

Move = tuple[Link, Link]


def renames(ours: dict[Key, Object], wanted: dict[Key, Object]) -> list[Move]:
    """The links of ours whose tag is wanted under another name, as (before, after) in the order to do it.

    Where names are exchanged in a circle, one link steps aside under a name of its own first.
    """
    by_tag = {(one.netns, one.tag): one for one in ours.values() if isinstance(one, Link) and one.tag}
    waiting: list[Move] = []
    for key in sorted(wanted):
        one = wanted[key]
        stands = by_tag.get((one.netns, one.tag)) if isinstance(one, Link) and one.tag else None
        if stands is not None and stands.name != key[2] and stands.kind == getattr(one, "kind", None):
            waiting.append((stands, replace(stands, name=key[2])))
    moves: list[Move] = []
    while waiting:
        taken = {before.key for before, _after in waiting}
        free = [move for move in waiting if move[1].key not in taken]
        if not free:
            before, after = waiting[0]
            aside = replace(before, name=before.name[:11] + ".cnm")
            moves.append((before, aside))
            waiting[0] = (aside, after)
        moves.extend(free)
        waiting = [move for move in waiting if move not in free]
    return moves


def renamed(objects: dict[Key, Object], moves: list[Move]) -> dict[Key, Object]:
    """``objects`` after ``moves``. Routes through a renamed link are left out: kernels before 6.2 lose them, so they are set anew."""
    names: dict[tuple[str, str], str] = {}
    for before, after in moves:
        first = next((was for was, now in names.items() if was[0] == before.netns and now == before.name), (before.netns, before.name))
        names[first] = after.name
    moved = (_under_new_name(one, names) for one in objects.values()) if names else objects.values()
    return {one.key: one for one in moved if one is not None}


def _under_new_name(one: Object, names: dict[tuple[str, str], str]) -> Object | None:
    if isinstance(one, Link):
        master = names.get((one.netns, one.master), one.master) if one.master else one.master
        peer = (one.peer[0], names.get(one.peer, one.peer[1])) if one.peer else None
        return replace(one, name=names.get((one.netns, one.name), one.name), master=master, peer=peer)
    if isinstance(one, Address):
        return replace(one, link=names.get((one.netns, one.link), one.link))
    if isinstance(one, Route) and one.link and (one.netns, one.link) in names:
        return None
    return one
