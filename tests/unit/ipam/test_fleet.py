# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a fleet: who gets what, what stays, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from types import MappingProxyType
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.fleet import FleetPlan, HostInput, plan_fleet
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.ledger import Grant, Ledger, ledger_dict, read_ledger
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.pools import DOCKER_POOLS, Pool, Stock

S = "cnm_sandboxes.{}.networks.{}.ipv4_address"
NOTHING: Mapping[str, Any] = MappingProxyType({})
FRONT = {"front": {"ipam": {"config": [{"subnet": "172.20.0.0/24"}]}}}


def host(networks: Any = None, sandboxes: Any = None, reserved: Any = NOTHING) -> HostInput:
    return HostInput({"cnm_networks": networks}, {"cnm_sandboxes": sandboxes}, reserved)


def on(*networks: str, **endpoint: Any) -> dict[str, Any]:
    return {"networks": dict.fromkeys(networks, endpoint)}


def plan(hosts: dict[str, HostInput], ledger: Ledger | None = None, pools: tuple[Pool, ...] = DOCKER_POOLS, allocate: bool = True) -> FleetPlan:
    return plan_fleet(hosts, ledger or Ledger(), Stock(pools), "default", allocate)


def told(found: FleetPlan) -> list[tuple[str, str, str]]:
    return [(problem.host, problem.path, problem.message) for problem in found.problems]


def subnets(found: FleetPlan, name: str) -> dict[str, str]:
    return {key: ",".join(f"{one.subnet} {one.gateway}" for one in network.subnets) for key, network in found.declarations[name].networks.items()}


def addresses(found: FleetPlan, name: str) -> dict[str, str]:
    sandboxes = found.declarations[name].sandboxes
    return {f"{key}/{leg.network}": str(leg.ipv4_address) for key, sandbox in sandboxes.items() for leg in sandbox.endpoints}


def ledger_of(networks: dict[str, str], endpoints: dict[str, dict[str, str]]) -> Ledger:
    return Ledger(
        {key: Grant((IPv4Network(subnet),)) for key, subnet in networks.items()},
        {network: {key: (IPv4Address(address),) for key, address in held.items()} for network, held in endpoints.items()},
    )


def test_each_host_has_its_own_address_space() -> None:
    one = host({"b": None, "a": {"internal": True}}, {"web": on("a", "b"), "db": on("a")})
    found = plan({"node1": one, "node2": one})
    assert found.problems == ()
    for name in ("node1", "node2"):
        assert subnets(found, name) == {"a": "172.17.0.0/16 172.17.0.1", "b": "172.18.0.0/16 172.18.0.1"}
        assert addresses(found, name) == {"db/a": "172.17.0.2", "web/a": "172.17.0.3", "web/b": "172.18.0.2"}
    assert ledger_dict(found.ledger)["endpoints"]["node1/a"] == {"node1/db": ["172.17.0.2"], "node1/web": ["172.17.0.3"]}  # type: ignore[index]
    assert plan({"node1": one, "node2": one}, found.ledger) == found


def test_what_is_declared_is_not_in_the_ledger() -> None:
    found = plan({"node1": host(FRONT, {"web": on("front", ipv4_address="172.20.0.2"), "db": on("front")})})
    assert subnets(found, "node1") == {"front": "172.20.0.0/24 172.20.0.1"}
    assert addresses(found, "node1") == {"db/front": "172.20.0.3", "web/front": "172.20.0.2"}
    assert ledger_dict(found.ledger)["networks"] == {}
    assert ledger_dict(found.ledger)["endpoints"] == {"node1/front": {"node1/db": ["172.20.0.3"]}}


def test_pools_avoid_what_the_host_has() -> None:
    reserved = {"prefixes": ["172.17.0.0/24"], "resolvers": ["172.18.0.53"], "underlay_address": "172.19.0.1"}
    declared = {"ipam": {"config": [{"subnet": "172.20.0.0/14"}]}}
    found = plan({"node1": host({"a": None, "z": declared}, None, reserved)})
    assert found.problems == ()
    assert subnets(found, "node1")["a"] == "172.24.0.0/16 172.24.0.1"


def test_what_left_the_declaration_is_freed_and_the_rest_stays() -> None:
    before = plan({"node1": host({"a": None, "b": None}, {"x": on("b"), "y": on("b")})})
    after = plan({"node1": host({"b": None}, {"y": on("b")})}, before.ledger)
    assert addresses(after, "node1") == {"y/b": "172.18.0.3"}
    assert ledger_dict(after.ledger)["networks"] == {"node1/b": {"subnets": ["172.18.0.0/16"], "vnis": []}}
    again = plan({"node1": host({"b": None, "c": None}, {"a": on("b"), "y": on("b")})}, after.ledger)
    assert subnets(again, "node1")["c"] == "172.17.0.0/16 172.17.0.1"
    assert addresses(again, "node1") == {"a/b": "172.18.0.2", "y/b": "172.18.0.3"}


