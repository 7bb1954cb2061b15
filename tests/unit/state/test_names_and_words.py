# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that change their names, also in circles, and what is told of a change."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.state.chain import Chain, Jump
from ansible_collections.mooring.cnm.plugins.module_utils.state.entry import BRIDGE_FDB, FDB, NEIGHBOURS, Entries, Pair
from ansible_collections.mooring.cnm.plugins.module_utils.state.fault import Fault
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import Address, File, HostState, Link, Namespace, Object, Route, Sysctl
from ansible_collections.mooring.cnm.plugins.module_utils.state.op import Op
from ansible_collections.mooring.cnm.plugins.module_utils.state.plan import plan
from ansible_collections.mooring.cnm.plugins.module_utils.state.rename import renames
from ansible_collections.mooring.cnm.plugins.module_utils.state.rule import Rule
from ansible_collections.mooring.cnm.plugins.module_utils.state.tag import Tag, altname, chain_name, is_chain_of, is_fleet_name, link_name, read_tag
from ansible_collections.mooring.cnm.plugins.module_utils.state.words import in_words, ops_in_words
from ansible_collections.mooring.cnm.tests.unit.state.pictures import check_reached, walk
from hypothesis import given
from hypothesis import strategies as st

NAMES = ("eth0", "eth1", "eth2", "eth0.cnm0", "aaaaaaaaaaaaaa1", "aaaaaaaaaaaaaa2")
BRIDGE = Link("", "br0", "bridge", tag="cnm:default:front::bridge", altname="a", mac="06:00:00:00:00:01", mtu=1500, master="", up=True)
WEB = Namespace("web")
CHAIN = Chain("ipv4", "nat", "CNM-PORTS", (Rule("ACCEPT"), Rule("DROP")))
JUMP = Jump("ipv4", "nat", "OUTPUT", "CNM-PORTS", (Rule("CNM-PORTS"),))

MAC = "02:42:0a:00:00:07"
PAIRS = [(f"10.0.0.{at}", f"02:42:0a:00:00:{at:02x}") for at in range(201)]


def entries(table: str, *pairs: Pair) -> Entries:
    return Entries("net7", "vx0", table, frozenset(pairs))


def links(names: tuple[str, ...]) -> HostState:
    """One link for each name, known by its place."""
    objects = [Link("web", name, "veth", tag=f"cnm:default:n{at}:web:endpoint") for at, name in enumerate(names)]
    return HostState({one.key: one for one in [WEB, *objects]}, frozenset(one.key for one in [WEB, *objects]))


@pytest.mark.parametrize("wanted", list(permutations(NAMES[:4])))
def test_four_links_exchange_their_names(wanted: tuple[str, ...]) -> None:
    steps = plan(links(NAMES[:4]), links(wanted)).ops
    assert {op.action for op in steps} <= {"rename"}
    check_reached(walk(links(NAMES[:4]), steps), links(wanted))


@given(st.permutations(NAMES), st.permutations(NAMES), st.integers(0, 6))
def test_a_run_that_was_killed_between_renames_is_taken_up(stands: list[str], wanted: list[str], done: int) -> None:
    start, goal = links(tuple(stands)), links(tuple(wanted))
    half = walk(start, plan(start, goal).ops[:done])
    check_reached(walk(half, plan(half, goal).ops), goal)


def test_a_link_steps_aside_under_a_name_that_is_free() -> None:
    goal = links(("eth1", "eth0", "eth0.cnm0"))
    moves = renames(links(("eth0", "eth1", "eth0.cnm0")).objects, goal.objects)
    assert [(before.name, after.name) for before, after in moves] == [("eth1", "eth1.cnm0"), ("eth0", "eth1"), ("eth1.cnm0", "eth0")]


def unfinished(name: str) -> Link:
    return Link("", name, "bridge", altname="", mac="aa:00:00:00:00:01", mtu=1500, master="", peer=("", ""), up=True)


