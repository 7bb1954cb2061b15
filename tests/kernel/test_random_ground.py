# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts on which others have things of all kinds, some named nearly like ours: all of it is the same after creation, change and removal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.veth_pair import port_name
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Port
from ansible_collections.mooring.cnm.tests.kernel.ground import random_ground
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same
from ansible_collections.mooring.cnm.tests.kernel.topologies import NOTHING, changed, declare, endpoint, network, run, sandbox
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
LINKS, SANDBOXES = ("br0", port_name("default", "front", "web")), ("web", "db")
WANTED = (*LINKS, *SANDBOXES)
SEEDS = range(16)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_others_have_is_the_same_after_all(host, seed: int) -> None:
    host.sh(random_ground(seed, WANTED))
    before = whole(host)
    for goal in (SMALL, OTHER, SMALL, NOTHING):
        outcome = run(goal)
        if in_the_way(seed):
            assert (bool(outcome.clashes), outcome.ops) == (True, ())
            check_same(before, lambda: whole(host))
            return
        assert run(goal, check=True).ops == ()
        check_same(of_others(before, before), lambda: of_others(whole(host), before))
    check_same(unforwarded(before), lambda: unforwarded(whole(host)))


def test_some_of_these_hosts_are_in_the_way_and_most_are_not() -> None:
    assert 0 < sum(in_the_way(seed) for seed in SEEDS) < len(SEEDS) / 2


def in_the_way(seed: int) -> bool:
    """Whether one of their links or namespaces has the very name that is wanted."""
    ground = random_ground(seed, WANTED)
    return any(f"ip link add {name} " in ground for name in LINKS) or any(f"ip netns add {name}\n" in ground for name in SANDBOXES)


def of_others(picture: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """What was there before: their links and what is on them, their namespaces, settings, rules, files."""
    rooms = {}
    for name, room in before["rooms"].items():
        theirs = {link["ifname"] for link in room["ip -d: link show"]}
        now = picture["rooms"][name]
        rooms[name] = {
            topic: [one for one in shown if one.get("ifname", one.get("dev", "lo")) in theirs] for topic, shown in now.items() if topic != "settings"
        }
        rooms[name]["settings"] = {path: now["settings"].get(path) for path in room["settings"]}
    return {
        "rooms": _unforwarded(rooms),
        "namespaces": {name: picture["namespaces"].get(name) for name in before["namespaces"]},
        "files": {path: picture["files"].get(path) for path in before["files"]},
        "rules": [line for line in picture["rules"] if line in before["rules"] and (line.startswith("-A") or line.endswith((" -", " DROP")))],
    }


def unforwarded(picture: dict[str, Any]) -> dict[str, Any]:
    return {**picture, "rooms": _unforwarded(picture["rooms"])}


def _unforwarded(rooms: dict[str, Any]) -> dict[str, Any]:
    """Without the host's one switch for forwarding, which is set and never taken back, and what the kernel ties to it."""
    settings = {path: value for path, value in rooms[""]["settings"].items() if "forward" not in path and not path.endswith("all/accept_redirects")}
    return {**rooms, "": {**rooms[""], "settings": settings}}
