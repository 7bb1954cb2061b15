# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that keep their identity and get another name, in an order in which no two links have one name at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import count

from .difference import another_thing
from .entry import NEIGHBOURS, Entries
from .objects import Address, Key, Link, Object, Route, Sysctl
from .queue import Queue, Redirect

Move = tuple[Link, Link]


def renames(ours: dict[Key, Object], wanted: dict[Key, Object]) -> list[Move]:
    """The links of ours whose tag is wanted under another name, as (before, after) in the order to do it.

    Where names are exchanged in a circle, one link steps aside under a name of its own first.
    """
    waiting = _possible(_wished(ours, wanted), wanted)
    moves: list[Move] = []
    while waiting:
        taken = {before.key for before, _after in waiting}
        free = [move for move in waiting if move[1].key not in taken]
        if not free:
            before, after = waiting[0]
            aside = replace(before, name=_free_name(before, ours, wanted))
            moves.append((before, aside))
            waiting[0] = (aside, after)
        moves.extend(free)
        waiting = [move for move in waiting if move not in free]
    return moves


def _wished(ours: Mapping[Key, Object], wanted: Mapping[Key, Object]) -> list[Move]:
    by_tag = {(one.netns, one.tag): one for one in ours.values() if isinstance(one, Link) and one.tag}
    moves = []
    for key in sorted(wanted):
        one, here = wanted[key], ours.get(key)
        stands = by_tag.get((one.netns, one.tag)) if isinstance(one, Link) and one.tag else None
        if stands is not None and stands.key != key and getattr(here, "tag", None) != stands.tag:
            moves.append((stands, replace(stands, name=key[2])))
    return moves


def _possible(moves: list[Move], wanted: Mapping[Key, Object]) -> list[Move]:
    """Those of ``moves`` after which a link can become what is wanted under its new name."""
    names = new_names(moves)
    left = [(before, after) for before, after in moves if not another_thing(under_new_name(before, names) or after, wanted[after.key])]
    return left if len(left) == len(moves) else _possible(left, wanted)


def _free_name(link: Link, ours: Mapping[Key, Object], wanted: Mapping[Key, Object]) -> str:
    names = (f"{link.name[:8]}.cnm{number}" for number in count())
    return next(name for name in names if ("link", link.netns, name) not in ours and ("link", link.netns, name) not in wanted)


def renamed(objects: dict[Key, Object], moves: list[Move]) -> dict[Key, Object]:
    """``objects`` after ``moves``. Routes, IPv6 addresses and neighbours of a renamed link are left out: kernels before 6.2 lose them, so they are set anew.

    So are its settings, which others may now be found under.
    """
    names = new_names(moves)
    moved = (under_new_name(one, names) for one in objects.values()) if names else objects.values()
    return {one.key: one for one in moved if one is not None}


def new_names(moves: list[Move]) -> dict[tuple[str, str], str]:
    """What each moved link, as (netns, name), is called after all of ``moves``."""
    names: dict[tuple[str, str], str] = {}
    for before, after in moves:
        first = next((was for was, now in names.items() if was[0] == before.netns and now == before.name), (before.netns, before.name))
        names[first] = after.name
    return names


def under_new_name(one: Object, names: dict[tuple[str, str], str]) -> Object | None:
    """``one`` when links are called ``names``; None for what is to be set anew."""
    if not names:
        return one
    if isinstance(one, Link):
        master = names.get((one.netns, one.master), one.master) if one.master else one.master
        peer, parent = ((at[0], names.get(at, at[1])) if at else None for at in (one.peer, one.parent))
        return replace(one, name=names.get((one.netns, one.name), one.name), master=master, peer=peer, parent=parent)
    if isinstance(one, Redirect):
        return replace(one, link=names.get((one.netns, one.link), one.link), to=names.get((one.netns, one.to), one.to))
    if isinstance(one, (Address, Entries, Queue, Route, Sysctl)) and one.link and (one.netns, one.link) in names:
        return None if is_set_anew(one) or not isinstance(one, (Address, Entries, Queue)) else replace(one, link=names[(one.netns, one.link)])
    return one


def is_set_anew(one: Object) -> bool:
    """Whether a kernel before 6.2 takes it away when the link that it is on gets another name, which has to be down for that; or files it under that name."""
    if isinstance(one, Entries):
        return one.table == NEIGHBOURS
    return isinstance(one, (Route, Sysctl)) or (isinstance(one, Address) and ":" in one.address)
