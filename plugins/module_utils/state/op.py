# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One step on the way from one state of a host to another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from .entry import Entries, changes
from .objects import Link, Object


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
