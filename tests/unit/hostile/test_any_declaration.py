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
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.describe import describe
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.fleet import FleetPlan, HostInput, plan_fleet
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.ledger import Ledger, ledger_dict, read_ledger
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.pools import Stock, read_pools
from ansible_collections.mooring.cnm.plugins.module_utils.model.complete import complete_topology
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration
from ansible_collections.mooring.cnm.plugins.module_utils.model.network import DRIVERS
from ansible_collections.mooring.cnm.plugins.module_utils.model.parent import vlan_of
from ansible_collections.mooring.cnm.plugins.module_utils.model.peers import topology_options
from ansible_collections.mooring.cnm.plugins.module_utils.model.problem import Problem
from ansible_collections.mooring.cnm.plugins.module_utils.model.report import shown
from ansible_collections.mooring.cnm.plugins.module_utils.proof.plan import proof_plan
from ansible_collections.mooring.cnm.plugins.module_utils.state.fit import fitted
from ansible_collections.mooring.cnm.plugins.module_utils.state.ground import Ground
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import HostState, Link
from ansible_collections.mooring.cnm.plugins.module_utils.state.plan import plan
from ansible_collections.mooring.cnm.plugins.module_utils.state.words import in_words
from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.inventory import Fleet
from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.slices import plan_files, read_slice, with_mtus
from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.underlay import Underlay
from ansible_collections.mooring.cnm.tests.unit.hostile.mutations import KEYS, STRINGS, mutated
from ansible_collections.mooring.cnm.tests.unit.hostile.outputs import check_outputs
from ansible_collections.mooring.cnm.tests.unit.hostile.places import leads_somewhere
from ansible_collections.mooring.cnm.tests.unit.model.declared import fleets, variables
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
    "links": [{"name": "eth0", "mtu": 1500}, {"name": "mac0", "kind": "macvlan", "parent": "eth1", "mtu": 1400, "up": False, "master": ""}],
}
GROUNDS = (
    Ground(),
    Ground("nftables"),
    Ground(legacy=frozenset({"ipv4", "ipv6"}), first=frozenset({"ipv4"}), dropping=(("ipv6", "nft", "FORWARD"),)),
)
# What a host is told beside the declaration, or fills in.
OF_THE_HOST: dict[str, Any] = {"peers": (), "underlay_address": None, "mtu": None}
EACH = settings(max_examples=max(1, DECLARATIONS // MUTANTS), deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None)


@EACH
@given(good=variables(), seed=st.integers(0, 2**64))
def test_whatever_is_declared_is_planned_or_refused_with_its_place(good: tuple[dict[str, Any], dict[str, Any]], seed: int) -> None:
    random = Random(seed)
    fleet = random.choice((FLEET, "f" * 63))
    assert _planned_or_refused({"cnm_networks": good[0], "cnm_sandboxes": good[1]}, fleet)
    for _time in range(MUTANTS - 1):
        _planned_or_refused(mutated({"cnm_networks": good[0], "cnm_sandboxes": good[1]}, random), fleet)


@EACH
@given(good=fleets(), seed=st.integers(0, 2**64))
def test_so_is_whatever_several_hosts_declare(good: dict[str, tuple[dict[str, Any], dict[str, Any]]], seed: int) -> None:
    """They share networks; what one of them says otherwise is a problem with a place on one of them."""
    random = Random(seed)
    hosts = {host: {"cnm_networks": raw[0], "cnm_sandboxes": raw[1]} for host, raw in good.items()}
    assert _all_planned_or_refused(hosts)
    for _time in range(MUTANTS // 5 if hosts else 0):
        changed = random.choice(sorted(hosts))
        _all_planned_or_refused({host: mutated(raw, random) if host == changed else raw for host, raw in hosts.items()})


@pytest.mark.parametrize("at", range(0, len(STRINGS), 10))
def test_no_hostile_string_passes_under_any_key(at: int) -> None:
    """Each of them under every key that the model knows, in a network, an endpoint and a sandbox, and as the name of each."""
    for text in STRINGS[at : at + 10]:
        for key in KEYS:
            _planned_or_refused({"cnm_networks": {"front": {key: text}}, "cnm_sandboxes": {"web": {"networks": {"front": {key: text}}}}})
            _planned_or_refused({"cnm_networks": {"front": {}}, "cnm_sandboxes": {"web": {"networks": ["front"], key: [text]}, "db": {key: {text: text}}}})
            _planned_or_refused({"cnm_sandboxes": {"web": {key: text}}})
            for driver in (driver for driver, keys in DRIVERS.items() if driver != "bridge" and {key, text} & {*keys.readers, *keys.driver_opts}):
                _planned_or_refused({"cnm_networks": {"front": {"driver": driver, key: text, "driver_opts": {key: text}}}})
        for driver in DRIVERS:
            on = {"networks": {text: {"aliases": [text]}}}
            _planned_or_refused({"cnm_networks": {text: {"driver": driver}}, "cnm_sandboxes": {"web": on, text: on}})
        _planned_or_refused({"cnm_networks": {text: {}}, "cnm_sandboxes": {text: {"networks": {text: {"aliases": [text]}}}}})


@EACH
@given(good=variables(), seed=st.integers(0, 2**64))
def test_so_is_whatever_stands_in_the_ledger_and_the_other_variables(good: tuple[dict[str, Any], dict[str, Any]], seed: int) -> None:
    """And whatever a host says of itself: that is no person's to mend, so it is passed over."""
    random = Random(seed)
    declared = {"cnm_networks": good[0], "cnm_sandboxes": good[1]}
    kept = ledger_dict(_plan({"node1": declared}, Ledger()).ledger)
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


def _plan(hosts: dict[str, Any], ledger: Ledger, fleet: str = FLEET) -> FleetPlan:
    return plan_fleet({host: _host(given, {}) for host, given in hosts.items()}, ledger, Stock(), fleet, True)


def _planned_or_refused(raw: Any, fleet: str = FLEET) -> bool:
    """The same of one host."""
    return _all_planned_or_refused({"node1": raw}, fleet)


def _all_planned_or_refused(hosts: dict[str, Any], fleet: str = FLEET) -> bool:
    """Whether it was planned; every problem has a place, and every plan is a good one."""
    given = {host: raw if isinstance(raw, dict) else {} for host, raw in hosts.items()}
    found = _plan(given, Ledger(), fleet)
    for host in given:
        _check_problems((one for one in found.problems if one.host == host), given[host])
    assert {one.host for one in found.problems} <= given.keys()
    if not found.problems:
        _check_planned(found, fleet)
    return not found.problems


def _check_problems(problems: Iterable[Problem], given: dict[Any, Any]) -> None:
    for problem in problems:
        assert all(text.isprintable() and len(text) < 1500 for text in problem.as_dict().values()), problem
        assert problem.message and leads_somewhere(problem.path, given), (problem, given)


def _check_planned(found: FleetPlan, fleet: str) -> None:
    """What is laid down for each host, read there again, is what was planned, and nothing hostile comes of it."""
    kept = json.loads(json.dumps(ledger_dict(found.ledger)))
    ledger, problems = read_ledger(kept)
    assert (ledger_dict(ledger), problems) == (kept, [])
    proof_plan(found.declarations, dict.fromkeys(found.declarations), "sample", "0123456789abcdef")
    underlay = {host: Underlay(IPv4Address("198.18.0.11") + at, None, 1400) for at, host in enumerate(found.declarations)}
    whole = Fleet(fleet, dict.fromkeys(underlay, HostInput()), frozenset(underlay), underlay, 4789, {}, Stock(), "", "sample", "auto", [], [])
    with TemporaryDirectory() as folder:
        for name, part in plan_files(whole, with_mtus(found.declarations, underlay), underlay).items():
            (Path(folder) / name).write_text(json.dumps(part))
        for host, declaration in found.declarations.items():
            told, problems = complete_topology(read_slice(folder, host))
            assert problems == []
            assert told.sandboxes == declaration.sandboxes
            assert {name: replace(one, **OF_THE_HOST) for name, one in told.networks.items()} == {
                name: replace(one, **OF_THE_HOST) for name, one in declaration.networks.items()
            }
            _check_on_host(told, fleet)


def _check_on_host(told: Declaration, fleet: str) -> None:
    """By each backend of rules; and what ``after`` would say, declared again, is the same."""
    places = enumerate(told.sandboxes.values())
    boxes = {one.name: replace(one, namespace=("netns", f"/proc/{at + 1}/ns/net")) if one.namespace else one for at, one in places}
    attached = replace(told, sandboxes=boxes)
    for ground in GROUNDS:
        check_outputs(host_state(attached, fleet, ("docker0",), ground))
    # A network that nobody here is in leaves no trace but its parent on a wire, nor does a namespace of others without endpoints but its hosts file.
    attached = replace(told, sandboxes={name: one for name, one in boxes.items() if one.endpoints or not one.namespace})
    used = {end.network for box in boxes.values() for end in box.endpoints} | {
        name for name, one in told.networks.items() if one.host_shim or one.docker_network
    }
    networks = {name: one for name, one in told.networks.items() if one.driver == "bridge" or name in used}
    wires = {one.parent and (vlan_of(one.parent) or (one.parent,))[0] for one in networks.values()} - {None}
    others = {one.key: one for one in (Link("", str(name), "veth", None, mtu=9000) for name in wires)}
    wanted = fitted(host_state(replace(attached, networks=networks), fleet), HostState(others))
    stands = HostState({**wanted.objects, **others}, wanted.owned)
    options = json.loads(json.dumps(topology_options(describe(stands, fleet))))
    again, problems = complete_topology(options)
    assert problems == []
    assert [in_words(op) for op in plan(stands, host_state(again, fleet)).ops] == []
