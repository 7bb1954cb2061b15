# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of a policy and the sets that they name: for which families is each, and what becomes of it while its set is not there?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from ..model.policy import PolicyRule

_SIDES = ("source_set", "destination_set")
_REFUSALS = {"drop": "drops", "reject": "rejects"}


class MissingSet(NamedTuple):
    """A set that a rule cannot use. number, side: of the rule, and its key that names the set. families: those of the set; none where there is no such set."""

    number: int
    side: str
    name: str
    families: tuple[str, ...]


def names_of_sets(policy: Iterable[PolicyRule]) -> set[str]:
    return {name.lstrip("!") for entry in policy for name in (entry.source_set, entry.destination_set) if name is not None}


def fit_to_sets(policy: Iterable[PolicyRule], known: Mapping[str, Sequence[str]]) -> tuple[list[PolicyRule], list[MissingSet]]:
    """The rules, each for the families of the sets that it names, and the sets that are missing. known: the families of each set that there is."""
    fitting, missing = [], []
    for number, entry in enumerate(policy):
        families = entry.families()
        for side in _SIDES:
            name: str | None = getattr(entry, side)
            if name is None:
                continue
            of_set = tuple(known.get(name.lstrip("!"), ()))
            left = tuple(family for family in families if family in of_set)
            if left:
                families = left
            else:
                missing.append(MissingSet(number, side, name, of_set))
        fitting.append(replace(entry, family=families[0]) if len(families) == 1 and entry.families() != families else entry)
    return fitting, missing


def close(policy: Iterable[PolicyRule], missing: Iterable[MissingSet]) -> list[PolicyRule]:
    """The policy while sets are missing, so that nothing is open that it closes.

    What refuses does so without the condition of the missing set, so for more than it was meant for; what lets in, or only logs, is left out.
    """
    gone = {(one.number, one.side) for one in missing}
    numbers = {number for number, _side in gone}
    return [
        replace(
            entry,
            source_set=None if (number, "source_set") in gone else entry.source_set,
            destination_set=None if (number, "destination_set") in gone else entry.destination_set,
        )
        for number, entry in enumerate(policy)
        if number not in numbers or entry.action in _REFUSALS
    ]


def in_its_place(entry: PolicyRule) -> str:
    """What ``close`` makes of a rule whose set is missing, as the end of a sentence."""
    refuses = _REFUSALS.get(entry.action or "")
    return f"the rule {refuses} whatever its other conditions match" if refuses else "the rule is left out"
