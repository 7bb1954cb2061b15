# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ipvlan networks on a wire with a neighbour: who reaches whom in each mode and flag, with and without an address of the host."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.describe import describe
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.inspect import inspect_networks
from ansible_collections.mooring.cnm.tests.kernel.in_the_way import check_what_is_cleared_later
from ansible_collections.mooring.cnm.tests.kernel.on_wire import (
    ADDRESSES,
    AMONG_THEMSELVES,
    SHIM,
    WITH_HOST,
    WITH_NEIGHBOUR,
    A,
    B,
    answered,
    check_a_switch_sends_back,
    check_addresses_are_passed_on,
    check_addresses_change_hands,
    check_host_in_ipv6,
    check_several_subnets,
    on_parent,
    wire,
)
from ansible_collections.mooring.cnm.tests.kernel.pictures import inode
from ansible_collections.mooring.cnm.tests.kernel.sockets import Connection
from ansible_collections.mooring.cnm.tests.kernel.test_attached import container, inside
from ansible_collections.mooring.cnm.tests.kernel.test_attached import run as run_attached
from ansible_collections.mooring.cnm.tests.kernel.topologies import BACK, FRONT, changed, clear, declare, endpoint, run, sandbox


@pytest.mark.parametrize(
    ("flag", "reached"),
    [(None, AMONG_THEMSELVES | WITH_NEIGHBOUR), ("private", WITH_NEIGHBOUR), ("vepa", WITH_NEIGHBOUR)],
    ids=["bridge", "private", "vepa"],
)
def test_l2(host, flag: str | None, reached: set[tuple[str, str]]) -> None:
    wire(host)
    declared = declare(on_parent("ipvlan", flag=flag), A, B)
    predicted = run(declared, check=True)
    done = run(declared)
    assert done.ops == predicted.ops and run(declared).ops == ()
    assert describe(done.after, "default") == describe(predicted.after, "default") == declared
    assert answered("a", "b", "far", expected=reached) == reached
    clear()
    assert host.sh("ip -br link show type ipvlan") == ""


def test_l2_over_a_switch_that_sends_back(host) -> None:
    check_a_switch_sends_back(host, "ipvlan", "flag")


@pytest.mark.parametrize("mode", ["l3", "l3s"])
def test_l3_routes_between_its_subnets_and_over_the_host(host, mode: str) -> None:
    """The neighbour needs a route to them by the host's address, and the host one back, as with any router."""
    wire(host)
    host.sh("ip addr add 192.0.2.2/24 dev wire && ip -n far route add 198.51.100.0/24 via 192.0.2.2 && ip -n far route add 203.0.113.0/24 via 192.0.2.2")
    one, other = on_parent("ipvlan", "lan", "198.51.100.0/24", mode=mode), on_parent("ipvlan", "lan", "203.0.113.0/24")
    network = on_parent("ipvlan", mode=mode, subnets=(*one.subnets, *other.subnets))
    declared = declare(network, sandbox("a", endpoint("lan", "198.51.100.10")), sandbox("b", endpoint("lan", "203.0.113.11")))
    done = run(declared)
    assert run(declared).ops == ()
    assert describe(done.after, "default") == declared
    assert host.sh("ip -n a route show default").split()[:3] == ["default", "dev", "eth0"]
    at = {"a": "198.51.100.10", "b": "203.0.113.11", "far": "192.0.2.1"}
    assert answered("a", "b", "far", addresses=at, expected=AMONG_THEMSELVES | WITH_NEIGHBOUR) == AMONG_THEMSELVES | WITH_NEIGHBOUR


@pytest.mark.parametrize(("mode", "heard"), [("l3", WITH_NEIGHBOUR), ("l3s", set())], ids=["l3", "l3s"])
def test_which_chains_of_the_host_are_asked(host, mode: str, heard: set[tuple[str, str]]) -> None:
    """OUTPUT for what comes out in both modes, INPUT for what goes in, in mode l3s; FORWARD for nothing, and none among those on one parent."""
    wire(host)
    host.sh("ip addr add 192.0.2.2/24 dev wire && ip -n far route add 198.51.100.0/24 via 192.0.2.2")
    at = {"a": "198.51.100.10", "b": "198.51.100.11", "far": ADDRESSES["far"]}
    run(declare(on_parent("ipvlan", subnet="198.51.100.0/24", mode=mode), *(sandbox(name, endpoint("lan", at[name])) for name in "ab")))
    for chain, others in (("FORWARD", WITH_NEIGHBOUR), ("INPUT", heard), ("OUTPUT", set())):
        host.sh(f"iptables -I {chain} -j DROP")
        assert answered(*at, addresses=at, expected=AMONG_THEMSELVES | others) == AMONG_THEMSELVES | others
        host.sh(f"iptables -D {chain} -j DROP")


