# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is killed, or that fails, at any point: the next one converges, and what stood before stands again."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import replace

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration, Port, Sandbox
from ansible_collections.mooring.cnm.plugins.module_utils.state.fault import Fault
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same, dump
from ansible_collections.mooring.cnm.tests.kernel.topologies import NOTHING, changed, clear, declare, endpoint, network, run, sandbox
from ansible_collections.mooring.cnm.tests.kernel.trouble import failing_at, killed_at

FRONT = network("front", "172.20.0.0/24", mtu=1400)
BACK = network("back", "172.21.0.0/24", internal=True, icc=False)
WEB = sandbox("web", endpoint("front", "172.20.0.2"), ports=(Port(8080, 80),), sysctls=(("net.ipv4.ip_default_ttl", "63"),))
SMALL = declare(FRONT, WEB, Sandbox("cache", mode="container", joins="web"))
# Renames (eth0 becomes eth1, the bridge gets a name), changes, creates and removes.
OTHER = changed(
    SMALL,
    replace(FRONT, bridge_name="br0", masquerade=False),
    BACK,
    sandbox("web", endpoint("back", "172.21.0.2"), endpoint("front", "172.20.0.9"), ports=(Port(8081, 80),), extra_hosts=(("registry", "192.0.2.9"),)),
    sandbox("db", endpoint("back", "172.21.0.3")),
    without="cache",
)
WAYS = {"creation": (NOTHING, SMALL), "change": (SMALL, OTHER), "removal": (OTHER, NOTHING)}


@pytest.mark.parametrize("way", WAYS)
def test_after_a_kill_at_any_point_the_next_run_converges(host, way: str) -> None:
    start, goal = WAYS[way]
    empty = dump(host)
    for number in itertools.count():
        run(start)
        if not killed_at(number, lambda: run(goal)):
            break
        if number % 2:
            run(goal)
            assert run(goal).ops == (), number
        clear()
        check_same(empty, lambda: dump(host))
    assert number > 3


def test_a_kill_in_the_middle_of_a_rename_is_taken_up(host) -> None:
    both = declare(FRONT, replace(BACK, internal=False), sandbox("web", endpoint("back", "172.21.0.2"), endpoint("front", "172.20.0.2")))
    swapped = changed(both, sandbox("web", endpoint("back", "172.21.0.2", interface_name="eth1"), endpoint("front", "172.20.0.2")))
    for number in range(4):
        run(both)
        kept = {one["ifindex"] for one in dump(host)["web"][0]}
        assert killed_at(number, lambda: run(swapped))
        run(swapped)
        assert run(swapped).ops == ()
        assert {one["ifindex"] for one in dump(host)["web"][0]} == kept


@pytest.mark.parametrize("way", WAYS)
def test_what_fails_at_any_point_is_rolled_back(host, way: str) -> None:
    start, goal = WAYS[way]
    run(start)
    before = dump(host)
    for number in itertools.count():
        with failing_at(number) as failed:
            if not _fails(goal):
                break
        assert failed, number
        if failed == ["unbind"]:  # which comes last, since nobody can undo it
            run(start)
            continue
        check_same(_lasting(before), lambda: _lasting(dump(host)))
        assert run(start).ops == (), (number, failed)
    assert number > 3
    assert run(goal).ops == ()


def test_a_setting_that_the_kernel_does_not_have_is_told_in_a_sentence(host) -> None:
    before = dump(host)
    with pytest.raises(Fault) as raised:
        run(changed(SMALL, replace(WEB, sysctls=(("net.ipv4.no_such", "1"),))))
    assert str(raised.value) == (
        "Could not set sysctl net/ipv4/no_such: this kernel has no such setting in a network namespace. Remove it from sysctls. What stood before was put back."
    )
    check_same(before, lambda: dump(host))


def _fails(goal: Declaration) -> bool:
    try:
        run(goal)
    except Fault as fault:
        assert re.fullmatch(r"Could not [a-z]+ .+: .*\((EPERM|ENOSPC)\)\. .*What stood before was put back\.", str(fault)), str(fault)
        return True
    return False


def _lasting(picture: dict) -> dict:
    """A picture without the numbers, and the MAC addresses of host's ends, that a thing which was made again has anew."""
    text = re.sub(r'"(ifindex|link_index|link_netnsid|id|no|designated_port)": [^,}]+', r'"\1": 0', json.dumps(picture))
    return {**json.loads(text), "files": {path: content for path, (_inode, content) in picture["files"].items()}}