@pytest.mark.parametrize(
    ("stands", "steps"),
    [
        ([replace(BRIDGE, name="stray0")], ["rename bridge stray0 (front) to br0"]),
        (
            [unfinished("br0")],
            ["change bridge br0 (front): tag from none to cnm:default:front::bridge, altname from none to a, mac from aa:00:00:00:00:01 to 06:00:00:00:00:01"],
        ),
        ([unfinished("br0"), replace(BRIDGE, name="stray0")], ["remove bridge br0", "rename bridge stray0 (front) to br0"]),
        ([replace(BRIDGE, name="a"), BRIDGE, replace(BRIDGE, name="z")], ["remove bridge a (front)", "remove bridge z (front)"]),
        ([replace(BRIDGE, name="stray0", kind="veth")], ["remove veth stray0 (front)", "create bridge br0 (front)"]),
        ([replace(BRIDGE, tag="cnm:default:back::bridge")], ["remove bridge br0 (back)", "create bridge br0 (front)"]),
    ],
)
def test_a_link_is_known_by_its_mark(stands: list[Link], steps: list[str]) -> None:
    standing, goal = (HostState({one.key: one for one in listed}, frozenset(one.key for one in listed)) for listed in (stands, [BRIDGE]))
    assert [in_words(op) for op in plan(standing, goal).ops] == steps


def test_a_pair_that_lost_its_other_end_is_made_anew_not_renamed() -> None:
    """The host's end stands under another name, and nobody knows where its other end is."""
    ends = Link("", "v0", "veth", tag="port", peer=("web", "eth0")), Link("web", "eth0", "veth", tag="endpoint", peer=("", "v0"))
    lost = replace(ends[0], name="stray0", peer=("", ""))
    stands, goal = (HostState({one.key: one for one in listed}, frozenset(one.key for one in listed)) for listed in ([WEB, lost], [WEB, *ends]))
    assert [in_words(op) for op in plan(stands, goal).ops] == [
        "remove veth stray0",
        "create veth v0 with veth eth0 in web",
    ]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (None, BRIDGE, "create bridge br0 (front)"),
        (BRIDGE, None, "remove bridge br0 (front)"),
        (
            BRIDGE,
            Link("", "br0", "bridge", tag=BRIDGE.tag, mtu=9000, master="br1"),
            "change bridge br0 (front): mtu from 1500 to 9000, master from none to br1",
        ),
        (None, Link("web", "eth0", "veth"), "create veth eth0 in web"),
        (None, Namespace("web"), "create namespace web"),
        (None, Namespace("cache", joins="web"), "create namespace cache as another name of web"),
        (None, Address("web", "eth0", "10.0.0.2/24"), "add address 10.0.0.2/24 on eth0 in web"),
        (Address("", "br0", "10.0.0.1/24"), None, "remove address 10.0.0.1/24 on br0"),
        (None, Route("web", "default", "10.0.0.1", "eth0"), "add route default via 10.0.0.1 dev eth0 in web"),
        (None, Route("", "192.0.2.0/24", link="eth0", metric=5, table=100), "add route 192.0.2.0/24 dev eth0 metric 5 table 100"),
        (Route("web", "fd00::/8", type="blackhole"), None, "remove route blackhole fd00::/8 in web"),
        (None, entries(NEIGHBOURS, ("10.0.0.7", MAC)), f"add neighbour 10.0.0.7 at {MAC} on vx0 in net7"),
        (None, entries(FDB, (MAC, "192.0.2.1")), f"add forwarding entry {MAC} to 192.0.2.1 on vx0 in net7"),
        (entries(BRIDGE_FDB, (MAC, "")), None, f"remove forwarding entry {MAC} of its bridge on vx0 in net7"),
        (
            entries(FDB, (MAC, "192.0.2.1")),
            entries(FDB, (MAC, "192.0.2.2")),
            f"change forwarding entry {MAC} to 192.0.2.2 on vx0 in net7: dst from 192.0.2.1 to 192.0.2.2",
        ),
        (entries(NEIGHBOURS, *PAIRS[1:]), entries(NEIGHBOURS, *PAIRS[:-2]), "change 199 neighbours on vx0 in net7: +1 -2"),
        (None, Sysctl("", "net/ipv4/ip_forward", "1"), "set sysctl net/ipv4/ip_forward = 1"),
        (Sysctl("", "net/ipv4/ip_forward", "0"), Sysctl("", "net/ipv4/ip_forward", "1"), "change sysctl net/ipv4/ip_forward from 0 to 1"),
        (None, File("/a", "x\n"), "write file /a"),
        (File("/a", "x\ny\n"), File("/a", "x\nz\nw\n"), "change file /a: +2 -1 lines"),
        (File("/a", "x\ny\n"), File("/a", "y\nx\n"), "change file /a: order of the lines"),
        (None, CHAIN, "create chain CNM-PORTS of table nat (ipv4, 2 rules)"),
        (CHAIN, Chain("ipv4", "nat", "CNM-PORTS", (Rule("ACCEPT"),)), "change chain CNM-PORTS of table nat (ipv4): +0 -1 rules"),
        (CHAIN, Chain("ipv4", "nat", "CNM-PORTS", CHAIN.rules[::-1]), "change chain CNM-PORTS of table nat (ipv4): order of the rules"),
        (None, JUMP, "create jump from OUTPUT to CNM-PORTS in table nat (ipv4)"),
    ],
)
def test_steps_in_words(before: Object | None, after: Object | None, words: str) -> None:
    action = "change" if before and after else "create" if after else "remove"
    assert in_words(Op(action, before, after)) == words


