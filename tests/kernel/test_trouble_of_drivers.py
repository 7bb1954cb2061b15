# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run for overlays, macvlans or rates that is killed, or that fails: the next one converges, and what stood before stands again.

tests/uml/test_trouble.py tries the same for ipvlans.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import Link, Namespace
from ansible_collections.mooring.cnm.tests.kernel.conftest import empty_host
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same
from ansible_collections.mooring.cnm.tests.kernel.test_trouble import fails, made_again
from ansible_collections.mooring.cnm.tests.kernel.topologies import NOTHING, run
from ansible_collections.mooring.cnm.tests.kernel.trouble import failing_at, killed_at, steps_of
from ansible_collections.mooring.cnm.tests.kernel.ways import GROUND, WAYS
from ansible_collections.mooring.cnm.tests.kernel.whole import lasting, whole


class Way(NamedTuple):
    """ground: what is there before. The first step of each kind is tried, and of a way of less than ``short`` every third; settings: are compared too."""

    start: Declaration
    goal: Declaration
    ground: str = GROUND
    short: int = 30
    settings: bool = True

    def chosen(self) -> list[int]:
        """Go there; the steps of that way which are tried."""
        kinds = steps_of(lambda: run(self.goal))
        assert len(kinds) > 2
        return [at for at, kind in enumerate(kinds) if kind != kinds[at - 1] or (at % 3 == 0 and len(kinds) < self.short)]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return Way(*WAYS[request.param])


@pytest.fixture
def tried(own_mounts: None, way: Way) -> list[int]:
    """The steps of the way that are tried, found out on a host of its own."""
    with empty_host() as one:
        one.sh(way.ground)
        run(way.start)
        return way.chosen()


def test_what_fails_is_rolled_back(tried: list[int], host, way: Way) -> None:
    start, goal = way.start, way.goal
    host.sh(way.ground)
    run(start)
    before, again = whole(host, way.settings), made_again(start, goal)
    for number in tried:
        with failing_at(number) as failed:
            assert fails(goal), number
        assert failed, number
        check_same(lasting(before, again), lambda: lasting(whole(host, way.settings), again))
    assert run(goal).ops != () == run(goal).ops


def patiently(host, declaration: Declaration) -> None:
    """Bring the host there. The kernel clears a namespace some time after it is gone: until then the card shows the MAC addresses of the macvlans in it."""
    deadline = time.monotonic() + 5
    macvlans = [one for one in host_state(declaration, "default").objects.values() if isinstance(one, Link) and one.kind == "macvlan"]
    run(declaration)
    while host.sh("bridge fdb show dev wire").count("02:42:") > len(macvlans):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_after_a_kill_the_next_run_converges(host, way: Way) -> None:
    """The next run is for the same goal, or for what stood before. Of a very long way every second step is tried."""
    start, goal = way.start, way.goal
    host.sh(way.ground)
    pictures = []
    for declaration in (start, goal, start):  # settings are never taken back
        patiently(host, declaration)
        pictures.append(whole(host, way.settings))
    tried = way.chosen()
    patiently(host, start)
    namespaces = {(one.name, "lo") for each in (start, goal) for one in host_state(each, "default").objects.values() if isinstance(one, Namespace)}
    every = made_again(start, NOTHING) | made_again(goal, NOTHING) | namespaces
    for at, number in enumerate(tried if len(tried) < 15 else tried[::2]):
        assert killed_at(number, lambda: run(goal)), number
        declaration, picture = (goal, pictures[1]) if at % 2 else (start, pictures[2])
        patiently(host, declaration)
        assert run(declaration, check=True).ops == (), number
        check_same(lasting(picture, every), lambda: lasting(whole(host, way.settings), every))
        if declaration == goal:
            patiently(host, start)
