# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results as rows of a Markdown table."""

from __future__ import annotations

import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """What was measured, what came of it, and the goal where there is one."""

    what: str
    value: str
    goal: str = ""
    met: bool = True

    def __str__(self) -> str:
        verdict = ("met" if self.met else "**missed**") if self.goal else ""
        return f"| {self.what} | {self.value} | {self.goal} | {verdict} |"


HEADER = "| what | result | goal | |\n|---|---|---|---|"


def ms(seconds: list[float]) -> str:
    """The median of some times, and from which to which they lay, in milliseconds."""
    return f"{1000 * statistics.median(seconds):.0f} ms ({1000 * min(seconds):.0f}–{1000 * max(seconds):.0f}, n={len(seconds)})"
