# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each host's Docker has a part of the subnet that is nobody else's, and keeps it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network, ip_address
from itertools import chain
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.fleet import FleetPlan, HostInput, plan_fleet
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.ledger import Ledger, ledger_dict, read_ledger
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.pools import Stock
from ansible_collections.mooring.cnm.tests.unit.model.declared import UNHURRIED
from hypothesis import given
from hypothesis import strategies as st

BACKBONE: dict[str, Any] = {"driver": "overlay", "docker_network": True}
PATH = "cnm_networks.backbone.docker_network"
HOSTS = ("node1", "node2", "node3", "node4")


def plan(hosts: dict[str, Any], ledger: Ledger | None = None, allocate: bool = True, silent: str = "", **more: Any) -> FleetPlan:
    """hosts: by name, the sandboxes on the backbone: a list, or a dictionary with an address of each. more: of the network; a dictionary is by host."""
    inputs = {}
    for host, sandboxes in hosts.items():
        own = {key: value.get(host, BACKBONE.get(key)) if isinstance(value, dict) and key != "ipam" else value for key, value in more.items()}
        addresses = sandboxes if isinstance(sandboxes, dict) else dict.fromkeys(sandboxes)
        legs = {name: {f"ipv{ip_address(address).version}_address": address} if address else {} for name, address in addresses.items()}
        boxes = {name: {"networks": {"backbone": leg}} for name, leg in legs.items()}
        networks = {"backbone": {**BACKBONE, **own}}
        inputs[host] = HostInput({"cnm_networks": networks}, {"cnm_sandboxes": boxes}, None if host in silent.split() else {})
    return plan_fleet(inputs, ledger or Ledger(), Stock(), "default", allocate)


def ranges(found: FleetPlan) -> dict[str, str]:
    return {host: str(one.networks["backbone"].docker_network) for host, one in found.declarations.items()}


def problems(found: FleetPlan) -> list[tuple[str, str, str]]:
    return [(one.host, one.path, one.message) for one in found.problems]


def test_ranges_come_from_the_end_and_sandboxes_from_the_beginning() -> None:
    found = plan({"node1": ["a", "b"], "node2": ["c"]})
    assert found.problems == ()
    assert ranges(found) == {"node1": "10.0.0.240/28", "node2": "10.0.0.224/28"}
    assert ledger_dict(found.ledger)["ranges"] == {"backbone": {"node1": "10.0.0.240/28", "node2": "10.0.0.224/28"}}
    given_addresses = [str(leg.ipv4_address) for one in found.declarations.values() for box in one.sandboxes.values() for leg in box.endpoints]
    assert [address for address in given_addresses if address.startswith("10.0.0.")] == ["10.0.0.2", "10.0.0.3", "10.0.0.4"]
    # Docker's gateway is the first address of the host's range; no bridge of the network has another one.
    assert [str(one.networks["backbone"].subnets[0].gateway) for one in found.declarations.values()] == ["10.0.0.240", "10.0.0.224"]


@pytest.mark.parametrize(
    ("subnet", "hosts", "length"), [("10.9.0.0/24", 1, 28), ("10.9.0.0/24", 9, 29), ("10.9.0.0/16", 3, 24), ("10.9.0.0/22", 8, 26), ("10.9.0.0/27", 1, 30)]
)
def test_a_range_leaves_room_for_as_many_hosts_again(subnet: str, hosts: int, length: int) -> None:
    found = plan({f"node{number}": [] for number in range(hosts)}, ipam={"config": [{"subnet": subnet}]})
    assert found.problems == ()
    assert {int(one.split("/")[1]) for one in ranges(found).values()} == {length}


def test_a_small_subnet_has_an_end() -> None:
    found = plan({f"node{number}": [] for number in range(9)}, ipam={"config": [{"subnet": "10.9.0.0/27"}]})
    message = "no part of 10.9.0.0/27 is left for the containers of this host's Docker: declare a larger subnet, or a range here"
    assert [one for one in problems(found) if "left" in one[2]] == [("node7", PATH, message), ("node8", PATH, message)]
    assert found.ledger == Ledger()


def test_a_declared_range_is_the_hosts_own_affair() -> None:
    found = plan({"node1": [], "node2": []}, docker_network={"node2": "10.0.0.128/26"}, ipam={"config": [{"subnet": "10.0.0.0/24"}]})
    assert found.problems == ()
    assert ranges(found) == {"node1": "10.0.0.240/28", "node2": "10.0.0.128/26"}
    assert ledger_dict(found.ledger)["ranges"] == {"backbone": {"node1": "10.0.0.240/28"}}


def test_what_cannot_be_is_told_with_its_place() -> None:
    subnet = {"config": [{"subnet": "10.0.0.0/24"}]}
    found = plan({"node1": {"a": "10.0.0.200"}, "node2": []}, docker_network={"node2": "10.0.0.192/26"}, ipam=subnet)
    message = "10.0.0.192/26 of network backbone is what Docker on host node2 gives to its containers: choose another address"
    assert problems(found) == [("node1", "cnm_sandboxes.a.networks.backbone.ipv4_address", message)]
    found = plan({"node1": {"a": "10.0.0.241"}}, docker_network="10.0.0.240/28", ipam=subnet)
    message = "10.0.0.240/28 of network backbone is what this host's Docker gives to its containers: choose another address"
    assert problems(found) == [("node1", "cnm_sandboxes.a.networks.backbone.ipv4_address", message)]
    found = plan({"node1": [], "node2": []}, docker_network="10.0.0.240/28", ipam=subnet)
    assert problems(found) == [("node2", PATH, "it overlaps 10.0.0.240/28, which is that of host node1: choose another range")]
    found = plan({"node1": []}, docker_network="10.0.1.0/28", ipam=subnet)
    message = "the containers of this host get addresses from a part of the subnet: choose a range of at least two addresses in 10.0.0.0/24"
    assert problems(found) == [("node1", PATH, message)]


