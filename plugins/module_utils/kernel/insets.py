# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture of the rules of ours in chains of others, and of nothing else on the host."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable

from ..firewall import run as firewall
from ..firewall.inset import seen_inset
from ..firewall.text import parse_save
from ..state.inset import Inset
from ..state.objects import HostState, Key, Object
from ..state.rule import NFT_FAMILIES
from .nftables import read_tables


def observe_insets(places: tuple[Inset, ...]) -> Callable[[HostState, str], HostState]:
    """An observer that looks at ``places``, where ours may stand, whatever is wanted there."""

    def observe(wanted: HostState, fleet: str) -> HostState:
        objects: dict[Key, Object] = {}
        saved = {family: parse_save(firewall.save(family)) for family in sorted({place.family for place in places})}
        tables = read_tables()
        for place in places:
            target = wanted.objects.get(place.key, place)
            target = target if isinstance(target, Inset) else place
            seen = _in_table(target, tables) if place.backend == "nftables" else seen_inset(target, saved[place.family].get(place.table, {}))
            if seen.rules or place.key in wanted.objects or (seen.standing is not None and place.backend == "nftables"):
                objects[place.key] = seen
        return HostState(objects, frozenset(objects))

    return observe


def _in_table(place: Inset, tables: set[tuple[str, str]]) -> Inset:
    family = NFT_FAMILIES[place.family]
    if (family, place.table) not in tables:
        return replace(place, rules=(), reached=False, alone=True)
    from ..firewall.nft_inset import seen_in_table

    return seen_in_table(place, firewall.list_table(family, place.table))