def test_a_subnet_that_becomes_declared_keeps_the_addresses_that_fit() -> None:
    before = plan({"node1": host({"a": None}, {"x": on("a"), "y": on("a")})})
    same = plan({"node1": host({"a": {"ipam": {"config": [{"subnet": "172.17.0.0/16"}]}}}, {"y": on("a")})}, before.ledger)
    assert (addresses(same, "node1"), same.ledger.networks) == ({"y/a": "172.17.0.3"}, {})
    other = plan({"node1": host({"a": {"ipam": {"config": [{"subnet": "10.0.0.0/24"}]}}}, {"y": on("a")})}, before.ledger)
    assert (other.problems, addresses(other, "node1")) == ((), {"y/a": "10.0.0.2"})


def test_a_host_that_did_not_report_keeps_what_it_has_and_gets_nothing() -> None:
    before = plan({"node1": host({"a": None}, {"x": on("a")}, {"underlay_mtu": 1500})})
    found = plan({"node1": host({"b": None}, {"y": on("b")}, None)}, before.ledger)
    assert found.problems == ()
    assert (subnets(found, "node1"), addresses(found, "node1")) == ({"b": ""}, {"y/b": "None"})
    assert found.ledger == before.ledger
    half = plan({"node1": host({"a": None}, {"w": on("a"), "x": on("a")}, None)}, before.ledger)
    assert addresses(half, "node1") == {"w/a": "None", "x/a": "172.17.0.2"}
    assert plan({}, before.ledger).ledger == Ledger()


def test_nothing_new_when_nothing_may_be_given() -> None:
    before = plan({"node1": host({"a": None}, {"x": on("a")})})
    hosts = {"node1": host({"a": None, "b": None}, {"x": on("a", "b"), "y": on("a")}), "node2": host({"a": None}, None, None)}
    found = plan(hosts, before.ledger, allocate=False)
    assert [(name, path) for name, path, _message in told(found)] == [("node1", "cnm_networks.b.ipam"), ("node1", S.format("y", "a"))]
    assert all("run the playbook site" in problem.message for problem in found.problems)
    assert found.ledger is before.ledger
    assert plan({"node1": host({"a": None})}, before.ledger, allocate=False).ledger is before.ledger


def test_seen_is_what_lasts() -> None:
    reserved = {"prefixes": ["198.18.0.0/16"], "underlay_mtu": 1400, "ports": [{"protocol": "tcp", "host_ip": "0.0.0.0", "port": 22}]}
    found = plan({"node1": host(None, None, reserved), "node2": host(None, None, None)})
    expected = {"prefixes": ["198.18.0.0/16"], "resolvers": [], "underlay_address": None, "underlay_mtu": 1400}
    assert ledger_dict(found.ledger)["seen"] == {"node1": expected}
    assert read_ledger(ledger_dict(found.ledger)) == (found.ledger, [])


A17 = ledger_of({"node1/a": "172.17.0.0/16"}, {"node1/a": {"node1/x": "172.17.0.9"}, "node1/front": {"node1/x": "172.20.0.9"}})


