# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much is proven, and that it stays little in a large fleet."""

from __future__ import annotations

import tracemalloc
from ipaddress import IPv4Address
from itertools import islice

from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration
from ansible_collections.mooring.cnm.plugins.module_utils.proof.askers import local_sources
from ansible_collections.mooring.cnm.plugins.module_utils.proof.expect import Pair, expected, rows
from ansible_collections.mooring.cnm.plugins.module_utils.proof.plan import WHOLE, file_of, proof_plan
from ansible_collections.mooring.cnm.plugins.module_utils.proof.row import BLOCKED
from ansible_collections.mooring.cnm.plugins.module_utils.proof.sample import LIMIT, choose, count, every_pair, sampled_pairs
from ansible_collections.mooring.cnm.plugins.module_utils.proof.site import published_doors, survey
from ansible_collections.mooring.cnm.tests.unit.model.declared import UNHURRIED
from ansible_collections.mooring.cnm.tests.unit.proof.declared import UNDERLAY, fleets, host, network, on, prove
from hypothesis import given


def name(pair: Pair) -> tuple[str, ...]:
    site, source, door = pair
    return site.host, source, door.host, door.sandbox, door.kind, str(door.address), str(door.port)


def large(hosts: int, sandboxes: int) -> tuple[dict[str, Declaration], dict[str, IPv4Address | None]]:
    networks = [network("front", 18), network("back", 19, internal=True)]
    declared = host(networks, **{f"s{n}": on(f"{networks[n % 2].name}=172.{18 + n % 2}.0.{n + 2}") for n in range(sandboxes)})
    return {f"h{n:04}": declared for n in range(hosts)}, {f"h{n:04}": IPv4Address("198.18.0.0") + n for n in range(hosts)}


@given(fleets())
@UNHURRIED
def test_arithmetic_counts_what_would_be_enumerated(fleet: dict[str, Declaration]) -> None:
    sites = survey(fleet, UNDERLAY)
    pairs = [name(pair) for pair in every_pair(sites)]
    assert count(sites) == len(pairs) == len(set(pairs))


@given(fleets())
@UNHURRIED
def test_the_sample_is_a_part_of_all_that_asks_about_everything(fleet: dict[str, Declaration]) -> None:
    sites = survey(fleet, UNDERLAY)
    sample, everything = list(sampled_pairs(sites)), list(every_pair(sites))
    assert len({name(pair) for pair in sample}) == len(sample)
    assert {name(pair) for pair in sample} <= {name(pair) for pair in everything}
    assert {name(pair)[2:] for pair in sample} == {name(pair)[2:] for pair in everything}, "each endpoint as target, each port, each way out"
    assert {name(pair)[:2] for pair in sample} >= {name(pair)[:2] for pair in everything if pair[1] not in ("", pair[2].sandbox)}, "each sandbox as source"


@given(fleets())
@UNHURRIED
def test_the_sample_asks_between_every_two_networks_that_are_isolated(fleet: dict[str, Declaration]) -> None:
    def between(pairs: list[Pair]) -> set[tuple[str, str, str]]:
        return {(site.host, own, door.network) for site, source, door in pairs if door.kind == "endpoint" and source for own in site.networks[source] - {""}}

    sites = survey(fleet, UNDERLAY)
    isolated = {
        (site.host, own, door.network)
        for site, source, door in every_pair(sites)
        if door.kind == "endpoint" and source
        for own in site.networks[source]
        if door.network not in site.networks[source]
    }
    assert isolated <= between(list(sampled_pairs(sites)))


@given(fleets())
@UNHURRIED
def test_a_sample_has_the_controls_of_its_rows(fleet: dict[str, Declaration]) -> None:
    for row in prove("sample", **fleet):
        assert row.controls or row.expect != BLOCKED


def test_the_order_of_declaration_does_not_matter() -> None:
    declared, underlay = large(3, 6)
    turned = {host: Declaration(dict(reversed(one.networks.items())), dict(reversed(one.sandboxes.items()))) for host, one in reversed(declared.items())}
    assert proof_plan(turned, underlay, "full", "secret")[WHOLE]["pairs"] == proof_plan(declared, underlay, "full", "secret")[WHOLE]["pairs"]
    assert [name(pair) for pair in sampled_pairs(survey(turned, underlay))] == [name(pair) for pair in sampled_pairs(survey(declared, underlay))]


def test_full_is_all_up_to_the_limit_and_a_sample_above() -> None:
    small, big = survey(*large(3, 6)), survey(*large(40, 20))
    assert len(list(choose(small, "full")[0])) == count(small) <= LIMIT
    assert len(list(choose(big, "full")[0])) < count(big) > LIMIT
    assert len(list(choose(small, "sample")[0])) < count(small)
    assert list(choose(small, "none")[0]) == []


def test_a_large_fleet_is_never_enumerated() -> None:
    sites = survey(*large(1000, 20))
    tracemalloc.start()
    chosen, total = choose(sites, "full")
    asked = sum(1 for _pair in chosen)
    assert total > 400_000 and asked < 3 * 20_000
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()
    assert len(list(islice(every_pair(sites), 10))) == 10


def test_each_host_gets_only_its_part() -> None:
    files = proof_plan(*large(3, 4), "full", "secret")
    whole = files.pop(WHOLE)
    assert set(files) == {file_of(host) for host in whole["hosts"]}
    assert sum(len(part["probes"]) for part in files.values()) == len(whole["rows"])
    names = [listener["name"] for part in files.values() for listener in part["listen"]]
    assert len(set(names)) == len(names)
    assert {probe["listener"] for part in files.values() for probe in part["probes"] if probe["proto"] != "icmp"} == set(names)
    assert "secret" not in str(whole)


def test_rows_of_a_pair_are_of_all_protocols_or_of_the_ports() -> None:
    for pair in every_pair(survey(*large(2, 4))):
        assert [row.proto for row, _controls in rows(*pair)] == ["icmp", "tcp", "udp"]


@given(fleets())
@UNHURRIED
def test_who_asks_at_a_published_port_has_something_to_expect_there(fleet: dict[str, Declaration]) -> None:
    for site in survey(fleet, UNDERLAY):
        for door in (one for one in published_doors(site) if one.kind == "published" and not one.address.is_loopback):
            assert local_sources(site, door) == [name for name in ("", *site.sandboxes) if expected(site, name, door)]
