# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rests on a parent already when a macvlan or ipvlan is to be made there."""

from __future__ import annotations

import os

from ..kernel import namespaces
from ..model.problem import Problem
from ..state.objects import Link
from .look import look
from .told import Told

# The kernel's own choice for a new one.
_MODES = {"ipvlan": "l3", "macvlan": "vepa"}


def parent_problems(link: Link) -> list[Problem]:
    """Why it cannot be made there, as far as can be seen from the host and its named namespaces. That its parent is not known is told elsewhere."""
    at = link.parent or ("", "")
    # Of several names of one namespace it is the one that was told.
    places = {os.stat(path).st_ino: netns for netns in (*namespaces.names(), "", at[0], link.netns) if os.path.exists(path := namespaces.path_of(netns))}
    seen = look(Told("", False, ground=[Link(netns, "", "") for netns in places.values()]), {}).objects.values()
    # What one of them leaves to others, they all do, since the kernel has let them in.
    other = next((one for one in seen if isinstance(one, Link) and one.parent == at and one.kind in _MODES and one.key != link.key), None)
    if other is None:
        return []
    from ..model.one_parent import parent_fault

    theirs = dict(other.options)
    # An ipvlan that is given no flag leaves that of the others as it is.
    given = {**theirs, "mode": _MODES[link.kind], **dict(link.options)}
    first, second = ((kind, str(way.get("mode")), str(way.get("flag"))) for kind, way in ((other.kind, theirs), (link.kind, given)))
    what = f"the {other.kind} {other.name}" + (f" in {other.netns}" if other.netns else "")
    fault = parent_fault(f"{what} rests on it", first, second)
    return [Problem("", "parent", at[1], f"{fault}: remove that first, or choose another parent")] if fault else []
