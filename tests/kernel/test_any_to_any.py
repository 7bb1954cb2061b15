# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From any declaration to any other, on a real kernel: the host ends where going there from nothing ends.

CNM_PAIRS is how many random pairs are tried, 200 where it is not set (`make pairs` tries 2,000, new ones in every run).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.observe import observe
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration
from ansible_collections.mooring.cnm.plugins.module_utils.model.parent import PARENT_DRIVERS
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import HostState, Key, Object
from ansible_collections.mooring.cnm.tests.kernel.topologies import clear, run
from ansible_collections.mooring.cnm.tests.unit.drivers.declarations import declarations
from hypothesis import HealthCheck, Phase, given, settings

PAIRS = int(os.environ.get("CNM_PAIRS", "200"))
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
    by_way_of_first = stands(second)
    assert run(second).ops == ()
    on_parent = any(one.driver in PARENT_DRIVERS for one in second.networks.values())
    cleared(host, on_parent)
    assert observe(HostState(), "default").owned == frozenset()
    run(second)
    assert stands(second) == by_way_of_first
    cleared(host, on_parent)


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
