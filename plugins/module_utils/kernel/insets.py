# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture of the rules of ours in chains of others, and of nothing else on the host."""

from __future__ import annotations

from typing import Callable

from ..firewall import run as firewall
from ..firewall.inset import seen_inset
from ..firewall.text import parse_save
from ..state.inset import Inset
from ..state.objects import HostState, Key, Object


def observe_insets(places: tuple[Inset, ...]) -> Callable[[HostState, str], HostState]:
    """An observer that looks at ``places``, where ours may stand, whatever is wanted there."""

    def observe(wanted: HostState, fleet: str) -> HostState:
        objects: dict[Key, Object] = {}
        tables = {family: parse_save(firewall.save(family)) for family in sorted({place.family for place in places})}
        for place in places:
            target = wanted.objects.get(place.key, place)
            seen = seen_inset(target if isinstance(target, Inset) else place, tables[place.family].get(place.table, {}))
            if seen.rules or place.key in wanted.objects:
                objects[place.key] = seen
        return HostState(objects, frozenset(objects))

    return observe
