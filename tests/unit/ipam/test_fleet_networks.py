# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of scope fleet: one address space over all hosts, in which nothing moves while it is declared."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.fleet_assign import FleetAssignment, assign_fleet, with_fleet
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.ledger import Grant, Ledger, ledger_dict, read_ledger
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.missing import Missing
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.pools import Stock, read_overlay_pool
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration, Endpoint, Network, Sandbox, Subnet
from ansible_collections.mooring.cnm.plugins.module_utils.model.report import Report
from ansible_collections.mooring.cnm.plugins.module_utils.model.reserved import Reserved
from ansible_collections.mooring.cnm.tests.unit.model.declared import UNHURRIED
from hypothesis import given
from hypothesis import strategies as st

Given = dict[str, Declaration]


def overlay(name: str = "ov", subnet: str | None = None, vnis: tuple[int, ...] = (), driver: str = "overlay") -> Network:
    return Network(name, driver, "fleet", subnets=(Subnet(IPv4Network(subnet)),) if subnet else (), vnis=vnis)


def declared(*networks: Network, **sandboxes: str) -> Declaration:
    """sandboxes: each with its networks, with or without an address: ``web="ov a=10.0.0.9"``."""
    found = {}
    for name, words in sandboxes.items():
        legs = [(network, address) for network, _equals, address in (word.partition("=") for word in words.split())]
        found[name] = Sandbox(name, endpoints=tuple(Endpoint(network, IPv4Address(address) if address else None) for network, address in legs))
    return Declaration({one.name: one for one in networks}, found)


def assign(
    hosts: Given, ledger: Ledger | None = None, silent: str = "", allocate: bool = True, **seen: str
) -> tuple[FleetAssignment, list[tuple[str, str, str]]]:
    reports = {host: Report(host) for host in hosts}
    reserved = {host: Reserved((IPv4Network(seen[host]),) if host in seen else ()) for host in hosts}
    missing = dict.fromkeys(hosts, Missing.GIVEN if allocate else Missing.REFUSED)
    found = assign_fleet(reports, hosts, ledger or Ledger(), reserved, Stock(), "default", missing, frozenset(silent.split()))
    return found, [(one.host, one.path, one.message) for report in reports.values() for one in report.problems]


def ledger_of(found: FleetAssignment) -> Ledger:
    return Ledger(found.networks, found.endpoints)


def addresses(found: FleetAssignment, network: str = "ov") -> dict[str, str]:
    return {f"{host}/{sandbox}": " ".join(map(str, given)) for (host, sandbox), given in found.addresses[network].items()}


def test_subnets_vnis_and_addresses_in_turn() -> None:
    networks = (overlay("ov1"), overlay("ov2"), overlay("ov3", "10.22.1.0/24"))
    hosts = {"host1": declared(*networks, bbox1="ov1", bbox3="ov2"), "host2": declared(*networks, bbox2="ov1 ov3")}
    found, problems = assign(hosts)
    assert problems == []
    assert {name: (str(one.subnets[0].subnet), str(one.subnets[0].gateway), one.vnis) for name, one in found.filled.items()} == {
        "ov1": ("10.0.0.0/24", "10.0.0.1", (256,)),
        "ov2": ("10.0.1.0/24", "10.0.1.1", (257,)),
        "ov3": ("10.22.1.0/24", "10.22.1.1", (258,)),
    }
    assert addresses(found, "ov1") == {"host1/bbox1": "10.0.0.2", "host2/bbox2": "10.0.0.3"}
    assert found.networks["ov3"] == Grant((), (258,))
    assert with_fleet(hosts["host2"], found, "host2").sandboxes["bbox2"].endpoints[0].ipv4_address == IPv4Address("10.0.0.3")
    assert assign(hosts, ledger_of(found)) == (found, [])
    assert assign(hosts, ledger_of(found), allocate=False) == (found, [])


def test_other_networks_of_the_fleet_take_from_the_address_pools_and_have_no_vni() -> None:
    found, problems = assign({"a": declared(overlay("lan", driver="macvlan"))}, a="172.17.0.0/24")
    assert (str(found.filled["lan"].subnets[0].subnet), found.filled["lan"].vnis, problems) == ("172.18.0.0/16", (), [])


def test_a_subnet_is_free_on_every_host() -> None:
    local = Network("local", subnets=(Subnet(IPv4Network("10.0.1.0/24")),))
    found, _problems = assign(
        {"a": declared(overlay()), "b": declared(overlay(), local)}, Ledger({"b/old": Grant((IPv4Network("10.0.2.0/24"),))}), a="10.0.0.0/24"
    )
    assert str(found.filled["ov"].subnets[0].subnet) == "10.0.3.0/24"