def test_few_entries_have_a_line_each_and_many_one_together() -> None:
    few = Op("change", entries(NEIGHBOURS, *PAIRS[:2]), entries(NEIGHBOURS, (PAIRS[0][0], MAC), *PAIRS[2:100]))
    lines = ops_in_words([few])
    assert len(lines) == 100
    assert lines[0] == "remove neighbour 10.0.0.1 at 02:42:0a:00:00:01 on vx0 in net7"
    assert f"change neighbour 10.0.0.0 at {MAC} on vx0 in net7: mac from 02:42:0a:00:00:00 to {MAC}" in lines


def test_an_error_is_one_or_two_sentences() -> None:
    assert str(Fault("bridge br0", "create", "not permitted (EPERM)")) == "Could not create bridge br0: not permitted (EPERM)."
    assert str(Fault("the rules", "write", "no iptables", "Install it.")) == "Could not write the rules: no iptables. Install it."


def test_a_mark_is_read_back_and_foreign_ones_are_not() -> None:
    assert read_tag("cnm:default:front:web:port") == Tag("default", "front", "web", "port")
    assert [read_tag(text) for text in (None, "", "cnm", "cnm:a:b:c", "cnm:a:b:c:d:e", "cn:a:b:c:d", "uplink to cnm:a:b:c:d")] == [None] * 7


def test_derived_names_fit_and_differ() -> None:
    owners = [("default", "front"), ("default", "fron", "t"), ("blue", "front"), ("default", "front", "x" * 63)]
    assert len({link_name("b", *owner) for owner in owners}) == len({altname(*owner) for owner in owners}) == len(owners)
    assert all(len(link_name("v", *owner)) <= 15 for owner in owners)
    assert len(altname("f" * 63, "n" * 63, "s" * 63)) <= 127
    assert altname("f" * 63, "n" * 63, "s" * 62) != altname("f" * 63, "n" * 63, "s" * 61)


@pytest.mark.parametrize("fleet", ["", "a:b", "a b", "a\n", "a+b", "ä", "-a", "x" * 64])
def test_a_fleet_whose_mark_could_not_be_read_back_is_refused(fleet: str) -> None:
    assert not is_fleet_name(fleet)


@pytest.mark.parametrize("fleet", ["default", "blue", "a-b", "x" * 63])
def test_a_chain_belongs_to_one_fleet(fleet: str) -> None:
    name = chain_name(fleet, "POSTROUTING")
    assert is_fleet_name(fleet)
    assert len(name) <= 28
    assert [one for one in ("default", "blue", "a-b", "x" * 63) if is_chain_of(one, name)] == [fleet]
