# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random pictures of a host: as a run left it, and as somebody changed it since. And a walk through a plan that is as strict as the kernel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace

from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.state.chain import Chain, Jump
from ansible_collections.mooring.cnm.plugins.module_utils.state.entry import Entries
from ansible_collections.mooring.cnm.plugins.module_utils.state.fit import fitted
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import Address, File, HostState, Key, Link, Namespace, Object, Route, Sysctl
from ansible_collections.mooring.cnm.plugins.module_utils.state.op import Op
from ansible_collections.mooring.cnm.plugins.module_utils.state.replay import replay
from ansible_collections.mooring.cnm.plugins.module_utils.state.rule import Rule
from ansible_collections.mooring.cnm.tests.unit.drivers.declarations import of_all_drivers, pairs
from hypothesis import strategies as st

FLEET = "default"
# What a link has that nobody declared.
UNDECLARED = {"altname": "", "mac": "aa:00:00:00:00:01", "master": "", "peer": ("", ""), "ipv6_link_local": True, "txqlen": 1000, "promisc": False}
DRIFTS: dict[str, dict[str, object]] = {
    "mtu": {"mtu": 1234},
    "down": {"up": False},
    "mac": {"mac": "06:00:00:00:00:ee"},
    "no master": {"master": "", "port": ()},
    "no alias": {"tag": None},
    "no readable name": {"altname": ""},
    "link-local": {"ipv6_link_local": True},
    "isolated": {"port": (("hairpin", True), ("isolated", True))},
}
# What others have made that networks rest on.
WIRES = ("wire", "wire0", "wire1", "wire2", "wire3")
STRAY_RULE = Rule("ACCEPT", comment="stray")


def desired() -> st.SearchStrategy[HostState]:
    """What some declaration asks for."""
    return of_all_drivers().map(lambda declaration: as_made(host_state(declaration, FLEET)))


def ways() -> st.SearchStrategy[tuple[HostState, HostState]]:
    """A state that a declaration asked for, as it shows, and what another one asks for."""
    wanted = pairs().map(lambda pair: tuple(host_state(declaration, FLEET) for declaration in pair))
    return wanted.map(lambda states: (seen(*states), states[1]))


def as_made(state: HostState) -> HostState:
    """``state`` with the MTU of each link that has that of what it rests on."""
    return fitted(state, HostState())


def seen(state: HostState, wanted: HostState) -> HostState:
    """What the kernel shows where ``state`` was reached and ``wanted`` is asked for: every attribute, and the settings of what is there."""
    objects = {key: _completed(one) for key, one in as_made(state).objects.items() if not isinstance(one, Sysctl) or (not one.netns and one.link)}
    for one in wanted.objects.values():
        there = not isinstance(one, Sysctl) or (not one.netns or ("namespace", one.netns) in objects)
        if isinstance(one, Sysctl) and there and (one.link in (None, "all") or ("link", one.netns, one.link) in objects):
            objects[one.key] = state.objects.get(one.key, replace(one, value="0"))
    return HostState(objects, frozenset(objects))


def _completed(one: Object) -> Object:
    if not isinstance(one, Link):
        return one
    return replace(one, **{name: value for name, value in UNDECLARED.items() if getattr(one, name) is None})


@st.composite
def drifted(draw: st.DrawFn, picture: HostState) -> HostState:
    """``picture`` after somebody did a few things to it."""
    for _time in range(draw(st.integers(0, 4))):
        owned = [picture.objects[key] for key in sorted(picture.owned) if key[0] != "sysctl"]
        if owned:
            picture = _done_to(picture, draw(st.sampled_from(owned)), draw(st.sampled_from(["drop", "rename", "copy", *DRIFTS])))
    return picture