@pytest.mark.parametrize(
    ("given", "ledger", "path", "words"),
    [
        (
            host({"a": None, "b": {"ipam": {"config": [{"subnet": "172.17.1.0/24"}]}}}),
            A17,
            "cnm_networks.b.ipam.config[0].subnet",
            "it overlaps 172.17.0.0/16, which the ledger gave to network a of this host",
        ),
        (
            host({"a": None}, {"x": on("a")}, {"prefixes": ["172.17.3.0/24"]}),
            A17,
            "cnm_networks.a.ipam",
            "the ledger gave this subnet to network a, and it overlaps the route 172.17.3.0/24 of the host",
        ),
        (
            host(FRONT, {"x": on("front"), "y": on("front", ipv4_address="172.20.0.9")}),
            A17,
            S.format("y", "front"),
            "the ledger gave this address to sandbox x",
        ),
        (
            host({"front": {"ipam": {"config": [{"subnet": "172.20.0.0/24", "gateway": "172.20.0.9"}]}}}, {"x": on("front")}),
            A17,
            "cnm_networks.front.ipam.config[0].gateway",
            "the ledger gave this address to sandbox x: declare another gateway",
        ),
        (host({"a": None}, {"x": on("a", ipv4_address="172.17.0.5")}), A17, S.format("x", "a"), "(172.17.0.0/16 is the one that the ledger gave)"),
        (host({"a": None}, {"x": on("a", ipv4_address="172.17.0.5")}), Ledger(), S.format("x", "a"), "declare its subnet, or leave the address out"),
        (
            host({"a": {"ipam": {"config": [{"subnet": "10.0.0.0/30"}]}}}, {"x": on("a"), "y": on("a")}),
            Ledger(),
            S.format("y", "a"),
            "network a has no free address left in 10.0.0.0/30",
        ),
        (
            host({"a": None}, None, {"prefixes": ["172.16.0.0/12", "192.168.0.0/16"]}),
            Ledger(),
            "cnm_networks.a.ipam",
            "no IPv4 subnet is left for network a in the address pools (172.17.0.0/16 in /16, 172.18.0.0/16 in /16,",
        ),
        (host({"a": {"mtu": 1}}, {"x": on("a", ipv4_address="10.0.0.1")}), Ledger(), "cnm_networks.a.mtu", "68 to 65535"),
        (host(FRONT, None, {"prefixes": ["172.20.0.0/16"]}), Ledger(), "cnm_networks.front.ipam.config[0].subnet", "overlaps the route"),
    ],
)
def test_one_problem(given: HostInput, ledger: Ledger, path: str, words: str) -> None:
    found = plan({"node1": given, "node2": host({"a": None})}, ledger)
    assert [(name, where) for name, where, _message in told(found)] == [("node1", path)]
    assert words in found.problems[0].message
    assert found.ledger is ledger


def test_problems_stand_where_their_values_do() -> None:
    networks = {"cnm_networks": {"a": None}, "cnm_networks__team": {"a": {"mtu": 1400}, "b": {"mtu": 1}}}
    sandboxes = {"cnm_sandboxes__team": {"web": on("c")}}
    found = plan({"node1": HostInput(networks, sandboxes, NOTHING), "node2": host(["a"])})
    assert [(name, path) for name, path, _message in told(found)] == [
        ("node1", "cnm_networks__team.a"),
        ("node1", "cnm_networks__team.b.mtu"),
        ("node1", "cnm_sandboxes__team.web.networks.c"),
        ("node2", "cnm_networks"),
    ]


def test_what_hosts_share_and_what_each_has_for_itself() -> None:
    networks = {"cnm_networks": {"ov": {"driver": "overlay"}, "front": {"ipam": {"config": [{"subnet": "10.0.0.0/24"}]}}}}
    found = plan({name: HostInput(networks, {"cnm_sandboxes": {"web": on("ov", "front"), "app": on("ov")}}, NOTHING) for name in ("a", "b")})
    assert found.problems == ()
    assert subnets(found, "a")["ov"] == subnets(found, "b")["ov"] == "10.0.1.0/24 10.0.1.1"
    assert [addresses(found, name)["web/ov"] for name in ("a", "b")] == ["10.0.1.3", "10.0.1.5"]
    assert addresses(found, "b")["app/cnm_gwbridge"] == "172.17.0.2"
    assert "web/cnm_gwbridge" not in addresses(found, "b")
    kept = ledger_dict(found.ledger)
    assert kept["networks"]["ov"] == {"subnets": ["10.0.1.0/24"], "vnis": [256]}  # type: ignore[index]
    assert read_ledger(kept) == (found.ledger, [])


def test_a_difference_between_hosts_stands_where_its_value_does() -> None:
    hosts = {"a": HostInput({"cnm_networks": {"ov": {"driver": "overlay", "vni": 300}}}, {}, NOTHING)}
    hosts["b"] = HostInput({"cnm_networks__b": {"ov": {"driver": "overlay", "vni": 301}}}, {}, None)
    (problem,) = plan(hosts).problems
    assert (problem.host, problem.path, problem.value) == ("b", "cnm_networks__b.ov.vni", "301")
    assert "a has 300" in problem.message


def test_the_fleet_has_a_name() -> None:
    assert [problem.path for problem in plan_fleet({}, Ledger(), Stock(), "a:b", True).problems] == ["cnm_fleet"]


def test_a_hosts_name_may_hold_a_slash() -> None:
    found = plan({"rack/1": host({"a": None}, {"x": on("a")}), "1": host({"a": None}, None, None)})
    assert plan({"rack/1": replace(host({"a": None}, {"x": on("a")}), reserved=None)}, found.ledger).ledger == found.ledger
