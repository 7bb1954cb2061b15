# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for the way between any two states."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration
from ansible_collections.mooring.cnm.plugins.module_utils.state.chain import Chain, Jump
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import Address, File, HostState, Link, Namespace, Object, Route, Sysctl
from ansible_collections.mooring.cnm.plugins.module_utils.state.op import Op
from ansible_collections.mooring.cnm.plugins.module_utils.state.plan import Plan, plan
from ansible_collections.mooring.cnm.plugins.module_utils.state.rule import Rule
from ansible_collections.mooring.cnm.plugins.module_utils.state.settled import is_settled
from ansible_collections.mooring.cnm.plugins.module_utils.state.tag import is_of_network
from ansible_collections.mooring.cnm.plugins.module_utils.state.words import in_words
from ansible_collections.mooring.cnm.tests.unit.drivers.declarations import of_all_drivers
from ansible_collections.mooring.cnm.tests.unit.state.pictures import FLEET, check_reached, desired, drifted, seen, walk, ways
from hypothesis import given
from hypothesis import strategies as st

Way = tuple[HostState, HostState]
FOREIGN: tuple[Object, ...] = (
    Link("", "their-br", "bridge", tag="theirs"),
    Link("web", "eth7", "veth"),
    Address("", "their-br", "10.8.0.1/24"),
    Route("web", "10.7.0.0/16", "10.0.0.1", "eth0"),
    Namespace("theirs"),
    File("/etc/netns/theirs/hosts", "10.8.0.1 gw\n"),
    Chain("ipv4", "filter", "THEIRS", (Rule("ACCEPT"),)),
    Sysctl("", "net/ipv4/conf/their-br/rp_filter", "1"),
)


@given(desired())
def test_what_stands_needs_no_step(wanted: HostState) -> None:
    assert plan(wanted, wanted).ops == ()
    assert plan(seen(wanted, wanted), wanted).ops == ()


@given(desired())
def test_from_nothing_and_back(wanted: HostState) -> None:
    made = walk(HostState(), plan(HostState(), wanted).ops)
    check_reached(made, wanted)
    check_reached(walk(made, plan(made, HostState()).ops), HostState())


@given(ways())
def test_the_plan_leads_from_any_state_to_any_other(way: Way) -> None:
    stands, goal = way
    reached = walk(stands, plan(stands, goal).ops)
    check_reached(reached, goal)
    assert plan(reached, goal).ops == ()


@given(st.data(), ways())
def test_whatever_was_done_to_a_host_the_plan_leads_to_the_goal(data: Any, way: Way) -> None:
    stands, goal = data.draw(drifted(way[0])), way[1]
    reached = walk(stands, plan(stands, goal).ops)
    check_reached(reached, goal)
    assert plan(reached, goal).ops == ()


@given(st.data(), ways())
def test_it_is_settled_where_the_plan_has_nothing_to_say(data: Any, way: Way) -> None:
    stands, goal = data.draw(drifted(way[0])), way[1]
    reached = walk(stands, plan(stands, goal).ops)
    taken = HostState(reached.objects, reached.owned - set(list(goal.objects)[:1]))
    for now in (stands, reached, taken):
        assert is_settled(now, goal) is (plan(now, goal) == Plan())


@given(of_all_drivers(), st.randoms())
def test_the_order_of_declaration_does_not_matter(declaration: Declaration, random: Any) -> None:
    networks, sandboxes = list(declaration.networks.items()), list(declaration.sandboxes.items())
    random.shuffle(networks)
    random.shuffle(sandboxes)
    shuffled = Declaration(dict(networks), {name: replace(one, endpoints=tuple(reversed(one.endpoints))) for name, one in sandboxes})
    wanted, again = host_state(declaration, FLEET), host_state(shuffled, FLEET)
    assert again == wanted
    assert plan(HostState(), again) == plan(HostState(), wanted)


@given(ways())
def test_what_others_made_is_never_touched(way: Way) -> None:
    stands, goal = way
    beside = HostState({**stands.objects, **{one.key: one for one in FOREIGN if one.key not in goal.objects}}, stands.owned)
    assert plan(beside, goal).ops == plan(stands, goal).ops


