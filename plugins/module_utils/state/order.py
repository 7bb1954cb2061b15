# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order operations are safe.

What leads into a sandbox goes before the rules that guard it, and comes after them; what cannot be undone comes last.
What is set anew on a renamed link goes while the link still has its name, and a redirection while there is the link that it leads to: without that it
swallows all packets, and nothing else shows that it is there. What Docker knows stands on all else: it goes first and comes last.
Within a namespace: settings, addresses, links (whose new MAC is announced with the addresses), then up, then routes and what comes by the thousand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from .entry import Entries
from .objects import Address, Key, Link, Namespace, Object, Route, Sysctl
from .op import Op
from .rename import is_set_anew
from .tag import is_of_network

ENGINE_REMOVAL, BEFORE_RENAME, LINK_REMOVAL, LINK_RENAME, FIREWALL, NAMESPACE_REPLACEMENT, NAMESPACE, LINK_CREATION, INSIDE, FILES = range(10)
ENGINE, NAMESPACE_REMOVAL, MEMORY = range(10, 13)
# By the first word of a key, so that who has none of these need not know what they are.
RULES = {"chain": FIREWALL, "jump": FIREWALL, "table": FIREWALL, "inset": FIREWALL}
_STAGES = {**RULES, "connections": MEMORY, "file": FILES}


def in_order(ops: Iterable[Op], stands: Mapping[Key, Object], turns: Mapping[str, int]) -> tuple[Op, ...]:
    """``ops``, sorted: the same set gives the same order. Renames keep the order among themselves that they came in. stands: what they begin with.

    turns: which namespaces come after which others, but for the host's own and those of networks, which are first.
    """
    listed: list[Op] = list(ops)
    others = made_or_renamed(listed)
    made: dict[Key, Object] = {one.key: one for op in listed if op.action == "create" for one in (op.subject, op.peer) if one is not None}
    return tuple(sorted(listed, key=lambda op: _place(op, stage(op, others), made if op.action == "create" else stands, turns)))


def made_or_renamed(ops: Iterable[Op]) -> set[Key]:
    """What a plan creates, and the links that it gives another name, by their old one."""
    return {(op.before or op.subject).key for op in ops if op.action in ("create", "rename")}


def born_from(link: Link) -> str:
    """The namespace from which a link is made: that of what it rests on, or its own."""
    return link.parent[0] if link.parent is not None else link.netns


def depth(link: Link, objects: Mapping[Key, Object]) -> int:
    """How many of ``objects`` stand below ``link``, one upon the other: its bridge, what it rests on."""
    below = [objects.get(("link", *at)) for at in ((link.netns, link.master) if link.master else None, link.parent) if at is not None]
    return max((depth(one, objects) + 1 for one in below if isinstance(one, Link)), default=0)


def stage(op: Op, others: AbstractSet[Key] = frozenset()) -> int:
    """The stage of the work that ``op`` belongs to. ``others``: ``made_or_renamed`` of the same plan."""
    one = op.subject
    kind = one.key[0]
    if kind in _STAGES:
        return _STAGES[kind]
    if kind == "engine":
        return ENGINE_REMOVAL if op.action == "remove" else ENGINE
    if isinstance(one, Namespace):
        if op.action == "remove":
            return NAMESPACE_REPLACEMENT if one.key in others else NAMESPACE_REMOVAL
        return NAMESPACE
    if op.action == "remove" and (kind == "redirect" or (is_set_anew(one) and ("link", getattr(one, "netns", ""), getattr(one, "link", None)) in others)):
        return BEFORE_RENAME
    if isinstance(one, Link) and op.action != "change":
        return {"remove": LINK_REMOVAL, "rename": LINK_RENAME, "create": LINK_CREATION}[op.action]
    return INSIDE


def _place(op: Op, at: int, objects: Mapping[Key, Object], turns: Mapping[str, int]) -> tuple[int, str, int, Key]:
    one = op.subject
    if op.action == "rename":
        return (at, "", 0, ())
    if at == INSIDE:
        netns = getattr(one, "netns", "")
        # A sandbox announces itself when its link comes up: what that is plugged into must be up before it.
        return (at, f"{int(not is_of_network(netns))}{turns.get(netns, 0):06}{netns}" if netns else "", _step_inside(op), one.key)
    if isinstance(one, Link):
        # What is below is made first and removed last.
        level = depth(one, objects)
        return (at, "", level if op.action == "create" else -level, (born_from(one) if op.action == "create" else one.netns, *one.key))
    if isinstance(one, Namespace):
        return (at, "", int(bool(one.joins)), one.key)
    return (at, "", int(one.key[0] != "chain"), one.key)


def _step_inside(op: Op) -> int:
    one = op.subject
    if isinstance(one, Entries):
        return 0 if op.action == "remove" else 10
    if isinstance(one, Route):
        return 1 if op.action == "remove" else 9
    if isinstance(one, Address):
        # IPv4 before a link's new MAC, which is announced with the addresses; IPv6 after a link's new MTU, below 1280 there is none.
        return 2 if op.action == "remove" else 7 if ":" in one.address else 4
    if isinstance(one, Sysctl):
        # So has a link its settings of IPv6, one of which is whether it can have addresses. All links together are set before any by itself.
        return 6 if one.link is not None and one.name.startswith("net/ipv6/") else 3
    before = op.before
    comes_up = isinstance(one, Link) and isinstance(before, Link) and one.up != before.up
    return 8 if comes_up else 5
