# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order operations are safe.

What leads into a sandbox goes before the rules that guard it, and comes after them; what cannot be undone comes last.
A route goes while the link that it leads through still has its name.
Within a namespace: settings, addresses, links (whose new MAC is announced with the addresses), then up, then routes.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from .objects import Address, Chain, File, Jump, Key, Link, Namespace, Route, Sysctl
from .op import Op

LINK_REMOVAL, ROUTE_REMOVAL, LINK_RENAME, FIREWALL, NAMESPACE_REPLACEMENT, NAMESPACE, LINK_CREATION, INSIDE, FILES, NAMESPACE_REMOVAL = range(10)


def in_order(ops: Iterable[Op]) -> tuple[Op, ...]:
    """``ops``, sorted: the same set gives the same order. Renames keep the order among themselves that they came in."""
    listed: list[Op] = list(ops)
    others = made_or_renamed(listed)
    return tuple(sorted(listed, key=lambda op: _place(op, stage(op, others))))


def made_or_renamed(ops: Iterable[Op]) -> set[Key]:
    """What a plan creates, and the links that it gives another name, by their old one."""
    return {(op.before or op.subject).key for op in ops if op.action in ("create", "rename")}


def stage(op: Op, others: AbstractSet[Key] = frozenset()) -> int:
    """The stage of the work that ``op`` belongs to. ``others``: ``made_or_renamed`` of the same plan."""
    one = op.subject
    if isinstance(one, (Chain, Jump)):
        return FIREWALL
    if isinstance(one, File):
        return FILES
    if isinstance(one, Namespace):
        if op.action == "remove":
            return NAMESPACE_REPLACEMENT if one.key in others else NAMESPACE_REMOVAL
        return NAMESPACE
    if isinstance(one, Route) and op.action == "remove" and ("link", one.netns, one.link) in others:
        return ROUTE_REMOVAL
    if isinstance(one, Link) and op.action != "change":
        return {"remove": LINK_REMOVAL, "rename": LINK_RENAME, "create": LINK_CREATION}[op.action]
    return INSIDE


def _place(op: Op, at: int) -> tuple[int, str, int, Key]:
    one = op.subject
    if op.action == "rename":
        return (at, "", 0, ())
    if at == INSIDE:
        return (at, getattr(one, "netns", ""), _step_inside(op), one.key)
    if isinstance(one, Link):
        has_master = one.master is not None or one.peer is not None
        first = has_master if op.action == "create" else not has_master
        return (at, "", int(first), one.key)
    if isinstance(one, Namespace):
        return (at, "", int(bool(one.joins)), one.key)
    if isinstance(one, Chain):
        return (at, "", 0, one.key)
    return (at, "", 1, one.key)


def _step_inside(op: Op) -> int:
    one = op.subject
    if isinstance(one, Route):
        return 0 if op.action == "remove" else 6
    if isinstance(one, Address):
        return 1 if op.action == "remove" else 3
    if isinstance(one, Sysctl):
        return 2
    before = op.before
    comes_up = isinstance(one, Link) and isinstance(before, Link) and one.up != before.up
    return 5 if comes_up else 4
