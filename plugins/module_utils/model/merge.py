# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How variables of several groups become one dictionary: ``cnm_networks`` and every ``cnm_networks__ANYTHING``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .keys import read_items
from .problem import Problem
from .report import Report, shown


@dataclass(frozen=True)
class Merged:
    """One dictionary out of several variables. sources: which variable each key came from."""

    values: dict[str, object] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)


def merge_variables(variables: Mapping[str, object], host: str = "") -> tuple[Merged, list[Problem]]:
    """Merges the dictionaries of all ``variables`` (name: value), whatever their order.

    A key that two variables give with equal contents is one; with different contents it is a problem that names both.
    """
    report = Report(host)
    merged = Merged()
    for variable in sorted(variables):
        for key, value in read_items(report, shown(variable), variables[variable]):
            first = merged.sources.setdefault(key, variable)
            if first == variable:
                merged.values[key] = value
            elif not equal(merged.values[key], value):
                report.add(f"{shown(variable)}.{shown(key)}", value, f"{shown(first)} declares '{shown(key)}' too, with other contents: keep one of the two")
    return merged, report.problems


def equal(one: object, other: object) -> bool:
    """Whether two raw values are the same; YAML anchors can make a value that contains itself, which is equal to no other."""
    try:
        return one == other
    except RecursionError:
        return False


def relocate(problem: Problem, variable: str, sources: Mapping[str, str]) -> Problem:
    """The problem with a path that begins with the variable where its value really stands, in place of ``variable``."""
    if not problem.path.startswith(variable + "."):
        return problem
    inside = problem.path[len(variable) + 1 :]
    words = inside.split(".")  # a name may have dots: the longest that is known is meant
    for length in range(len(words), 0, -1):
        source = sources.get(".".join(words[:length]))
        if source is not None:
            return replace(problem, path=f"{shown(source)}.{inside}")
    return problem
