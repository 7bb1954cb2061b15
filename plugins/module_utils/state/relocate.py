# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects whose namespace is called otherwise: one that somebody else made is addressed by its path, since it has no name of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .objects import File, Link, Namespace, Object


def relocated(one: Object, places: Mapping[str, str]) -> Object:
    """``one`` with the namespaces that are keys of ``places`` called by their values: its own, and for a link those of the other end and of its parent."""
    if isinstance(one, (File, Namespace)) or not places:
        return one
    changes: dict[str, Any] = {}
    netns = getattr(one, "netns", "")
    if netns in places:
        changes["netns"] = places[netns]
    for end in ("peer", "parent") if isinstance(one, Link) else ():
        at = getattr(one, end)
        if at is not None and at[0] in places:
            changes[end] = (places[at[0]], at[1])
    return replace(one, **changes) if changes else one
