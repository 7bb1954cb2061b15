# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""macvlan networks on a wire with a neighbour: who reaches whom in each mode, with and without an address of the host."""

from __future__ import annotations

import itertools
import json
from ipaddress import IPv4Address

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.describe import describe
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.inspect import inspect_networks
from ansible_collections.mooring.cnm.plugins.module_utils.model.options import declaration_options
from ansible_collections.mooring.cnm.plugins.module_utils.model.tuning import Tuning
from ansible_collections.mooring.cnm.plugins.module_utils.state.fault import Fault
from ansible_collections.mooring.cnm.tests.kernel.in_the_way import (
    check_a_name_that_the_host_has_too,
    check_others_on_a_parent,
    check_ours_make_room,
    check_what_is_cleared_later,
)
from ansible_collections.mooring.cnm.tests.kernel.on_wire import (
    ADDRESSES,
    AMONG_THEMSELVES,
    BOTH,
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
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same, dump, inode
from ansible_collections.mooring.cnm.tests.kernel.sockets import Connection
from ansible_collections.mooring.cnm.tests.kernel.test_trouble import fails, made_again
from ansible_collections.mooring.cnm.tests.kernel.topologies import changed, clear, declare, endpoint, run, sandbox
from ansible_collections.mooring.cnm.tests.kernel.trouble import failing_at
from ansible_collections.mooring.cnm.tests.kernel.whole import lasting, whole


@pytest.mark.parametrize(
    ("mode", "reached"),
    [(None, AMONG_THEMSELVES | WITH_NEIGHBOUR), ("private", WITH_NEIGHBOUR), ("vepa", WITH_NEIGHBOUR)],
    ids=["bridge", "private", "vepa"],
)
def test_who_reaches_whom(host, mode: str | None, reached: set[tuple[str, str]]) -> None:
    wire(host)
    declared = declare(on_parent("macvlan", mode=mode), A, B)
    empty = dump(host)
    predicted = run(declared, check=True)
    check_same(empty, lambda: dump(host))
    done = run(declared)
    assert done.ops == predicted.ops
    assert describe(done.after, "default") == describe(predicted.after, "default") == declared
    assert run(declared).ops == ()
    assert answered("a", "b", "far", expected=reached) == reached
    clear()
    check_same(empty, lambda: dump(host))


def test_who_reaches_whom_over_a_switch_that_sends_back(host) -> None:
    check_a_switch_sends_back(host, "macvlan", "mode")


def test_passthru_gives_the_card_to_one_sandbox(host) -> None:
    wire(host)
    run(declare(on_parent("macvlan", mode="passthru", gateway="192.0.2.1"), A))
    assert answered("a", "far", expected=BOTH) == BOTH
    assert host.sh("ip -n a route show default").split()[:3] == ["default", "via", "192.0.2.1"]
    clear()


@pytest.mark.parametrize("shim", [False, SHIM], ids=["without", "with"])
def test_the_host_and_its_own_sandboxes(host, shim: tuple[IPv4Address] | bool) -> None:
    """Also at the address that the host has on the card itself (a service on UDP that does not mind by which it was asked answers from the other)."""
    wire(host)
    host.sh("ip addr add 192.0.2.2/24 dev wire")
    run(declare(on_parent("macvlan", host_shim=shim), A, B))
    reached = AMONG_THEMSELVES | (WITH_HOST if shim else set())
    assert answered("a", "b", "", expected=reached) == reached
    assert answered("a", "b", "", addresses={**ADDRESSES, "": "192.0.2.2"}, protocols=("tcp",), expected=reached) == reached


def test_the_host_and_its_own_sandboxes_in_ipv6(host) -> None:
    check_host_in_ipv6(host, "macvlan")


def test_several_subnets(host) -> None:
    check_several_subnets(host, "macvlan")


def test_addresses_change_hands_and_the_whole_card(host) -> None:
    check_addresses_change_hands(host, "macvlan")


def test_addresses_are_passed_on_in_place(host) -> None:
    check_addresses_are_passed_on(host, "macvlan")


def test_what_fails_while_an_address_is_passed_on_is_rolled_back(host) -> None:
    """The heir's link too, which was only changed, is the same one afterwards."""
    wire(host)
    start = declare(on_parent("macvlan", host_shim=SHIM), A, B)
    run(start)
    heir = declare(on_parent("macvlan", mode="private"), sandbox("a", endpoint("lan", ADDRESSES["b"])), sandbox("c", endpoint("lan", "192.0.2.12")))
    before, again = whole(host), made_again(start, heir)
    assert ("a", "eth0") not in again
    for number in itertools.count():
        with failing_at(number) as failed:
            if not fails(heir):
                break
        assert failed
        check_same(lasting(before, again), lambda: lasting(whole(host), again))
    assert number > 8


def test_what_is_cleared_later_is_waited_for(host) -> None:
    check_what_is_cleared_later(host, "macvlan")


def test_a_change_keeps_links_and_connections(host) -> None:
    wire(host)
    declared = declare(on_parent("macvlan"), A, B)
    run(declared)
    before = {name: (inode(name), _index(host, name)) for name in "ab"}
    connection = Connection("a", "far", ADDRESSES["far"])
    changes = ({"mode": "private"}, {"mode": "vepa", "mtu": 1400}, {"host_shim": SHIM}, {"mode": None}, {})
    for change in changes:
        changed_to = changed(declared, on_parent("macvlan", **change))
        predicted = run(changed_to, check=True)
        assert run(changed_to).ops == predicted.ops
        assert run(changed_to).ops == ()
        connection.check()
    connection.close()
    assert {name: (inode(name), _index(host, name)) for name in "ab"} == before
    assert "mtu 1500" in host.sh("ip -n a link show eth0")


def test_two_networks_on_one_card_and_a_parent_of_another_mtu(host) -> None:
    wire(host)
    host.sh("ip link set wire mtu 1400")
    other = on_parent("macvlan", "other", "198.51.100.0/24", mtu=1300)
    both = sandbox("a", endpoint("lan", "192.0.2.10"), endpoint("other", "198.51.100.10"))
    own = sandbox("c", endpoint("lan", "192.0.2.12", tuning=Tuning(mtu=1290)), endpoint("other", "198.51.100.12", tuning=Tuning(mtu=1200)))
    declared = declare(on_parent("macvlan"), other, both, B, own)
    done = run(declared)
    assert "mtu 1400" in host.sh("ip -n a link show eth0") and "mtu 1300" in host.sh("ip -n a link show eth1")
    assert "mtu 1290" in host.sh("ip -n c link show eth0") and "mtu 1200" in host.sh("ip -n c link show eth1")
    assert describe(done.after, "default") == declared
    shown = {one["Name"]: one for one in inspect_networks(describe(done.after, "default"), "default")}
    assert shown["lan"]["Options"] == {"parent": "wire", "macvlan_mode": "bridge"} and shown["lan"]["Scope"] == "global"
    assert shown["lan"]["IPAM"]["Config"] == [{"Subnet": "192.0.2.0/24"}]
    assert json.dumps(declaration_options(declared))
    # The parent decides, also later.
    host.sh("ip link set wire mtu 1350")
    assert run(declared, check=True).ops == ()
    host.sh("ip link set wire mtu 1500")
    assert [op.rsplit(": ", 1)[1] for op in run(declared).ops] == ["mtu from 1350 to 1500"] * 2


def test_what_drifted_is_repaired_in_place(host) -> None:
    wire(host)
    declared = declare(on_parent("macvlan", gateway="192.0.2.1", host_shim=SHIM), A, B)
    run(declared)
    index = _index(host, "a")
    host.sh("ip -n a link set eth0 type macvlan mode private && ip -n a link set eth0 down && ip route del 192.0.2.11/32")
    host.sh("ip -n b link set eth0 address 02:00:00:00:00:09 && ip -n b addr add 192.0.2.77/24 dev eth0")
    assert len(run(declared).ops) == 6
    assert _index(host, "a") == index
    assert run(declared).ops == ()
    assert answered("a", "b", "", expected=AMONG_THEMSELVES | WITH_HOST) == AMONG_THEMSELVES | WITH_HOST


@pytest.mark.parametrize(("theirs", "mode"), [("macvlan mode passthru", "bridge"), ("macvlan mode bridge", "passthru")], ids=["theirs", "ours"])
def test_nobody_shares_a_card_with_passthru(host, capsys, theirs: str, mode: str) -> None:
    check_others_on_a_parent(host, capsys, theirs, "macvlan", ", and mode passthru takes the whole interface", mode=mode)


def test_what_of_ours_has_the_whole_card_makes_room_in_the_same_run(host, capsys) -> None:
    check_ours_make_room(host, capsys, *({"driver": "macvlan", "mode": mode} for mode in ("passthru", "bridge", "passthru")))


def test_a_sandbox_has_a_link_of_the_name_that_one_of_the_host_has(host) -> None:
    check_a_name_that_the_host_has_too(host, "macvlan")


def test_a_failure_in_the_middle_puts_back_what_stood(host) -> None:
    """Somebody else has the other card for himself, from a namespace where nobody looks."""
    wire(host)
    declared = declare(on_parent("macvlan"), A)
    run(declared)
    before = inode("a"), _index(host, "a")
    host.sh("ip link add other type veth peer name otherfar && ip link set other up")
    host.sh("ip netns add hidden && ip link add hold netns hidden link other type macvlan mode passthru")
    two = on_parent("macvlan", "two", "198.51.100.0/24", parent="other")
    with pytest.raises(Fault, match="What stood before was put back"):
        run(changed(declared, two, sandbox("b", endpoint("two", "198.51.100.10"))))
    assert (inode("a"), _index(host, "a")) == before
    assert run(declared).ops == ()
    assert answered("a", "far", expected=BOTH) == BOTH


def _index(host, sandbox: str) -> int:
    return int(json.loads(host.sh(f"ip -n {sandbox} -j link show eth0"))[0]["ifindex"])
