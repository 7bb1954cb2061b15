# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a new link can share its parent with one that rests there already."""

from __future__ import annotations

from ..model.one_parent import parent_fault
from ..model.problem import Problem
from ..state.objects import Link

# The kernel's own choice for a new one.
_MODES = {"ipvlan": "l3", "macvlan": "vepa"}


def sharing_problems(link: Link, other: Link) -> list[Problem]:
    """Why it cannot. An ipvlan that is given no flag leaves that of the others as it is."""
    theirs = dict(other.options)
    given = {**theirs, "mode": _MODES[link.kind], **dict(link.options)}
    first, second = ((kind, str(way.get("mode")), str(way.get("flag"))) for kind, way in ((other.kind, theirs), (link.kind, given)))
    what = f"the {other.kind} {other.name}" + (f" in {other.netns}" if other.netns else "")
    fault = parent_fault(f"{what} rests on it", first, second)
    return [Problem("", "parent", (link.parent or ("", ""))[1], f"{fault}: remove that first, or choose another parent")] if fault else []
