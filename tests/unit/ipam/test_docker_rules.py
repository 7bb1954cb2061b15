# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plan gives by Docker's rules: ranges, sizes, IPv6, and ports of the host that were left open."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.fleet import FleetPlan, HostInput, plan_fleet
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.ledger import Ledger, ledger_dict, read_ledger
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.pools import Stock

SMALL = {"port_range": [40000, 40003], "reserved_ports": [[40000, 40000]], "ports": [{"protocol": "tcp", "host_ip": "::", "port": 40001}]}


def plan(network: Any, sandboxes: Any = None, ledger: Ledger | None = None, reserved: Any = None, allocate: bool = True) -> FleetPlan:
    """One host with the network ``n``."""
    given = HostInput({"cnm_networks": {"n": network}}, {"cnm_sandboxes": sandboxes}, {} if reserved is None else reserved)
    return plan_fleet({"h": given}, ledger or Ledger(), Stock(), "default", allocate)


def ipam(**entry: Any) -> dict[str, Any]:
    return {"ipam": {"config": [entry]}, "enable_ipv6": ":" in entry["subnet"], "enable_ipv4": ":" not in entry["subnet"]}


def given(found: FleetPlan) -> tuple[list[str], list[str], list[str]]:
    """(subnets, gateways, addresses of the sandboxes in their order)."""
    assert found.problems == ()
    network = found.declarations["h"].networks["n"]
    legs = [leg for sandbox in found.declarations["h"].sandboxes.values() for leg in sandbox.endpoints]
    addresses = [str(one) for leg in legs for one in (leg.ipv4_address, leg.ipv6_address) if one is not None]
    return [str(one.subnet) for one in network.subnets], [str(one.gateway) for one in network.subnets], addresses


def boxes(count: int, **more: Any) -> dict[str, Any]:
    return {f"s{nth}": {"networks": ["n"], **more} for nth in range(count)}


@pytest.mark.parametrize(
    ("entry", "gateway", "addresses"),
    [
        ({"subnet": "10.2.0.0/16", "ip_range": "10.2.2.0/24"}, "10.2.2.0", ["10.2.2.1", "10.2.2.2"]),
        ({"subnet": "10.2.0.0/16", "ip_range": "10.2.2.254/31", "gateway": "10.2.0.1"}, "10.2.0.1", ["10.2.2.254", "10.2.2.255"]),
        ({"subnet": "10.2.0.0/24", "ip_range": "10.2.0.0/30"}, "10.2.0.1", ["10.2.0.2", "10.2.0.3"]),
        ({"subnet": "10.2.0.0/24", "aux_addresses": {"a": "10.2.0.1", "b": "10.2.0.3"}}, "10.2.0.2", ["10.2.0.4", "10.2.0.5"]),
        ({"subnet": "10.2.0.0/31"}, "10.2.0.0", ["10.2.0.1"]),
        ({"subnet": "fd00::/64"}, "fd00::1", ["fd00::2", "fd00::3"]),
        ({"subnet": "fd00::/64", "ip_range": "fd00::1:0/127", "gateway": "fd00::1"}, "fd00::1", ["fd00::1:0", "fd00::1:1"]),
        ({"subnet": "fd00::/127"}, "fd00::", ["fd00::1"]),
    ],
)
def test_gateway_and_lowest_free_addresses(entry: dict[str, Any], gateway: str, addresses: list[str]) -> None:
    assert given(plan(ipam(**entry), boxes(len(addresses)))) == ([entry["subnet"]], [gateway], addresses)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (ipam(subnet="10.2.0.0/16", ip_range="10.2.2.0/31"), "no free address left in 10.2.2.0/31 (ip_range of 10.2.0.0/16)"),
        (ipam(subnet="10.2.0.0/32"), "no free address left in 10.2.0.0/32"),
        (ipam(subnet="0.0.0.0/9"), "no IPv4 subnet of /9 is left for network n in the address pools (172.17.0.0/16 in /16"),
    ],
)
def test_exhaustion_names_what_is_used_up(network: Any, words: str) -> None:
    problems = plan(network, boxes(2)).problems
    assert problems and all(words in one.message for one in problems)


def test_subnets_by_their_size_are_kept_until_another_size_is_asked() -> None:
    first = plan(ipam(subnet="0.0.0.0/24"))
    assert given(first)[0] == ["172.17.0.0/24"]
    assert given(plan(ipam(subnet="0.0.0.0/24"), ledger=first.ledger, allocate=False)) == given(first)
    assert given(plan(ipam(subnet="0.0.0.0/26"), ledger=first.ledger))[0] == ["172.17.0.0/26"]


def test_a_unique_local_subnet_is_derived_from_fleet_and_host() -> None:
    found = plan({"enable_ipv6": True}, boxes(1))
    (v4, v6), _gateways, addresses = given(found)
    assert v4 == "172.17.0.0/16" and v6.startswith("fd") and v6.endswith("::/64")
    assert addresses == ["172.17.0.2", v6.replace("/64", "2")]
    assert plan({"enable_ipv6": True}, boxes(1)) == found
    written, problems = read_ledger(ledger_dict(found.ledger))
    assert (written, problems) == (found.ledger, [])
    assert plan({"enable_ipv6": True}, boxes(1), ledger=written, allocate=False).declarations == found.declarations


def test_ports_that_were_left_open() -> None:
    found = plan(None, boxes(2, ports=["80"]), reserved=SMALL)
    ports = {name: sandbox.ports[0].published for name, sandbox in found.declarations["h"].sandboxes.items()}
    assert (found.problems, ports) == ((), {"s0": 40002, "s1": 40003})  # 40000 is kept back by the host, a process has 40001
    assert found.ledger.ports == {"h/s0": {"0:80": 40002}, "h/s1": {"0:80": 40003}}
    fewer = plan(None, {"s1": boxes(2, ports=["80"])["s1"]}, ledger=found.ledger, reserved=SMALL)
    assert fewer.ledger.ports == {"h/s1": {"0:80": 40003}}
    problems = plan(None, boxes(3, ports=["80"]), ledger=found.ledger, reserved=SMALL).problems
    assert [(one.path, one.message) for one in problems] == [
        ("cnm_sandboxes.s2.ports", "no tcp port of the host is free from 40000 to 40003: name another range, or one port")
    ]
    problems = plan(None, boxes(1, ports=["80"]), reserved=SMALL, allocate=False).problems
    assert any("has not given it a port of the host yet" in one.message for one in problems)


def test_a_port_out_of_a_range() -> None:
    found = plan(None, boxes(2, ports=["8000-8001:80", "8000-8001:80/udp"]))
    ports = {name: [(port.published, port.protocol) for port in sandbox.ports] for name, sandbox in found.declarations["h"].sandboxes.items()}
    assert ports == {"s0": [(8000, "tcp"), (8000, "udp")], "s1": [(8001, "tcp"), (8001, "udp")]}
