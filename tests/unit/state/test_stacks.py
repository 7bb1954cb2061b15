# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links upon links: any way between two such pictures is one that the kernel would go along with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.mooring.cnm.plugins.module_utils.state.lost import lost_with
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import Address, HostState, Link, Namespace, desired_state
from ansible_collections.mooring.cnm.plugins.module_utils.state.plan import plan
from ansible_collections.mooring.cnm.plugins.module_utils.state.words import in_words
from ansible_collections.mooring.cnm.tests.unit.state.pictures import check_reached, drifted, seen, walk
from ansible_collections.mooring.cnm.tests.unit.state.stacks import stacks
from hypothesis import given
from hypothesis import strategies as st


@given(st.data(), stacks(), stacks())
def test_the_plan_leads_from_any_stack_to_any_other(data: Any, before: HostState, goal: HostState) -> None:
    stands = data.draw(drifted(seen(before, goal)))
    ops = plan(stands, goal).ops
    reached = walk(stands, ops)
    check_reached(reached, goal)
    assert plan(reached, goal).ops == ()
    lines = [in_words(op) for op in ops]
    assert len(lines) == len(set(lines))
    assert not [line for line in lines if "None" in line or "  " in line]


@given(stacks())
def test_a_stack_is_made_from_below_and_taken_down_from_above(goal: HostState) -> None:
    made = walk(HostState(), plan(HostState(), goal).ops)
    check_reached(made, goal)
    ops = plan(made, HostState()).ops
    check_reached(walk(made, ops), HostState())
    gone = [op.subject.key for op in ops]
    for one in goal.objects.values():
        if isinstance(one, Link) and one.kind == "vxlan":
            assert one.key in gone, "a vxlan goes before its namespace, or its VNI is taken for a while"
            assert one.netns == "" or gone.index(one.key) < gone.index(("namespace", one.netns))


def test_what_rests_on_something_goes_with_it_and_so_does_what_stands_on_that() -> None:
    low, mid = Link("", "low0", "dummy"), Link("web", "mid0", "macvlan", parent=("", "low0"))
    top, address = Link("web", "top0", "vlan", parent=("web", "mid0")), Address("web", "top0", "10.0.0.2/24")
    others = [Link("", "other", "dummy"), Address("", "other", "10.0.0.3/24"), Namespace("web")]
    objects = [low, mid, top, address, *others]
    assert lost_with({low.key}, objects) == {low.key, mid.key, top.key, address.key}
    assert lost_with({("namespace", "web")}, objects) == {("namespace", "web"), mid.key, top.key, address.key}
    assert lost_with(set(), objects) == set()


def test_a_child_follows_the_new_name_of_its_parent() -> None:
    low = Link("", "low0", "bridge", tag="cnm:default:low::bridge", up=True)
    stands = desired_state([low, Link("", "mid0", "macvlan", tag="cnm:default:mid::endpoint", parent=("", "low0"), up=True)])
    goal = desired_state([replace(low, name="low1"), Link("", "mid0", "macvlan", tag="cnm:default:mid::endpoint", parent=("", "low1"), up=True)])
    assert [in_words(op) for op in plan(stands, goal).ops] == ["rename bridge low0 (low) to low1"]