def test_a_namespace_of_others(host) -> None:
    wire(host)
    network = on_parent("ipvlan")
    with container(host, "link add own type dummy") as process:
        place = f"/proc/{process.pid}/ns/net"
        alone = inside(host, process, "-d link")
        declared = declare(network, B, sandbox("redis", endpoint("lan", ADDRESSES["a"]), mode="attached", namespace=("netns", place)))
        predicted = run_attached(declared, check=True)
        assert run_attached(declared).ops == predicted.ops and run_attached(declared).ops == ()
        pairs = {(one, other) for one in (place, "b", "far") for other in (place, "b", "far") if one != other}
        assert answered(place, "b", "far", addresses={**ADDRESSES, place: ADDRESSES["a"]}, expected=pairs) == pairs
        assert run_attached(declare(network, B)).ops
        assert inside(host, process, "-d link") == alone


@pytest.mark.parametrize("shim", [False, SHIM], ids=["without", "with"])
def test_the_host_and_its_own_sandboxes(host, shim: tuple[IPv4Address] | bool) -> None:
    wire(host)
    host.sh("ip addr add 192.0.2.2/24 dev wire")
    declared = declare(on_parent("ipvlan", host_shim=shim), A, B)
    run(declared)
    assert run(declared).ops == ()
    reached = AMONG_THEMSELVES | (WITH_HOST if shim else set())
    assert answered("a", "b", "", expected=reached) == reached


def test_the_host_and_its_own_sandboxes_in_ipv6(host) -> None:
    check_host_in_ipv6(host, "ipvlan")


def test_several_subnets(host) -> None:
    check_several_subnets(host, "ipvlan")


def test_addresses_change_hands_and_the_whole_card(host) -> None:
    check_addresses_change_hands(host, "ipvlan")


def test_addresses_are_passed_on_in_place(host) -> None:
    check_addresses_are_passed_on(host, "ipvlan")


def test_what_is_cleared_later_is_waited_for(host) -> None:
    check_what_is_cleared_later(host, "ipvlan")


def test_a_change_of_mode_and_flag_keeps_links_and_connections(host) -> None:
    wire(host)
    declared = declare(on_parent("ipvlan", gateway="192.0.2.1"), A, B)
    run(declared)
    before = {name: (inode(name), host.sh(f"ip -n {name} -br link show eth0")) for name in "ab"}
    connection = Connection("a", "far", ADDRESSES["far"])
    for change in ({"flag": "private"}, {"flag": "vepa", "mtu": 1400}, {"mtu": None}):
        now = changed(declared, on_parent("ipvlan", gateway="192.0.2.1", **change))
        predicted = run(now, check=True)
        assert run(now).ops == predicted.ops and run(now).ops == ()
        connection.check()
    connection.close()
    routed = changed(declared, on_parent("ipvlan", mode="l3", gateway="192.0.2.1"))
    run(routed)
    assert run(routed).ops == ()
    run(declared)
    assert run(declared).ops == ()
    assert {name: (inode(name), host.sh(f"ip -n {name} -br link show eth0")) for name in "ab"} == before
    shown = inspect_networks(describe(run(declared).after, "default"), "default")[0]
    assert shown["Options"] == {"parent": "wire", "ipvlan_mode": "l2", "ipvlan_flag": "bridge"}
    assert shown["IPAM"]["Config"] == [{"Subnet": "192.0.2.0/24", "Gateway": "192.0.2.1"}]
    assert shown["Containers"]["a"]["MacAddress"] == ""


def test_from_one_driver_to_the_other_on_one_card(host) -> None:
    wire(host)
    run(declare(on_parent("macvlan"), A, B))
    ipvlan = declare(on_parent("ipvlan"), A, B)
    predicted = run(ipvlan, check=True)
    assert run(ipvlan).ops == predicted.ops and run(ipvlan).ops == ()
    assert answered("a", "b", expected=AMONG_THEMSELVES) == AMONG_THEMSELVES


@pytest.mark.parametrize("mode", ["l2", "l3", "l3s"])
def test_isolation_holds_for_those_that_the_host_routes_for(host, mode: str) -> None:
    """Nobody is answered: what an ipvlan in mode l3 sends goes by the host's own routes, but answers would have to pass the host's FORWARD."""
    wire(host)
    host.sh("ip addr add 192.0.2.2/24 dev wire && ip -n far route add 198.51.100.0/24 via 192.0.2.2")
    guarded = sandbox("db", endpoint("front", "172.20.0.3")), sandbox("in", endpoint("back", "172.21.0.3"))
    run(declare(on_parent("ipvlan", subnet="198.51.100.0/24", mode=mode), FRONT, BACK, sandbox("a", endpoint("lan", "198.51.100.10")), *guarded))
    if mode == "l2":
        host.sh("ip -n a route add default dev eth0")  # a hostile one
    at = {"a": "198.51.100.10", "db": "172.20.0.3", "in": "172.21.0.3", "": "172.20.0.1"}
    control = {("", "db"), ("", "in")}
    found = answered("a", "db", "in", "", addresses=at, expected=control)
    assert control <= found
    assert not {pair for pair in found if set(pair) in ({"a", "db"}, {"a", "in"})}
