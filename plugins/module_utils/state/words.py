# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations in words: what was done, or would be, as one line each."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from .difference import differences
from .entry import FDB, NEIGHBOURS, Entries
from .objects import Address, File, Link, Namespace, Object, Route, Sysctl
from .op import Op, one_by_one
from .order import RULES
from .queue import Queue, Redirect
from .tag import read_tag

# So many entries of a table have a line each.
_ONE_BY_ONE = 100
# Where "create" is not what a person would say.
_VERBS = {"address": "add", "route": "add", "entries": "add", "queue": "add", "redirect": "add", "sysctl": "set", "file": "write"}


def ops_in_words(ops: Iterable[Op]) -> tuple[str, ...]:
    """Lines for ``ops``, in their order: one each, and where few entries of a table differ one for each of these."""
    return tuple(in_words(step) for op in ops for step in _told(op))


def _told(op: Op) -> list[Op]:
    was, now = (len(one.pairs) if isinstance(one, Entries) else 0 for one in (op.before, op.after))
    if not isinstance(op.subject, Entries) or abs(now - was) > _ONE_BY_ONE:
        return [op]
    steps = list(islice(one_by_one(op), _ONE_BY_ONE + 1))
    return [op] if len(steps) > _ONE_BY_ONE else sorted(steps, key=lambda step: (step.action != "remove", name_of(step.subject)))


def in_words(op: Op) -> str:
    """One line for ``op``. It depends on nothing else, so that check mode and the run say the same."""
    one = op.subject
    if op.action == "rename" and isinstance(op.before, Link):
        return f"rename {name_of(op.before)} to {one.key[2]}"
    if op.action == "change" and op.before is not None:
        return _change_in_words(op.before, one)
    if op.action == "create" and op.peer is not None:
        return f"create {name_of(one)} with {name_of(op.peer)}"
    verb = _VERBS.get(one.key[0], op.action) if op.action == "create" else op.action
    return f"{verb} {name_of(one)}"


def name_of(one: Object) -> str:
    """An object as a person would call it, with the network and sandbox that it serves."""
    if isinstance(one, Namespace):
        return f"namespace {one.name}" + (f" as another name of {one.joins}" if one.joins else "")
    if isinstance(one, Link):
        return f"{one.kind or 'interface'} {one.name}{_inside(one.netns)}{_serves(one.tag)}"
    if isinstance(one, Address):
        return f"address {one.address} on {one.link}{_inside(one.netns)}"
    if isinstance(one, Route):
        return _route_in_words(one)
    if isinstance(one, Entries):
        return _entries_in_words(one)
    if isinstance(one, Queue):
        return f"queue of {one.rate} bytes/s on {one.link}{_inside(one.netns)}"
    if isinstance(one, Redirect):
        return f"redirection to {one.to} on {one.link}{_inside(one.netns)}"
    if isinstance(one, Sysctl):
        return f"sysctl {one.name} = {one.value}{_inside(one.netns)}"
    if isinstance(one, File):
        return f"file {one.path}"
    from .rules_in_words import name_of_rules

    return name_of_rules(one)


def _entries_in_words(one: Entries) -> str:
    place = f" on {one.link}{_inside(one.netns)}"
    if len(one.pairs) != 1:
        return f"{len(one.pairs)} {'neighbours' if one.table == NEIGHBOURS else 'forwarding entries'}{place}"
    [(what, where)] = one.pairs
    if one.table == NEIGHBOURS:
        return f"neighbour {what} at {where}{place}"
    return f"forwarding entry {what}{f' to {where}' if one.table == FDB else ' of its bridge'}{place}"


def _route_in_words(one: Route) -> str:
    kind = "" if one.type == "unicast" else f"{one.type} "
    ways = [f" via {one.gateway}" if one.gateway else "", f" dev {one.link}" if one.link else ""]
    metric, table = f" metric {one.metric}" if one.metric else "", f" table {one.table}" if one.table != 254 else ""
    return f"route {kind}{one.destination}{''.join(ways)}{metric}{table}{_inside(one.netns)}"


def _change_in_words(before: Object, after: Object) -> str:
    if before.key[0] in RULES:
        from .rules_in_words import change_of_rules

        return f"change {change_of_rules(before, after)}"
    if isinstance(before, Sysctl) and isinstance(after, Sysctl):
        return f"change sysctl {after.name} from {before.value} to {after.value}{_inside(after.netns)}"
    if isinstance(before, File) and isinstance(after, File):
        return f"change file {after.path}: {_lines_in_words(before.content, after.content)}"
    if isinstance(before, Entries) and isinstance(after, Entries):
        return f"change {name_of(after)}: {_pairs_in_words(before, after)}"
    found = differences(before, after)
    return f"change {name_of(after)}: " + ", ".join(f"{one.attribute} from {_shown(one.before)} to {_shown(one.after)}" for one in found)


def _pairs_in_words(before: Entries, after: Entries) -> str:
    if len(before.pairs) != 1 or len(after.pairs) != 1:
        return f"+{len(after.pairs - before.pairs)} -{len(before.pairs - after.pairs)}"
    [(other, was)], [(what, now)] = before.pairs, after.pairs
    return f"instead of {other}" if other != what else f"{'mac' if after.table == NEIGHBOURS else 'dst'} from {was} to {now}"


def _lines_in_words(before: str, after: str) -> str:
    was, now = set(before.splitlines()), set(after.splitlines())
    return f"+{len(now - was)} -{len(was - now)} lines" if was != now else "order of the lines"


def _serves(tag: str | None) -> str:
    owner = read_tag(tag)
    return f" ({owner.purpose})" if owner is not None and owner.purpose else ""


def _inside(netns: str) -> str:
    return f" in {netns}" if netns else ""


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return " ".join(str(part) for part in value if part)
    return "none" if value is None or value == "" else str(value)
