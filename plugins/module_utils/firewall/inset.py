# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of ours in a chain of others: how they are found there, and the lines that put them where they belong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..state.inset import Inset
from ..state.objects import Object
from ..state.rule import Rule
from .text import rule_text
from .verdict import POLICY_MARK

Line = tuple[str, str]
_RETURN = Rule("RETURN")


def seen_inset(wanted: Inset, chains: Mapping[str, Sequence[Rule]]) -> Inset:
    """What stands of ``wanted`` among the chains of its table."""
    standing = chains.get(wanted.chain)
    jumps = tuple(rule for rule in chains.get(wanted.builtin, ()) if _leads_to(wanted.chain, rule))
    ours = [rule for rule in standing or () if _is_ours(wanted.mark, rule)]
    first = next(iter(chains.get(wanted.builtin, ())), None)
    others = any(not _is_ours(wanted.mark, rule) for rule in jumps) or any(name.startswith("DOCKER") and name != wanted.chain for name in chains)
    return replace(
        wanted,
        rules=tuple(ours),
        position=_position(wanted, standing or ()),
        reached=standing is not None and len(jumps) == 1 and first == jumps[0],
        standing=None if standing is None else tuple(standing),
        jumps=jumps,
        alone=not others and len(ours) == len(standing or ()),
    )


def inset_lines(before: Object | None, after: Object | None) -> list[Line]:
    """From what stands to what should, for one restore: nothing of others is named but their jumps, which come back at the top."""
    stands = before if isinstance(before, Inset) else None
    wanted = after if isinstance(after, Inset) else None
    one = stands or wanted
    if one is None:
        return []
    lines = [] if stands and stands.standing is not None else [f":{one.chain} - [0:0]"]
    ours = stands.rules if stands else ()
    lines += [rule_text(one.chain, rule, "-D") for rule in ours]
    if wanted is not None and wanted.rules:
        left = [rule for rule in (stands.standing if stands else None) or () if not _is_ours(one.mark, rule)]
        at = 1 if wanted.position == "first" else 1 + len(left) - (left[-1:] == [_RETURN])
        lines += [rule_text(one.chain, rule, f"-I {at + number}") for number, rule in enumerate(wanted.rules)]
        if stands is None or not stands.reached:
            lines += _leading_first(one, stands.jumps if stands else ())
    elif stands is not None and stands.alone and stands.standing is not None:
        lines += [*(rule_text(one.builtin, rule, "-D") for rule in stands.jumps), f"-X {one.chain}"]
    return [(one.table, line) for line in lines]


def _leading_first(one: Inset, jumps: tuple[Rule, ...]) -> list[str]:
    """One jump before all else: the one that others made, or else one of ours. Docker makes its own when it starts, and does not see ours."""
    foreign = next((rule for rule in jumps if not _is_ours(one.mark, rule)), None)
    jump = foreign or Rule(one.chain, comment=one.mark)
    return [*(rule_text(one.builtin, rule, "-D") for rule in jumps), rule_text(one.builtin, jump, "-I")]


def _position(wanted: Inset, standing: Sequence[Rule]) -> str:
    """Other fleets have rules of their own here: only those without any mark are others."""
    rules = list(standing[:-1] if standing[-1:] and standing[-1] == _RETURN else standing)
    order = [_is_ours(wanted.mark, rule) for rule in rules if _is_ours(wanted.mark, rule) or not POLICY_MARK.match(rule.said)]
    found = [position for position, ours_first in (("first", True), ("last", False)) if order == sorted(order, reverse=ours_first)]
    return wanted.position if wanted.position in found else (found or ["mixed"])[0]


def _is_ours(mark: str, rule: Rule) -> bool:
    return rule.said == mark or rule.said.startswith(mark + " ")


def _leads_to(chain: str, rule: Rule) -> bool:
    """Whether all that comes by goes there: a jump with a condition is somebody's own."""
    return replace(rule, comment=None) == Rule(chain)
