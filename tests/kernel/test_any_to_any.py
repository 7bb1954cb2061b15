# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From any declaration to any other, on a real kernel: the host ends where going there from nothing ends.

CNM_PAIRS is how many random pairs are tried, 200 where it is not set (`make pairs` tries 2,000, new ones in every run).
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.observe import observe
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration
from ansible_collections.mooring.cnm.plugins.module_utils.model.parent import PARENT_DRIVERS
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import HostState, Key, Object
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same
from ansible_collections.mooring.cnm.tests.kernel.topologies import clear, run
from ansible_collections.mooring.cnm.tests.kernel.whole import lasting, whole
from ansible_collections.mooring.cnm.tests.unit.drivers.declarations import declarations
from hypothesis import HealthCheck, Phase, given, settings

PAIRS = int(os.environ.get("CNM_PAIRS", "200"))
# Of so many pairs one is looked at with the tools of others too, which takes longer than all else.
LOOKED_AT, TURN = 10, itertools.count()
WIRES = ("wire", *(f"wire{place}" for place in range(4)))


def stands(declaration: Declaration) -> dict[Key, Object]:
    """All that the fleet has on the host, but for attributes that the declaration leaves alone (the random MAC of a veth's host end)."""
    wanted = host_state(declaration, "default")
    seen = observe(wanted, "default")
    return {key: _declared(seen.objects[key], wanted.objects.get(key)) for key in seen.owned}


def _declared(one: Object, wanted: Object | None) -> Object:
    left_alone = [field.name for field in fields(one) if wanted is not None and getattr(wanted, field.name) is None]
    return replace(one, **dict.fromkeys(left_alone))


def check_pair(host: Any, first: Declaration, second: Declaration) -> None:
    """By way of the first the host ends at the second where it ends from nothing, and as was predicted."""
    run(first)
    predicted = run(second, check=True).ops
    assert run(second).ops == predicted
    by_way_of_first, looked_at = stands(second), next(TURN) % LOOKED_AT == 0
    seen = shown(host) if looked_at else {}
    assert run(second).ops == ()
    on_parent = any(one.driver in PARENT_DRIVERS for one in second.networks.values())
    cleared(host, on_parent)
    assert observe(HostState(), "default").owned == frozenset()
    run(second)
    assert stands(second) == by_way_of_first
    if looked_at:
        check_same(seen, lambda: shown(host))
    cleared(host, on_parent)


def shown(host: Any) -> dict[str, Any]:
    """What ip, bridge, tc, iptables and nft show, but for numbers, MAC addresses that nobody gave, and the cards, which others have."""
    picture = whole(host, settings=False)
    found = lasting(picture, {(name, link["ifname"]) for name, room in picture["rooms"].items() for link in room["ip -d: link show"]})
    rooms = {name: {topic: [kept for one in each for kept in _of_ours(one)] for topic, each in room.items()} for name, room in found["rooms"].items()}
    return {**found, "namespaces": sorted(found["namespaces"]), "rooms": rooms}


def _of_ours(one: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Without addresses of a link alone, and of groups, which the kernel makes when it has found the carrier and looked whether others have them."""
    if str(one.get("ifname", one.get("dev"))).removeprefix("far.") not in WIRES and not str(one.get("dst", one.get("mac"))).startswith(
        ("fe80:", "ff00:", "33:33:")
    ):
        # How large a packet may be that a card cuts by itself is that of the cards below, as they were when the link was made. How a link would make
        # itself an address of IPv6 is left as it is in a sandbox that has none; in one that has, ``stands`` compares it. Whether a route of IPv6 tells that
        # its link has no carrier depends on which of them came first.
        kept = {key: value for key, value in one.items() if not key.startswith(("tso_", "gso_", "inet6_addr_gen_mode"))}
        if kept.get("flags") == ["linkdown"]:
            kept["flags"] = []
        yield {**kept, "addr_info": [each for each in one.get("addr_info", ()) if not str(each.get("local")).startswith("fe80:")]}


def cleared(host: Any, on_parent: bool) -> None:
    """Nothing of the fleet is left. on_parent: what it rested on is made anew: the kernel clears namespaces later, and till then a MAC in them is taken."""
    clear()
    if on_parent:
        host.sh("".join(f"ip link del {name};" for name in WIRES))
        wires(host)


def wires(host: Any) -> None:
    """What networks of drivers macvlan and ipvlan rest on: one that they share, and some for one network each."""
    for name in WIRES:
        host.sh(f"ip link add {name} mtu 1500 up type veth peer name far.{name} && ip link set far.{name} up")


def pairs_of(drivers: tuple[str, ...], parents: tuple[str | None, ...], number: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Calls a test with ``number`` pairs of declarations."""
    draw = declarations(drivers, parents)
    steady = settings(max_examples=number, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None)
    return lambda test: steady(given(first=draw, second=draw)(test))


@pairs_of(("bridge", "bridge", "bridge", "macvlan", "overlay"), ("wire", "wire{}"), PAIRS)
def test_the_way_does_not_matter(wired, first: Declaration, second: Declaration) -> None:
    check_pair(wired, first, second)


@pytest.fixture
def wired(host: Any) -> Any:
    wires(host)
    return host
