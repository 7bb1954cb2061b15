# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an overlay puts on one host, and how it is told back."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.describe import describe
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.inspect import inspect_networks
from ansible_collections.mooring.cnm.plugins.module_utils.model.peers import parse_topology, topology_options
from ansible_collections.mooring.cnm.plugins.module_utils.state.entry import ALL_MACS, BRIDGE_FDB, FDB, NEIGHBOURS, Entries, Pair
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import Address, File, HostState, Link, Namespace, Route
from ansible_collections.mooring.cnm.plugins.module_utils.state.op import one_by_one
from ansible_collections.mooring.cnm.plugins.module_utils.state.plan import plan
from ansible_collections.mooring.cnm.tests.unit.overlay.fleet_of_two import SUBNET, declaration, options
from hypothesis import given, settings
from hypothesis import strategies as st

NETNS = "cnm+default+ov1"


def state(**given_options: Any) -> HostState:
    return host_state(declaration(**given_options), "default")


def all_of(kind: type, found: HostState, netns: str = NETNS) -> list[Any]:
    return [one for one in found.objects.values() if isinstance(one, kind) and getattr(one, "netns", None) == netns]


def link(found: HostState, name: str, netns: str = NETNS) -> Link:
    one = found.objects[("link", netns, name)]
    assert isinstance(one, Link)
    return one


def entries(found: HostState, name: str, table: str) -> frozenset[Pair]:
    one = found.objects.get(("entries", NETNS, name, table))
    return one.pairs if isinstance(one, Entries) else frozenset()


def test_as_docker_builds_it_but_for_learning_and_the_local_address() -> None:
    found = state()
    assert isinstance(found.objects[("namespace", NETNS)], Namespace)
    vxlan = link(found, "vxlan0")
    assert dict(vxlan.options) == {"id": 256, "port": 4789, "local": "198.18.0.11", "learning": False, "proxy": True, "l2miss": True, "l3miss": True}
    assert (vxlan.master, vxlan.mtu, vxlan.parent) == ("br0", 1450, ("", ""))
    assert Address(NETNS, "br0", "10.0.0.1/24") in found.objects.values()
    inside = link(found, "eth0", "bbox1")
    assert (inside.mac, inside.mtu, link(found, (inside.peer or ("", ""))[1]).master) == ("02:42:0a:00:00:02", 1450, "br0")
    assert entries(found, "vxlan0", FDB) == {("02:42:0a:00:00:03", "198.18.0.12")}
    assert entries(found, (inside.peer or ("", ""))[1], BRIDGE_FDB) == {("02:42:0a:00:00:02", "")}
    assert entries(found, "vxlan0", NEIGHBOURS) == {("10.0.0.3", "02:42:0a:00:00:03")}


def test_the_way_out_is_the_last_interface_and_the_default_route() -> None:
    found = state()
    assert link(found, "eth1", "bbox1").tag == "cnm:default:cnm_gwbridge:bbox1:endpoint"
    assert [one for one in found.objects.values() if isinstance(one, Route)] == [Route("bbox1", "default", "172.18.0.1", "eth1")]


def test_everybody_is_found_by_name_on_every_host() -> None:
    hosts = state().objects[("file", "/etc/netns/bbox1/hosts")]
    assert isinstance(hosts, File)
    assert hosts.content.splitlines()[2:] == [
        "# this sandbox on host1",
        "10.0.0.2 bbox1 bbox1.host1",
        "# network ov1",
        "10.0.0.2 bbox1 bbox1.host1",
        "10.0.0.3 bbox2 bbox2.host2 two",
    ]


def test_nothing_stands_where_the_host_has_no_endpoint() -> None:
    assert all_of(Link, state(sandboxes={})) == []


def test_broadcast_goes_to_every_host_once() -> None:
    two = {"underlay_address": "198.18.0.12", "sandboxes": {"a": {"ipv4_address": "10.0.0.3"}, "b": {"ipv4_address": "10.0.0.4"}}}
    found = state(peers={"host2": two}, overlay={"broadcast": True})
    assert [vtep for mac, vtep in entries(found, "vxlan0", FDB) if mac == ALL_MACS] == ["198.18.0.12"]


