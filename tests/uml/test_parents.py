# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parents that a network makes for itself: a VLAN of a card, or, without one, a link that leads nowhere."""

from __future__ import annotations

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.describe import describe
from ansible_collections.mooring.cnm.tests.kernel.in_the_way import check_a_name_that_the_host_has_too, check_others_on_a_parent, check_ours_make_room
from ansible_collections.mooring.cnm.tests.kernel.on_wire import ADDRESSES, BOTH, answered, on_parent, wire
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same, dump
from ansible_collections.mooring.cnm.tests.kernel.topologies import changed, clear, declare, endpoint, run, sandbox

_EITHER = ", and the kernel has either macvlan or ipvlan on an interface"
_ONE_WAY = " with mode {} and flag {}, and the kernel has one of each for all of ipvlan on an interface"
A = sandbox("a", endpoint("forty", "192.0.2.10"))
B = sandbox("b", endpoint("more", "198.51.100.11"))


@pytest.mark.parametrize("driver", ["macvlan", "ipvlan"])
def test_a_vlan_is_made_and_goes_with_the_last_network_that_uses_it(host, driver: str) -> None:
    wire(host, vlan=40)
    empty = dump(host)
    forty, more = on_parent(driver, "forty", parent="wire.40"), on_parent(driver, "more", "198.51.100.0/24", parent="wire.40")
    declared = declare(forty, more, A, B)
    predicted = run(declared, check=True)
    done = run(declared)
    assert done.ops == predicted.ops and run(declared).ops == ()
    assert describe(done.after, "default") == declared
    assert answered("a", "far", expected=BOTH) == BOTH
    assert run(changed(changed(declared, without="b"), without="more")).ops
    assert answered("a", "far", expected=BOTH) == BOTH
    clear()
    check_same(empty, lambda: dump(host))


def test_one_vlan_does_not_reach_another(host) -> None:
    """The neighbour is in VLAN 40; its service is asked from 40, and from 41, where the same addresses would be on one wire."""
    wire(host, vlan=40)
    run(declare(on_parent("macvlan", "forty", parent="wire.41"), A))
    assert answered("a", "far", expected=set()) == set()
    declared = declare(on_parent("macvlan", "forty", parent="wire.40"), A)
    run(declared)
    assert answered("a", "far", expected=BOTH) == BOTH
    assert "wire.41" not in host.sh("ip -br link") and run(declared).ops == ()


def test_a_vlan_that_stood_before_is_used_and_outlives_the_network(host) -> None:
    wire(host, vlan=40)
    host.sh("ip link add link wire name wire.40 up type vlan id 40")
    empty = dump(host)
    declared = declare(on_parent("macvlan", "forty", parent="wire.40"), A)
    assert not any("vlan wire.40" in op.replace("macvlan", "") for op in run(declared).ops)
    assert answered("a", "far", expected=BOTH) == BOTH
    assert run(declared).ops == ()
    clear()
    check_same(empty, lambda: dump(host))


def test_a_vlan_that_somebody_broke_is_mended(host) -> None:
    wire(host, vlan=40)
    declared = declare(on_parent("macvlan", "forty", parent="wire.40"), A)
    run(declared)
    host.sh("ip link del wire.40")
    assert len(run(declared).ops) > 2
    assert run(declared).ops == ()
    host.sh("ip link set wire.40 down")
    assert [op for op in run(declared).ops if "up from no to yes" in op]
    assert answered("a", "far", expected=BOTH) == BOTH


@pytest.mark.parametrize("driver", ["macvlan", "ipvlan"])
def test_without_a_parent_sandboxes_reach_each_other_and_nobody_else(host, driver: str) -> None:
    wire(host)
    host.sh(f"ip addr add {ADDRESSES['']}/24 dev wire")
    empty = dump(host)
    declared = declare(on_parent(driver, parent=None), sandbox("a", endpoint("lan", "192.0.2.10")), sandbox("b", endpoint("lan", "192.0.2.11")))
    predicted = run(declared, check=True)
    done = run(declared)
    assert done.ops == predicted.ops and run(declared).ops == ()
    assert describe(done.after, "default") == declared
    assert host.sh("ip -n a route show default") == ""
    assert answered("a", "b", "far", "", expected={("a", "b"), ("b", "a"), ("", "far"), ("far", "")}) == {("a", "b"), ("b", "a"), ("", "far"), ("far", "")}
    clear()
    check_same(empty, lambda: dump(host))


@pytest.mark.parametrize(
    ("theirs", "driver", "words"),
    [
        ("macvlan mode bridge", "ipvlan", _EITHER),
        ("ipvlan mode l2", "macvlan", _EITHER),
        # The kernel would not refuse these: it would give the others our mode.
        ("ipvlan mode l3", "ipvlan", _ONE_WAY.format("l3", "bridge")),
        ("ipvlan mode l2 private", "ipvlan", _ONE_WAY.format("l2", "private")),
    ],
)
def test_what_others_have_on_a_card_is_told_before_anything_is_done(host, capsys, theirs: str, driver: str, words: str) -> None:
    check_others_on_a_parent(host, capsys, theirs, driver, words)


def test_what_of_ours_is_on_a_card_makes_room_in_the_same_run(host, capsys) -> None:
    check_ours_make_room(host, capsys, *({"driver": driver, "mode": mode} for driver, mode in (("ipvlan", "l2"), ("macvlan", "bridge"), ("ipvlan", "l3"))))


@pytest.mark.parametrize("driver", ["macvlan", "ipvlan"])
def test_a_sandbox_has_a_link_of_the_name_that_one_of_the_host_has(host, driver: str) -> None:
    check_a_name_that_the_host_has_too(host, driver)
