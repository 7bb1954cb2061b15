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


def parent_problems(link: Link) -> list[Problem]:
    """Why it cannot be made there, as far as can be seen from the host and its named namespaces. That its parent is not known is told elsewhere."""
    at = link.parent or ("", "")
    # Of several names of one namespace it is the one that was told.
    places = {os.stat(path).st_ino: netns for netns in (*namespaces.names(), "", at[0], link.netns) if os.path.exists(path := namespaces.path_of(netns))}
    seen = look(Told("", False, ground=[Link(netns, "", "") for netns in places.values()]), {}).objects.values()
    # What one of them leaves to others, they all do, since the kernel has let them in.
    other = next((one for one in seen if isinstance(one, Link) and one.parent == at and one.kind in ("macvlan", "ipvlan") and one.key != link.key), None)
    if other is None:
        return []
    from .sharing import sharing_problems

    return sharing_problems(link, other)