def test_a_sandbox_takes_its_address_along_to_another_host() -> None:
    first, _problems = assign({"a": declared(overlay(), web="ov", x="ov"), "b": declared(overlay(), db="ov")})
    assert addresses(first) == {"a/web": "10.0.0.2", "a/x": "10.0.0.3", "b/db": "10.0.0.4"}
    moved, problems = assign({"a": declared(overlay(), x="ov"), "b": declared(overlay(), db="ov", aaa="ov", web="ov")}, ledger_of(first))
    assert (addresses(moved), problems) == ({"a/x": "10.0.0.3", "b/db": "10.0.0.4", "b/web": "10.0.0.2", "b/aaa": "10.0.0.5"}, [])


def test_what_a_silent_host_may_still_have_is_not_given_away() -> None:
    first, _problems = assign({"a": declared(overlay(), web="ov"), "b": declared(overlay(), db="ov")})
    hosts = {"a": declared(overlay()), "b": declared(overlay(), db="ov", web="ov")}
    found, problems = assign(hosts, ledger_of(first), silent="a")
    assert (addresses(found), problems) == ({"b/db": "10.0.0.3", "b/web": "10.0.0.4"}, [])
    assert set(found.endpoints["ov"]) == {"a/web", "b/db", "b/web"}
    gone, _problems = assign({"a": declared(), "b": declared()}, ledger_of(first), silent="a")
    assert gone.endpoints == {"ov": {"a/web": (IPv4Address("10.0.0.2"),)}}
    assert gone.networks == first.networks
    assert assign({"a": declared(), "b": declared()}, ledger_of(first))[0] == FleetAssignment()


def test_a_silent_host_gets_addresses_too_since_the_others_must_know_them() -> None:
    found, _problems = assign({"a": declared(overlay(), web="ov"), "b": declared(overlay(), db="ov")}, silent="b")
    assert addresses(found) == {"a/web": "10.0.0.2", "b/db": "10.0.0.3"}


MAC = Declaration({"ov": overlay()}, {"x": Sandbox("x", endpoints=(Endpoint("ov", mac_address="06:00:00:00:00:01"),))})


@pytest.mark.parametrize(
    ("hosts", "ledger", "host", "path", "words"),
    [
        ({"a": declared(overlay()), "b": declared(overlay(vnis=(300,)))}, {}, "b", "cnm_networks.ov.vni", "a has none: make them the same"),
        (
            {"a": declared(overlay(subnet="10.1.0.0/24")), "b": declared(overlay(subnet="10.2.0.0/24"))},
            {},
            "b",
            "cnm_networks.ov.ipam",
            "network ov is one network on all hosts of the fleet, and a has {'config': [{'subnet': '10.1.0.0/24'}]}",
        ),
        ({"a": declared(overlay()), "b": declared(Network("ov"))}, {}, "b", "cnm_networks.ov.driver", "a has overlay"),
        (
            {"a": declared(overlay(subnet="10.1.0.0/24"), x="ov=10.1.0.9"), "b": declared(overlay(subnet="10.1.0.0/24"), y="ov=10.1.0.9")},
            {},
            "b",
            "cnm_sandboxes.y.networks.ov.ipv4_address",
            "sandbox x of host a has it in network ov",
        ),
        ({"a": MAC, "b": MAC}, {}, "b", "cnm_sandboxes.x.networks.ov.mac_address", "sandbox x of host a has it"),
        ({"a": declared(overlay(vnis=(300,)), overlay("two", vnis=(300,)))}, {}, "a", "cnm_networks.two.vni", "network ov has this VNI"),
        (
            {"a": declared(overlay(), overlay("two", vnis=(256,)))},
            {"ov": Grant((IPv4Network("10.0.0.0/24"),), (256,))},
            "a",
            "cnm_networks.two.vni",
            "the ledger gave this VNI to network ov",
        ),
        (
            {"a": declared(overlay(), x="ov=10.0.0.9")},
            {"ov": Grant((IPv4Network("10.0.0.0/24"),))},
            "a",
            "cnm_sandboxes.x.networks.ov.ipv4_address",
            "(10.0.0.0/24 is the one that the ledger gave)",
        ),
    ],
)
def test_one_problem(hosts: Given, ledger: dict[str, Grant], host: str, path: str, words: str) -> None:
    _found, problems = assign(hosts, Ledger(ledger))
    assert [one[:2] for one in problems if one[1] != "cnm_networks.ov.scope"] == [(host, path)]
    assert words in problems[0][2]


