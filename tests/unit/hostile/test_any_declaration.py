# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is declared is planned, or refused with the place of what is wrong: never a traceback, and nothing hostile on a host.

Declarations go through all that needs no kernel: model, IPAM and ledger, drivers, plan, words and the text of rules. CNM_DECLARATIONS is how many
are tried, 2,000 where it is not set (`make declarations` tries 10,000).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from random import Random
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.fleet import FleetPlan, HostInput, plan_fleet
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.ledger import Ledger, ledger_dict, read_ledger
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.pools import Stock, read_pools
from ansible_collections.mooring.cnm.plugins.module_utils.model.checks import check_declaration, check_resolved
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration
from ansible_collections.mooring.cnm.plugins.module_utils.model.options import declaration_options
from ansible_collections.mooring.cnm.plugins.module_utils.model.parse import parse_declaration
from ansible_collections.mooring.cnm.plugins.module_utils.model.problem import Problem
from ansible_collections.mooring.cnm.plugins.module_utils.model.report import shown
from ansible_collections.mooring.cnm.plugins.module_utils.proof.plan import proof_plan
from ansible_collections.mooring.cnm.tests.unit.hostile.mutations import KEYS, STRINGS, mutated
from ansible_collections.mooring.cnm.tests.unit.hostile.outputs import check_outputs
from ansible_collections.mooring.cnm.tests.unit.hostile.places import leads_somewhere
from ansible_collections.mooring.cnm.tests.unit.model.declared import variables
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

DECLARATIONS = int(os.environ.get("CNM_DECLARATIONS", "2000"))
MUTANTS = 25  # of each good declaration, which takes longer to draw than to change and to plan
FLEET = "default"
RESERVED = {
    "prefixes": ["172.17.0.0/16"],
    "resolvers": ["192.0.2.53"],
    "underlay_address": "192.0.2.7",
    "underlay_mtu": 1400,
    "ports": [{"protocol": "tcp", "host_ip": "0.0.0.0", "port": 22, "process": "sshd"}],
}
EACH = settings(max_examples=max(1, DECLARATIONS // MUTANTS), deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None)


@EACH
@given(good=variables(), seed=st.integers(0, 2**64))
def test_whatever_is_declared_is_planned_or_refused_with_its_place(good: tuple[dict[str, Any], dict[str, Any]], seed: int) -> None:
    random = Random(seed)
    assert _planned_or_refused({"cnm_networks": good[0], "cnm_sandboxes": good[1]})
    for _time in range(MUTANTS - 1):
        _planned_or_refused(mutated({"cnm_networks": good[0], "cnm_sandboxes": good[1]}, random))


@pytest.mark.parametrize("at", range(0, len(STRINGS), 10))
def test_no_hostile_string_passes_under_any_key(at: int) -> None:
    """Each of them under every key that the model knows, in a network, an endpoint and a sandbox, and as the name of each."""
    for text in STRINGS[at : at + 10]:
        for key in KEYS:
            _planned_or_refused({"cnm_networks": {"front": {key: text}}, "cnm_sandboxes": {"web": {"networks": {"front": {key: text}}}}})
            _planned_or_refused({"cnm_networks": {"front": {}}, "cnm_sandboxes": {"web": {"networks": ["front"], key: [text]}, "db": {key: {text: text}}}})
        _planned_or_refused({"cnm_networks": {text: {}}, "cnm_sandboxes": {text: {"networks": {text: {"aliases": [text]}}}}})


@EACH
@given(good=variables(), seed=st.integers(0, 2**64))
def test_so_is_whatever_stands_in_the_ledger_and_the_other_variables(good: tuple[dict[str, Any], dict[str, Any]], seed: int) -> None:
    """And whatever a host says of itself: that is no person's to mend, so it is passed over."""
    random = Random(seed)
    declared = {"cnm_networks": good[0], "cnm_sandboxes": good[1]}
    kept = ledger_dict(_plan(declared, Ledger()).ledger)
    for _time in range(MUTANTS):
        others = mutated({"ledger": kept, "cnm_address_pools": [{"base": "10.64.0.0/16", "size": 24}], "cnm_fleet": FLEET, "reserved": RESERVED}, random)
        if not isinstance(others, dict):
            continue
        ledger, problems = read_ledger(others.get("ledger"))
        pools, pool_problems = read_pools(others.get("cnm_address_pools"))
        if problems or pool_problems:
            _check_problems((*problems, *pool_problems), others)
            continue
        fleet = shown(others.get("cnm_fleet"))
        found = plan_fleet({"node1": _host(declared, others.get("reserved"))}, ledger, Stock(pools), fleet, random.random() < 0.5)
        _check_problems(found.problems, {**declared, **others})
        if not found.problems and others.get("reserved") is not None:  # a host that did not report is left open
            _check_planned(found, fleet)


def _host(given: dict[Any, Any], reserved: Any) -> HostInput:
    named = ({key: one for key, one in given.items() if key == name or str(key).startswith(f"{name}__")} for name in ("cnm_networks", "cnm_sandboxes"))
    return HostInput(*named, reserved)


def _plan(given: dict[Any, Any], ledger: Ledger) -> FleetPlan:
    return plan_fleet({"node1": _host(given, {})}, ledger, Stock(), FLEET, True)


def _planned_or_refused(raw: Any) -> bool:
    """Whether it was planned; every problem has a place, and every plan is a good one."""
    given = raw if isinstance(raw, dict) else {}
    found = _plan(given, Ledger())
    _check_problems(found.problems, given)
    if not found.problems:
        _check_planned(found, FLEET)
    return not found.problems


def _check_problems(problems: Iterable[Problem], given: dict[Any, Any]) -> None:
    for problem in problems:
        assert all(text.isprintable() and len(text) < 1500 for text in problem.as_dict().values()), problem
        assert problem.message and leads_somewhere(problem.path, given), (problem, given)


def _check_planned(found: FleetPlan, fleet: str) -> None:
    declaration = found.declarations["node1"]
    wanted = host_state(declaration, fleet)
    check_outputs(wanted)
    kept = json.loads(json.dumps(ledger_dict(found.ledger)))
    ledger, problems = read_ledger(kept)
    assert (ledger_dict(ledger), problems) == (kept, [])
    proof_plan({"node1": declaration}, {"node1": None}, "sample", "0123456789abcdef")
    options = json.loads(json.dumps(declaration_options(declaration)))
    on_the_host, problems = parse_declaration(options["networks"], options["sandboxes"])
    assert [*problems, *check_declaration(on_the_host), *check_resolved(on_the_host)] == []
    assert on_the_host == declaration == Declaration(on_the_host.networks, on_the_host.sandboxes)