def test_what_the_ledger_gave_is_not_taken_by_what_is_declared() -> None:
    subnet = {"config": [{"subnet": "10.0.0.0/24"}]}
    ledger = plan({"node1": ["a"], "node2": []}, ipam=subnet).ledger
    found = plan({"node1": ["a"], "node2": []}, ledger, docker_network={"node2": "10.0.0.0/28"}, ipam=subnet)
    message = "the ledger gave 10.0.0.2 to sandbox node1/a: choose another range, or declare an address for node1/a"
    assert problems(found) == [("node2", PATH, message)]
    found = plan({"node1": ["a"], "node2": []}, ledger, docker_network={"node2": "10.0.0.240/28"}, ipam=subnet)
    message = "the ledger gave 10.0.0.240/28 to host node1: choose another range, or declare one for node1"
    assert problems(found) == [("node2", PATH, message)]


DUAL = {"config": [{"subnet": "10.0.0.0/24"}, {"subnet": "fd00:9::/64"}]}


def test_the_same_part_of_an_ipv6_subnet_is_dockers_too() -> None:
    ledger = plan({"node1": [], "node2": []}, ipam=DUAL, enable_ipv6=True).ledger
    assert ledger_dict(ledger)["ranges"] == {"backbone": {"node1": "10.0.0.240/28", "node2": "10.0.0.224/28"}}
    found = plan({"node1": {"a": "fd00:9::e1"}, "node2": []}, ledger, ipam=DUAL, enable_ipv6=True)
    message = "fd00:9::e0/124 of network backbone is what Docker on host node2 gives to its containers: choose another address"
    assert problems(found) == [("node1", "cnm_sandboxes.a.networks.backbone.ipv6_address", message)]
    # What is declared first is passed over, as is a gateway.
    found = plan({"node1": {"a": "fd00:9::f5"}, "node2": []}, ipam=DUAL, enable_ipv6=True)
    assert found.problems == () and ranges(found) == {"node1": "10.0.0.224/28", "node2": "10.0.0.208/28"}
    ledger = plan({"node1": ["a"], "node2": []}, ipam=DUAL, enable_ipv6=True, docker_network=False).ledger
    found = plan({"node1": {"a": "10.0.0.99"}, "node2": []}, ledger, ipam=DUAL, enable_ipv6=True, docker_network={"node2": "10.0.0.0/28"})
    message = "the ledger gave fd00:9::2 to sandbox node1/a: choose another range, or declare an address for node1/a"
    assert problems(found) == [("node2", PATH, message)]


def test_without_allocation_and_without_a_report() -> None:
    refused = plan({"node1": []}, replace(plan({"node1": []}).ledger, ranges={}), allocate=False)
    message = "the ledger has not given it a range for Docker's containers yet, and this run gives nothing new: run the playbook site"
    assert problems(refused) == [("node1", PATH, message)]
    ledger = plan({"node1": ["a"], "node2": []}).ledger
    # A host that does not report may still have containers there; one that reports and declares it no more has none.
    silent = plan({"node1": ["a"], "node2": []}, ledger, silent="node2", docker_network={"node2": False})
    assert silent.ledger.ranges["backbone"].keys() == {"node1", "node2"}
    assert plan({"node1": ["a"]}, ledger).ledger.ranges["backbone"].keys() == {"node1"}


FLEETS = st.dictionaries(st.sampled_from(HOSTS), st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=6), min_size=1)


@UNHURRIED
@given(FLEETS, FLEETS, st.sampled_from([(False, False), (False, True), (True, True)]))
def test_nothing_moves_and_nothing_overlaps(first: dict[str, Any], second: dict[str, Any], ipv6: tuple[bool, bool]) -> None:
    """From one fleet to any other: who stays keeps range and addresses, no address is in a range, and the ledger says the same again."""
    before = plan(first, enable_ipv6=ipv6[0])
    written, faults = read_ledger(ledger_dict(before.ledger))
    after = plan(second, written, enable_ipv6=ipv6[1])
    assert before.problems == after.problems == () and faults == []
    was, now = ranges(before), ranges(after)
    assert {host: was[host] for host in was.keys() & now.keys()} == {host: now[host] for host in was.keys() & now.keys()}
    networks = [IPv4Network(one) for one in now.values()]
    assert not any(one.overlaps(other) for index, one in enumerate(networks) for other in networks[:index])
    for host, one in after.declarations.items():
        for name, box in one.sandboxes.items():
            leg = next(leg for leg in box.endpoints if leg.network == "backbone")
            address = leg.ipv4_address
            assert address is not None and not any(address in network for network in networks)
            assert not ipv6[1] or (leg.ipv6_address is not None and not any(int(leg.ipv6_address) % 256 == int(one) % 256 for one in chain(*networks)))
            if name in first.get(host, ()):
                assert [leg for leg in before.declarations[host].sandboxes[name].endpoints if leg.network == "backbone"][0].ipv4_address == address
    assert plan(second, after.ledger, enable_ipv6=ipv6[1]) == after
