# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host looks like after a plan, without doing it: check mode's prediction, and the tests' measure of a plan."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from .lost import lost_routes, lost_with
from .objects import HostState, Key, Link, Object
from .op import Op
from .rename import renamed


def replay(state: HostState, ops: Iterable[Op]) -> HostState:
    """``state`` after ``ops``, as the kernel would have it: what rests on something vanishes with it."""
    objects: dict[Key, Object] = dict(state.objects)
    owned: set[Key] = set(state.owned)
    for action, group in itertools.groupby(ops, key=lambda op: op.action):
        if action == "remove":
            removed = [op.subject for op in group]
            gone = lost_with({one.key for one in removed}, objects.values())
            left = {key: one for key, one in objects.items() if key not in gone}
            gone |= lost_routes(objects.values(), left.values())
            objects = {key: one for key, one in left.items() if key not in gone}
            owned -= gone
            continue
        for op in group:
            if op.action == "rename" and isinstance(op.before, Link) and isinstance(op.after, Link):
                ours = renamed({key: one for key, one in objects.items() if key in owned}, [(op.before, op.after)])
                objects = {**{key: one for key, one in objects.items() if key not in owned}, **ours}
                owned = set(ours)
                continue
            if op.before is not None:
                objects.pop(op.before.key, None)
                owned.discard(op.before.key)
            for one in (op.after, op.peer):
                if one is not None:
                    objects[one.key] = one
                    owned.add(one.key)
    return HostState(objects, frozenset(owned))
