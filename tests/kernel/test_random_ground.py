# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts on which others have things of all kinds, some named nearly like ours: all of it is the same after creation, change and removal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration, Port
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import Link, Namespace
from ansible_collections.mooring.cnm.tests.kernel.ground import random_ground
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same
from ansible_collections.mooring.cnm.tests.kernel.topologies import NOTHING, changed, declare, endpoint, network, run, sandbox
from ansible_collections.mooring.cnm.tests.kernel.ways import MACVLAN, OVERLAY, PRIVATE, TWO
from ansible_collections.mooring.cnm.tests.kernel.whole import whole

FRONT = network("front", "172.20.0.0/24", bridge_name="br0")
WEB = sandbox("web", endpoint("front", "172.20.0.2"), ports=(Port(8080, 80),))
SMALL = declare(FRONT, WEB, sandbox("db", endpoint("front", "172.20.0.3")))
OTHER = changed(
    SMALL,
    replace(FRONT, bridge_name=None, icc=False),
    network("back", "172.21.0.0/24", internal=True),
    replace(WEB, endpoints=(endpoint("back", "172.21.0.2"), endpoint("front", "172.20.0.9"))),
    without="db",
)
# Where each host goes, and goes on to.
GOALS = ((SMALL, OTHER), (OVERLAY, TWO), (MACVLAN, PRIVATE))
SEEDS = range(9, 27)
CARD = "wire"


def ground(seed: int) -> str:
    both = [wanted(goal) for goal in GOALS[seed % len(GOALS)]]
    return random_ground(seed, *(sorted({name for some in kind for name in some}) for kind in zip(*both, strict=True)))


def wanted(goal: Declaration) -> tuple[set[str], set[str]]:
    """The names of links of the host, and of namespaces."""
    objects = host_state(goal, "default").objects.values()
    links = {one.name for one in objects if isinstance(one, Link) and one.netns == "" and one.tag is not None}
    return links, {one.name for one in objects if isinstance(one, Namespace)}


@pytest.mark.parametrize("seed", SEEDS)
def test_what_others_have_is_the_same_after_all(host, seed: int) -> None:
    script = ground(seed)
    host.sh(script)
    before = whole(host)
    first, second = GOALS[seed % len(GOALS)]
    for goal in (first, second, first, NOTHING):
        if in_the_way(goal, script):
            stood = whole(host)
            outcome = run(goal)
            assert (bool(outcome.clashes), outcome.ops) == (True, ())
            check_same(stood, lambda stood=stood: whole(host))
            continue
        run(goal)
        assert run(goal, check=True).ops == ()
        check_same(of_others(before, before), lambda: of_others(whole(host), before))
    check_same(unforwarded(before), lambda: unforwarded(whole(host)))


@pytest.mark.parametrize("at", range(len(GOALS)))
def test_some_of_these_hosts_are_in_the_way_and_most_are_not(at: int) -> None:
    some = SEEDS[at :: len(GOALS)]
    assert 0 < sum(any(in_the_way(goal, ground(seed)) for goal in GOALS[at]) for seed in some) < len(some) / 2


def in_the_way(goal: Declaration, script: str) -> bool:
    """Whether one of their links or namespaces has the very name that is wanted."""
    links, spaces = wanted(goal)
    return any(f"ip link add {name} " in script for name in links) or any(f"ip netns add {name}\n" in script for name in spaces)


def of_others(picture: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """What was there before: their links and what is on them, their namespaces, settings, rules, files."""
    rooms = {}
    for name, room in before["rooms"].items():
        theirs = {link["ifname"] for link in room["ip -d: link show"]}
        now = picture["rooms"][name]
        rooms[name] = {topic: _alone([one for one in now[topic] if _link(one) in theirs], room[topic]) for topic in now if topic != "settings"}
        rooms[name]["settings"] = {path: now["settings"].get(path) for path in room["settings"]}
    return {
        "rooms": _unforwarded(rooms),
        "namespaces": {name: picture["namespaces"].get(name) for name in before["namespaces"]},
        "files": {path: picture["files"].get(path) for path in before["files"]},
        "rules": [
            line for line in picture["rules"] if line in before["rules"] and (line.startswith("-A") or line.endswith((" -", " DROP")) or line.startswith("("))
        ],
    }


def _link(shown: dict[str, Any]) -> str:
    return str(shown.get("ifname", shown.get("dev", "lo")))


def _alone(shown: list[dict[str, Any]], before: list[Any]) -> list[dict[str, Any]]:
    """Without what a card shows while links rest on it: that it takes in what is for their MAC addresses."""
    kept = [one for one in shown if _link(one) != CARD or "mac" not in one or one in before]
    return [{**one, "promiscuity": 0} if _link(one) == CARD else one for one in kept]


def unforwarded(picture: dict[str, Any]) -> dict[str, Any]:
    return {**picture, "rooms": _unforwarded(picture["rooms"])}


def _unforwarded(rooms: dict[str, Any]) -> dict[str, Any]:
    """Without the host's one switch for forwarding, which is set and never taken back, and what the kernel ties to it."""
    settings = {path: value for path, value in rooms[""]["settings"].items() if "forward" not in path and not path.endswith("all/accept_redirects")}
    return {**rooms, "": {**rooms[""], "settings": settings}}
