# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One step on the way from one state of a host to another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Optional

from .entry import Entries, Pair, leads_to_many
from .objects import Link, Object

# An entry as it stands and as it should: None for none.
Change = tuple[Optional[Pair], Optional[Pair]]


@dataclass(frozen=True)
class Op:
    """action: ``create``, ``change``, ``remove``, ``rename``, or ``forget`` (connections). peer: the other end of a veth, which the same step creates."""

    action: str
    before: Object | None = None
    after: Object | None = None
    peer: Link | None = None

    @property
    def subject(self) -> Object:
        """The object that the step is about, as it is afterwards, or was."""
        one = self.after if self.after is not None else self.before
        if one is None:
            raise ValueError("an operation without an object")
        return one


def one_by_one(op: Op) -> Iterator[Op]:
    """A step with a table as one step for each entry, in the order of ``changes``; any other step as it is."""
    if not isinstance(op.subject, Entries):
        yield op
        return
    for change in changes(op.before, op.after):
        before, after = (replace(op.subject, pairs=frozenset([pair])) if pair is not None else None for pair in change)
        yield Op("create" if before is None else "change" if after is not None else "remove", before, after)


def changes(before: object, after: object) -> list[Change]:
    """From one state of a table to another, entry by entry, removals first. What is no table is one without entries.

    An address or MAC that has another place now is one change, not two.
    """
    was, now = (one.pairs if isinstance(one, Entries) else frozenset() for one in (before, after))
    gone, come = was - now, now - was
    moving = {pair[0]: pair for pair in gone if not leads_to_many(pair[0])}
    placed: list[Change] = [(moving.pop(pair[0], None), pair) for pair in come]
    return [*((pair, None) for pair in gone if pair[0] in moving or leads_to_many(pair[0])), *placed]
