# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From rules and their places to what holds them on a host: chains of iptables, or a table of nftables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..state.chain import Chain, Jump, Table
from ..state.ground import Ground
from ..state.objects import Object
from ..state.rule import Rule
from ..state.tag import chain_name, table_name
from .place import FORWARD, PORTS, UNDERLAY, Place, jumps

Placed = tuple[Place, int, Rule]


def firewall_objects(placed: list[Placed], fleet: str, ground: Ground) -> Iterator[Object]:
    """Chains with their rules by rank, each rule once, and the jumps to them; and the accepts that other chains need."""
    rules: dict[Place, dict[Rule, None]] = {}
    for place, _rank, rule in sorted(placed, key=lambda one: one[1]):
        rules.setdefault(place, {})[rule] = None
    in_order = {place: tuple(_sorted(place, list(found))) for place, found in sorted(rules.items())}
    parts = [part for place, found in in_order.items() if place.of(4) != UNDERLAY for part in _parts(place, found, fleet)]
    if ground.backend == "iptables":
        yield from (_in_iptables(part, ground) for part in parts)
    elif parts:
        # An accept there would say nothing: another base chain drops all the same.
        ours = (part for part in parts if part.table != FORWARD.table)
        yield Table(table_name(fleet), tuple(sorted(ours, key=lambda part: part.key)))
    yield from _accepts(in_order, fleet, ground)
    if ground.closed:
        from .openings import openings

        yield from openings(in_order, fleet, ground)


def _sorted(place: Place, rules: list[Rule]) -> list[Rule]:
    """Published ports in an order of their own, since a map has none: those of one address first."""
    if place.of(4) != PORTS:
        return rules
    return sorted(rules, key=lambda rule: (rule.destination is None, str(rule.protocol), int(rule.port or 0), rule.destination or ""))


def _parts(place: Place, rules: tuple[Rule, ...], fleet: str) -> Iterator[Chain | Jump]:
    yield Chain(place.family, place.table, chain_name(fleet, place.name), rules)
    yield from jumps(place, fleet)


def _in_iptables(part: Chain | Jump, ground: Ground) -> Chain | Jump:
    form = ground.form(part.family)
    if isinstance(part, Jump) and part.table == FORWARD.table and part.family in ground.first:
        return replace(part, form=form, position="first")
    return replace(part, form=form)


def _accepts(rules: dict[Place, tuple[Rule, ...]], fleet: str, ground: Ground) -> Iterator[Jump]:
    """Accepts for our bridges in chains of others that would drop what we let pass."""
    for family, form, chain in ground.dropping:
        every = rules.get(replace(FORWARD, family=family), ())
        found = tuple(replace(rule, comment=f"cnm:{fleet}") for rule in every if rule.target == "ACCEPT" and not rule.states)
        if found:
            yield Jump(family, FORWARD.table, chain, "ACCEPT", found, "first", form)