def test_what_differs_by_host() -> None:
    hosts = {"a": Declaration({"ov": Network("ov", "overlay", "fleet", mtu=1400)}), "b": declared(overlay())}
    found, problems = assign(hosts)
    assert problems == []
    assert [with_fleet(hosts[host], found, host).networks["ov"].mtu for host in hosts] == [1400, None]


def test_nothing_new_when_nothing_may_be_given() -> None:
    _found, problems = assign({"a": declared(overlay(subnet="10.1.0.0/24"), overlay("two"), x="ov")}, allocate=False)
    assert [path for _host, path, _message in problems] == ["cnm_networks.two.ipam", "cnm_networks.ov.vni", "cnm_sandboxes.x.networks.ov.ipv4_address"]
    assert all("run the playbook site" in message for _host, _path, message in problems)


@pytest.mark.parametrize(
    ("raw", "pools"), [("10.128.0.0/16", ["10.128.0.0/16 24"]), ({"base": "10.0.0.0/9", "size": 25}, ["10.0.0.0/9 25"]), ([], []), (None, ["10.0.0.0/8 24"])]
)
def test_overlay_pool(raw: object, pools: list[str]) -> None:
    found, problems = read_overlay_pool(raw)
    assert ([f"{one.base} {one.size}" for one in found], problems) == (pools, [])


@pytest.mark.parametrize(
    ("raw", "path"), [("10.0.0.0/25", "cnm_overlay_pool.size"), ([{"base": "10.0.0.0/8"}], "cnm_overlay_pool[0].size"), (7, "cnm_overlay_pool")]
)
def test_overlay_pool_problems(raw: object, path: str) -> None:
    assert [one.path for one in read_overlay_pool(raw)[1]] == [path]


FLEETS = st.dictionaries(st.sampled_from("abcd"), st.dictionaries(st.sampled_from("uvwxyz"), st.sets(st.sampled_from(["ov1", "ov2"]))))


def fleet(raw: dict[str, dict[str, set[str]]]) -> Given:
    return {host: declared(overlay("ov1"), overlay("ov2"), **{name: " ".join(sorted(on)) for name, on in sandboxes.items()}) for host, sandboxes in raw.items()}


@UNHURRIED
@given(FLEETS, FLEETS)
def test_unique_stable_and_path_independent(before: dict[str, dict[str, set[str]]], after: dict[str, dict[str, set[str]]]) -> None:
    first, problems = assign(fleet(before))
    second, more = assign(fleet(after), ledger_of(first))
    assert problems == more == []
    for name in ("ov1", "ov2"):
        held = list(second.addresses.get(name, {}).values())
        assert len(set(held)) == len(held)
        both = first.addresses.get(name, {}).keys() & second.addresses.get(name, {}).keys()
        assert all(first.addresses[name][place] == second.addresses[name][place] for place in both)
    assert assign(fleet(after), ledger_of(second)) == (second, [])


RUNS = st.lists(
    st.tuples(st.dictionaries(st.sampled_from("abc"), st.dictionaries(st.sampled_from("uvw"), st.sampled_from("012"))), st.sets(st.sampled_from("abc")))
)


@UNHURRIED
@given(RUNS)
def test_a_ledger_that_was_written_can_be_read(runs: list[tuple[dict[str, dict[str, str]], set[str]]]) -> None:
    """Whichever overlays come and go, and whichever hosts are down meanwhile and keep what they have: else no run could begin any more."""
    ledger = Ledger()
    for hosts, down in runs:
        legs = {host: {sandbox: f"ov{at}" for sandbox, at in sandboxes.items()} for host, sandboxes in hosts.items()}
        found, problems = assign({host: declared(*map(overlay, {*on.values()}), **on) for host, on in legs.items()}, ledger, " ".join(down))
        ledger = ledger_of(found)
        assert (problems, read_ledger(ledger_dict(ledger))) == ([], (ledger, []))


def test_a_vni_that_a_silent_host_may_still_have_is_not_given_away() -> None:
    first, _problems = assign({"a": declared(overlay(), web="ov"), "b": declared(overlay(), db="ov")})
    found, problems = assign({"a": declared(), "b": declared(overlay("new"), db="new")}, ledger_of(first), silent="a")
    assert ({name: grant.vnis for name, grant in found.networks.items()}, problems) == ({"ov": (256,), "new": (257,)}, [])
    again, problems = assign({"a": declared(), "b": declared(overlay("new"), db="new")}, ledger_of(found))
    assert ({name: grant.vnis for name, grant in again.networks.items()}, problems) == ({"new": (257,)}, [])