@given(st.data(), ways())
def test_what_others_have_in_our_place_is_a_clash(data: Any, way: Way) -> None:
    stands, goal = way
    ours = sorted(key for key, one in goal.objects.items() if not getattr(one, "yields", False))
    taken = data.draw(st.lists(st.sampled_from(ours), unique=True, max_size=3)) if ours else []
    theirs = HostState({**stands.objects, **{key: goal.objects[key] for key in taken}}, stands.owned - set(taken))
    steps = plan(theirs, goal)
    assert [one.key for one in steps.clashes] == sorted(taken)
    assert steps.ops == () or not taken


@given(st.data(), ways())
def test_every_step_is_one_line_of_its_own(data: Any, way: Way) -> None:
    stands, goal = data.draw(drifted(way[0])), way[1]
    ops = plan(stands, goal).ops
    assert not [op for op in ops if op.action == "remove" and isinstance(op.subject, Sysctl)]
    lines = [in_words(op) for op in ops]
    assert len(lines) == len(set(lines))
    for line in lines:
        assert line.isprintable()
        assert line.split()[0] in ("create", "add", "set", "write", "change", "remove", "rename", "forget")
        assert "None" not in line and "  " not in line and "()" not in line


@given(st.data(), ways())
def test_the_order_is_safe(data: Any, way: Way) -> None:
    stands, goal = data.draw(drifted(way[0])), way[1]
    ops = plan(stands, goal).ops
    guarded = [at for at, op in enumerate(ops) if isinstance(op.subject, (Chain, Jump))]
    opened = [at for at, op in enumerate(ops) if _opens(op)]
    closed = [at for at, op in enumerate(ops) if op.action == "remove" and isinstance(op.subject, Link)]
    assert max(closed, default=-1) < min(guarded, default=len(ops))
    assert max(guarded, default=-1) < min(opened, default=len(ops))
    anew = {op.subject.key for op in ops if op.action == "create"}
    gone = [op for op in ops if op.action == "remove" and isinstance(op.subject, Namespace) and op.subject.key not in anew]
    last = [at for at, op in enumerate(ops) if op in gone or op.action == "forget"]
    assert last == list(range(len(ops) - len(last), len(ops)))


@given(ways())
def test_a_new_mac_is_announced_with_the_addresses(way: Way) -> None:
    """The kernel announces a new MAC with the IPv4 addresses that the link has then (``arp_notify``)."""
    ops = plan(*way).ops
    for at, op in enumerate(ops):
        if isinstance(op.before, Link) and isinstance(op.after, Link) and op.before.mac != op.after.mac:
            later = [one.subject for one in ops[at:] if one.action == "create"]
            assert not [
                one for one in later if isinstance(one, Address) and ":" not in one.address and (one.netns, one.link) == (op.after.netns, op.after.name)
            ]


@given(desired())
def test_a_link_comes_up_with_its_address_and_announced(wanted: HostState) -> None:
    ops = plan(HostState(), wanted).ops
    for at, op in enumerate(ops):
        if isinstance(op.subject, Link) and op.subject.netns and op.action == "change" and op.subject.up:
            assert op.before == replace(op.subject, up=False)
            if op.subject.kind == "ifb" or is_of_network(op.subject.netns):
                continue  # they have no address of a sandbox
            before = [one.subject for one in ops[:at]]
            assert any(isinstance(one, Address) and (one.netns, one.link) == (op.subject.netns, op.subject.name) for one in before)
            assert any(isinstance(one, Sysctl) and one.netns == op.subject.netns and one.name.endswith("arp_notify") for one in before)


def _opens(op: Op) -> bool:
    """Whether the step lets packets through that could not pass before."""
    one = op.subject
    if isinstance(one, Link):
        return op.action in ("create", "change")
    return isinstance(one, (Address, Route)) and op.action == "create"


def test_a_setting_is_never_taken_back() -> None:
    setting = Sysctl("", "net/ipv4/ip_forward", "1")
    assert plan(HostState({setting.key: setting}, frozenset({setting.key})), HostState()).ops == ()