def test_over_ipv6_the_mtu_is_smaller() -> None:
    found = state(
        underlay_address="fd00:198:18::11", peers={"host2": {"underlay_address": "fd00:198:18:0::12", "sandboxes": {"b": {"ipv4_address": "10.0.0.3"}}}}
    )
    assert link(found, "vxlan0").mtu == 1430
    assert entries(found, "vxlan0", FDB) == {("02:42:0a:00:00:03", "fd00:198:18::12")}


def test_a_peer_without_a_known_host_is_a_name_and_no_entry() -> None:
    found = state(peers={"host2": {"sandboxes": {"b": {"ipv4_address": "10.0.0.3"}}}})
    assert entries(found, "vxlan0", FDB) == entries(found, "vxlan0", NEIGHBOURS) == frozenset()


def test_two_hosts_have_gateways_with_two_macs() -> None:
    assert link(state(), "br0").mac != link(state(underlay_address="198.18.0.12", peers={}), "br0").mac


SEVERAL = {"vni": [256, 300], "ipam": {"config": [SUBNET, {"subnet": "10.0.5.0/24", "gateway": "10.0.5.1"}]}}


def test_each_subnet_has_a_vni_a_bridge_and_a_vxlan() -> None:
    two = {"underlay_address": "198.18.0.12", "sandboxes": {"a": {"ipv4_address": "10.0.0.3"}, "b": {"ipv4_address": "10.0.5.4"}}}
    found = state(peers={"host2": two}, overlay=SEVERAL)
    assert {name: dict(link(found, name).options)["id"] for name in ("vxlan0", "vxlan1")} == {"vxlan0": 256, "vxlan1": 300}
    assert [{address for address, _mac in entries(found, link, NEIGHBOURS)} for link in ("vxlan0", "vxlan1")] == [{"10.0.0.3"}, {"10.0.5.4"}]
    assert Route("bbox1", "10.0.5.0/24", "10.0.0.1", "eth0") in found.objects.values()


@pytest.mark.parametrize("overlay", [{}, {"broadcast": True}, {"mtu": 1300}, SEVERAL])
def test_what_stands_is_told_in_the_words_of_the_options(overlay: dict[str, Any]) -> None:
    found = state(overlay=overlay)
    told = topology_options(describe(found, "default"))
    assert told["peers"] == options()["peers"]
    assert (told["host"], told["underlay_address"]) == ("host1", "198.18.0.11")
    again, problems = parse_topology(told)
    assert problems == []
    assert host_state(again, "default") == found


def test_inspect_shows_dockers_keys() -> None:
    shown = {one["Name"]: one for one in inspect_networks(declaration(), "default")}["ov1"]
    assert (shown["Scope"], shown["Driver"], shown["Options"]) == ("global", "overlay", {"com.docker.network.driver.overlay.vxlanid_list": "256"})


PEERS = st.dictionaries(
    st.sampled_from(["host2", "host3"]),
    st.sets(st.integers(3, 9), max_size=4).map(lambda numbers: {f"s{number}": {"ipv4_address": f"10.0.0.{number}"} for number in numbers}),
)


def known(raw: dict[str, Any]) -> dict[str, Any]:
    return {host: {"underlay_address": f"198.18.0.{10 + int(host[-1])}", "sandboxes": sandboxes} for host, sandboxes in raw.items()}


@settings(deadline=None)
@given(PEERS, PEERS)
def test_exactly_the_entries_that_differ_are_set_and_removed(before: dict[str, Any], after: dict[str, Any]) -> None:
    first, second = state(peers=known(before)), state(peers=known(after))
    steps = [step for op in plan(first, second).ops for step in one_by_one(op) if isinstance(op.subject, Entries)]
    for table in (FDB, NEIGHBOURS):
        were, are = (entries(state, "vxlan0", table) for state in (first, second))
        touched = {pair for step in steps for one in (step.before, step.after) if isinstance(one, Entries) and one.table == table for pair in one.pairs}
        assert touched == were ^ are