def _done_to(picture: HostState, one: Object, what: str) -> HostState:
    if what == "drop":
        return replay(picture, [Op("remove", before=one)])
    if isinstance(one, Link):
        if what in DRIFTS:
            return _put(picture, replace(one, **{name: value for name, value in DRIFTS[what].items() if one.master or name not in ("port", "master")}))
        stray = replace(one, name="stray0" if what == "copy" else one.name[:9] + "_x", peer=("", "") if what == "copy" else one.peer)
        if stray.key in picture.objects:
            return picture
        return _put(picture, stray) if what == "copy" else replay(picture, [Op("rename", before=one, after=stray)])
    if isinstance(one, Address):
        return _put(picture, replace(one, address="10.9.9.9/32"))
    if isinstance(one, Route):
        return _put(picture, replace(one, gateway="10.9.9.9"))
    if isinstance(one, Namespace):
        return _put(picture, replace(one, up=bool(one.joins)))
    if isinstance(one, File):
        return _put(picture, replace(one, content=one.content + "stray\n"))
    if isinstance(one, Chain):
        return _put(picture, replace(one, rules=(STRAY_RULE, *reversed(one.rules))))
    if isinstance(one, Entries):
        return _put(picture, replace(one, pairs=frozenset({("10.9.9.9", "06:00:00:00:00:ee")} | {(what, "06:00:00:00:00:ef") for what, _where in one.pairs})))
    if isinstance(one, Jump):
        return _put(picture, replace(one, rules=one.rules * 2))
    return picture


def _put(picture: HostState, one: Object) -> HostState:
    return HostState({**picture.objects, one.key: one}, picture.owned | {one.key})


def walk(state: HostState, ops: Iterable[Op]) -> HostState:
    """``state`` after ``ops``, each of which the kernel would accept where it comes."""
    for op in ops:
        if op.action == "forget":
            continue  # what conntrack remembers is in no picture
        if op.before is not None:
            stands = state.objects.get(op.before.key)
            # A rename says nothing of the other end, which may have been renamed before.
            assert stands is not None if op.action == "rename" else stands == op.before, f"{op.before} does not stand as such"
        for one in (op.after, op.peer):
            if one is not None and op.action in ("create", "rename"):
                assert one.key not in state.objects, f"{one.key} exists"
            if one is not None:
                _check_footing(state.objects, one, op)
        state = replay(state, [op])
    return state


def _check_footing(objects: dict[Key, Object], one: Object, op: Op) -> None:
    netns = getattr(one, "netns", "")
    assert not netns or ("namespace", netns) in objects, f"no namespace for {one}"
    if isinstance(one, Link) and one.master and one is not op.peer:  # the other end of a pair is plugged in when all links are made
        assert ("link", netns, one.master) in objects, f"no bridge for {one}"
    if isinstance(one, Link) and one.parent and one.parent[1] not in ("", *WIRES):
        assert ("link", *one.parent) in objects, f"nothing to rest on for {one}"
    if isinstance(one, Entries):
        assert ("link", netns, one.link) in objects, f"no link for {one}"
    if isinstance(one, Sysctl) and one.link not in (None, "all"):
        assert ("link", netns, one.link) in objects, f"no link for {one}"
    if isinstance(one, (Address, Route)):
        link = objects.get(("link", netns, str(one.link)))
        assert isinstance(one, Address) or not one.link or getattr(link, "up", False), f"{one} through a link that is down"
    if isinstance(one, Namespace) and one.joins:
        assert ("namespace", one.joins) in objects, f"nothing to join for {one}"


def check_reached(state: HostState, wanted: HostState) -> None:
    """All of ``wanted`` stands, in every attribute that it sets, and nothing else is owned, except settings, which are never taken back."""
    assert {key for key in state.owned if key[0] != "sysctl"} == {key for key in wanted.objects if key[0] != "sysctl"}
    for key, one in wanted.objects.items():
        stands = state.objects[key]
        for attribute in fields(one):
            asked = getattr(one, attribute.name)
            if asked is not None and attribute.compare:
                has = getattr(stands, attribute.name)
                assert has == asked or (attribute.name in ("options", "port") and set(asked) <= set(has)), (key, attribute.name, has, asked)
