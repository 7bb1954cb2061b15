# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host looks like after a plan, without doing it: check mode's prediction, and the tests' measure of a plan."""

from __future__ import annotations

from collections.abc import Iterable

from .lost import lost_routes
from .objects import Address, HostState, Key, Link, Object, Route, Sysctl
from .op import Op
from .rename import renamed


def replay(state: HostState, ops: Iterable[Op]) -> HostState:
    """``state`` after ``ops``, as the kernel would have it: what rests on something vanishes with it."""
    objects: dict[Key, Object] = dict(state.objects)
    owned: set[Key] = set(state.owned)
    for op in ops:
        if op.action == "rename" and isinstance(op.before, Link) and isinstance(op.after, Link):
            ours = renamed({key: one for key, one in objects.items() if key in owned}, [(op.before, op.after)])
            objects = {**{key: one for key, one in objects.items() if key not in owned}, **ours}
            owned = set(ours)
            continue
        if op.before is not None:
            objects.pop(op.before.key, None)
            owned.discard(op.before.key)
        if op.action == "remove":
            gone = {key for key, one in objects.items() if _vanishes_with(one, op.subject)} | lost_routes([op.subject, *objects.values()], objects.values())
            objects = {key: one for key, one in objects.items() if key not in gone}
            owned -= gone
        for one in (op.after, op.peer):
            if one is not None:
                objects[one.key] = one
                owned.add(one.key)
    return HostState(objects, frozenset(owned))


def _vanishes_with(one: Object, removed: Object) -> bool:
    kind = removed.key[0]
    if kind == "namespace":
        peer = one.peer if isinstance(one, Link) else None
        return removed.key[1] in (getattr(one, "netns", ""), peer[0] if peer else "")
    if not isinstance(removed, Link):
        return False
    end = (removed.netns, removed.name)
    if isinstance(one, Link):
        return one.peer == end
    return isinstance(one, (Address, Route, Sysctl)) and (one.netns, one.link) in (end, removed.peer)
