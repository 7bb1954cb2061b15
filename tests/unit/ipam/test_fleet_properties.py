# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for the plan of every fleet."""

from __future__ import annotations

from typing import Any

from ansible_collections.mooring.cnm.plugins.module_utils.ipam.fleet import FleetPlan, HostInput, plan_fleet
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.ledger import Ledger, ledger_dict, read_ledger
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.pools import Stock, read_pools
from ansible_collections.mooring.cnm.plugins.module_utils.model.checks import check_declaration, check_resolved
from ansible_collections.mooring.cnm.plugins.module_utils.model.options import declaration_options
from ansible_collections.mooring.cnm.plugins.module_utils.model.parse import parse_declaration
from ansible_collections.mooring.cnm.tests.unit.model.declared import ANYTHING, UNHURRIED, Raw, fleets
from hypothesis import given
from hypothesis import strategies as st

RESERVED = st.sampled_from([{}, {"prefixes": ["172.17.3.0/24", "0.0.0.0/0"], "resolvers": ["172.19.0.53"], "underlay_address": "192.0.2.7"}])
FLEETS = st.tuples(fleets(), RESERVED, RESERVED).map(lambda one: {host: (raw, one[1 + at % 2]) for at, (host, raw) in enumerate(one[0].items())})


def inputs(fleet: dict[str, tuple[Raw, Any]]) -> dict[str, HostInput]:
    return {name: HostInput({"cnm_networks": raw[0]}, {"cnm_sandboxes": raw[1]}, reserved) for name, (raw, reserved) in fleet.items()}


def plan(hosts: dict[str, HostInput], ledger: Ledger, allocate: bool = True) -> FleetPlan:
    return plan_fleet(hosts, ledger, Stock(), "default", allocate)


def places(found: FleetPlan) -> dict[tuple[str, ...], object]:
    """Who has which subnets, VNIs and addresses."""
    held: dict[tuple[str, ...], object] = {}
    for host, declaration in found.declarations.items():
        held.update({(host, name): (one.subnets, one.vnis, one.host_shim) for name, one in declaration.networks.items()})
        legs = [(name, leg) for name, sandbox in declaration.sandboxes.items() for leg in sandbox.endpoints]
        held.update({(host, name, leg.network): (leg.ipv4_address, leg.ipv6_address) for name, leg in legs})
    return held


@UNHURRIED
@given(FLEETS)
def test_everything_is_given_once_and_the_plan_is_stable(fleet: dict[str, tuple[Raw, Any]]) -> None:
    hosts = inputs(fleet)
    found = plan(hosts, Ledger())
    assert found.problems == ()
    for declaration in found.declarations.values():
        assert check_declaration(declaration) == check_resolved(declaration) == []
        options = declaration_options(declaration)
        assert parse_declaration(options["networks"], options["sandboxes"]) == (declaration, [])
    written, problems = read_ledger(ledger_dict(found.ledger))
    assert (written, problems) == (found.ledger, [])
    assert plan(hosts, written) == found
    assert plan(hosts, written, allocate=False) == found
    silent = {name: HostInput(one.networks, one.sandboxes) for name, one in hosts.items()}
    assert plan(silent, written) == found


@UNHURRIED
@given(FLEETS, st.randoms())
def test_the_order_of_declaration_does_not_matter(fleet: dict[str, tuple[Raw, Any]], random: Any) -> None:
    def shuffled(value: Any) -> Any:
        items = list(value.items())
        random.shuffle(items)
        return dict(items)

    other = {name: ((shuffled(raw[0]), shuffled(raw[1])), reserved) for name, (raw, reserved) in fleet.items()}
    found = plan(inputs(fleet), Ledger())
    again = plan(inputs(shuffled(other)), Ledger())
    assert again == found
    assert str(ledger_dict(again.ledger)) == str(ledger_dict(found.ledger))
    assert list(again.declarations) == list(found.declarations)


@UNHURRIED
@given(FLEETS, FLEETS)
def test_nothing_moves_while_it_is_declared(before: dict[str, tuple[Raw, Any]], added: dict[str, tuple[Raw, Any]]) -> None:
    first = plan(inputs(before), Ledger())
    more = dict(before)
    for name, (raw, reserved) in added.items():
        old_raw, old_reserved = before.get(name, (({}, {}), reserved))
        # New networks have no subnet of their own here: one that overlaps is a problem, not a move.
        networks = {f"new.{key}": None for key in raw[0]} | old_raw[0]
        joined = [key for key, one in networks.items() if one is None or one.get("driver", "bridge") == "bridge"]
        sandboxes = {f"new.{key}": {"networks": joined} for key in raw[1]} | old_raw[1]
        more[name] = ((networks, sandboxes), old_reserved)
    second = plan(inputs(more), first.ledger)
    assert second.problems == ()
    moved = {key: place for key, place in places(first).items() if places(second)[key] != place}
    assert moved == {}
    third = plan(inputs(before), second.ledger)
    assert (third.declarations, third.ledger) == (first.declarations, first.ledger)


@UNHURRIED
@given(st.dictionaries(st.text(max_size=5), st.tuples(ANYTHING, ANYTHING, ANYTHING), max_size=3), ANYTHING, ANYTHING, st.text(max_size=5), st.booleans())
def test_nothing_raises(hosts: dict[str, tuple[Any, Any, Any]], raw_ledger: object, raw_pools: object, fleet: str, allocate: bool) -> None:
    given_hosts = {name: HostInput({"cnm_networks": one}, {"cnm_sandboxes": two}, reserved) for name, (one, two, reserved) in hosts.items()}
    ledger = read_ledger(raw_ledger)[0]
    found = plan_fleet(given_hosts, ledger, Stock(read_pools(raw_pools)[0]), fleet, allocate)
    assert list(found.problems) == sorted(found.problems)
    ledger_dict(found.ledger)
