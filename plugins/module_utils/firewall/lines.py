# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations on chains and jumps as lines for one iptables-restore."""

from __future__ import annotations

from collections.abc import Iterable

from ..state.chain import Chain, Jump
from ..state.inset import Inset
from ..state.op import Op
from .inset import inset_lines
from .text import rule_text

Line = tuple[str, str]


def lines_of(ops: Iterable[Op]) -> list[Line]:
    """(table, line) for every step: chains are filled before anything jumps to them, and emptied after nothing does."""
    declared: list[Line] = []
    filled: list[Line] = []
    jumps: list[Line] = []
    removed: list[Line] = []
    for op in sorted(ops, key=_number):
        one = op.subject
        if isinstance(one, Jump):
            jumps.extend(_jump_lines(op))
        elif isinstance(one, Inset):
            filled += inset_lines(op.before, op.after)
        elif isinstance(one, Chain) and op.action == "remove":
            removed += [(one.table, f"-F {one.name}"), (one.table, f"-X {one.name}")]
        elif isinstance(one, Chain):
            # Naming a chain empties it, also with --noflush; the table's COMMIT makes that and the refill one step.
            declared.append((one.table, f":{one.name} - [0:0]"))
            filled += [(one.table, rule_text(one.name, rule)) for rule in one.rules]
    return declared + filled + jumps + removed


def _jump_lines(op: Op) -> list[Line]:
    lines: list[Line] = []
    if isinstance(op.before, Jump):
        lines += [(op.before.table, rule_text(op.before.chain, rule, "-D")) for rule in op.before.rules]
    if isinstance(op.after, Jump):
        command = "-A" if op.after.position == "last" else "-I"
        place = f"{op.after.chain} {op.after.position}" if op.after.position.isdigit() else op.after.chain
        # Each goes before the one that was put there before it.
        rules = op.after.rules if command == "-A" else tuple(reversed(op.after.rules))
        lines += [(op.after.table, rule_text(place, rule, command)) for rule in rules]
    return lines


def _number(op: Op) -> float:
    """In which order jumps are put in, so that each number is right when its turn comes."""
    position = op.subject.position if isinstance(op.subject, Jump) else "first"
    return float(position) if position.isdigit() else {"first": 0.0, "last": float("inf")}[position]
