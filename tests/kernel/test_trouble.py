# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is killed, or that fails, at any point: the next one converges, and what stood before stands again."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration, Port, Sandbox
from ansible_collections.mooring.cnm.plugins.module_utils.state.fault import Fault
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import Link
from ansible_collections.mooring.cnm.plugins.module_utils.state.plan import plan
from ansible_collections.mooring.cnm.tests.kernel.ground import FOREIGN
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same, dump, rules
from ansible_collections.mooring.cnm.tests.kernel.topologies import NOTHING, changed, declare, endpoint, network, run, sandbox
from ansible_collections.mooring.cnm.tests.kernel.trouble import failing_at, killed_at
from ansible_collections.mooring.cnm.tests.kernel.whole import lasting, whole

FRONT = network("front", "172.20.0.0/24", mtu=1400)
BACK = network("back", "172.21.0.0/24", internal=True, icc=False)
WEB = sandbox("web", endpoint("front", "172.20.0.2"), ports=(Port(8080, 80),), sysctls=(("net.ipv4.ip_default_ttl", "63"),))
SMALL = declare(FRONT, WEB, Sandbox("cache", mode="container", joins="web"))
# Renames (eth0 becomes eth1, the bridge gets a name), changes, creates and removes.
OTHER = changed(
    SMALL,
    replace(FRONT, bridge_name="br0", masquerade=False),
    BACK,
    replace(
        sandbox("web", endpoint("back", "172.21.0.2"), endpoint("front", "172.20.0.9"), ports=(Port(8081, 80),), extra_hosts=(("registry", "192.0.2.9"),)),
        sysctls=(("net.ipv4.ip_default_ttl", "62"),),
    ),
    sandbox("db", endpoint("back", "172.21.0.3")),
    without="cache",
)
# An address in the place of another of its subnet, on a link that stays.
MOVED = changed(SMALL, replace(WEB, endpoints=(endpoint("front", "172.20.0.9"),)))
WAYS = {"creation": (NOTHING, SMALL), "change": (SMALL, OTHER), "another address": (SMALL, MOVED), "removal": (OTHER, NOTHING)}


@pytest.mark.parametrize("way", WAYS)
def test_what_fails_at_any_step_is_rolled_back(host, way: str) -> None:
    start, goal = WAYS[way]
    host.sh(FOREIGN)
    run(start)
    before, again = whole(host), made_again(start, goal)
    for number in itertools.count():
        with failing_at(number) as failed:
            if not fails(goal):
                break
        assert failed, number
        check_same(lasting(before, again), lambda: lasting(whole(host), again))
    assert number > 5


@pytest.mark.parametrize(("was", "now"), [("nftables", "nftables"), ("iptables", "nftables"), ("nftables", "iptables")])
def test_rules_that_are_refused_are_as_they_were_whoever_carries_them(host, was: str, now: str) -> None:
    def carried() -> list[str]:
        return [*rules(host), host.sh("nft -s list table inet cnm-default", check=False)]

    run(SMALL, firewall=was)
    before, doors = carried(), []
    for number in itertools.count():
        with failing_at(number) as failed:
            assert fails(OTHER, now)
        if doors and failed[0] not in ("restore", "load"):
            break
        if failed[0] in ("restore", "load"):
            doors += failed
            assert carried() == before
    assert "load" in doors
    assert run(SMALL, check=True, firewall=was).ops == ()


@pytest.mark.parametrize("way", WAYS)
def test_after_a_kill_at_any_step_the_next_run_converges(host, way: str) -> None:
    """The next run is for the same goal, or for another one."""
    start, goal = WAYS[way]
    host.sh(FOREIGN)
    pictures = []
    run(OTHER)  # settings are never taken back
    for declaration in (goal, start):
        run(declaration)
        pictures.append(whole(host))
    every = made_again(start, NOTHING) | made_again(goal, NOTHING) | {(name, "lo") for name in ("web", "db", "cache")}
    for number in itertools.count():
        if not killed_at(number, lambda: run(goal)):
            break
        declaration, picture = (goal, pictures[0]) if number % 2 else (start, pictures[1])
        run(declaration)
        assert run(declaration, check=True).ops == (), number
        check_same(lasting(picture, every), lambda: lasting(whole(host), every))
        if declaration == goal:
            run(start)
    assert number > 5


def test_a_bridge_of_a_given_name_that_was_not_finished_goes_too(host) -> None:
    """Its name does not tell that it is ours, nor has it a mark yet: the kernel takes none in the message that makes it."""
    empty = dump(host)
    for number in itertools.count():
        if not killed_at(number, lambda: run(declare(replace(FRONT, bridge_name="br0")))):
            break
        run(NOTHING)
        check_same(empty, lambda: dump(host))
    assert number > 2


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


def test_a_setting_that_the_kernel_does_not_have_is_told_in_a_sentence(host) -> None:
    before = dump(host)
    with pytest.raises(Fault) as raised:
        run(changed(SMALL, replace(WEB, sysctls=(("net.ipv4.no_such", "1"),))))
    assert str(raised.value) == (
        "Could not set sysctl net/ipv4/no_such: this kernel has no such setting in a network namespace. Remove it from sysctls. What stood before was put back."
    )
    check_same(before, lambda: dump(host))


def fails(goal: Declaration, firewall: str = "auto") -> bool:
    try:
        run(goal, firewall=firewall)
    except Fault as fault:
        assert re.fullmatch(r"Could not [a-z]+ [^\n]+: [^\n]+\. (Run again\. )?What stood before was put back\.", str(fault)), str(fault)
        return True
    return False


def made_again(start: Declaration, goal: Declaration) -> set[tuple[str, str]]:
    """The links that the way from ``start`` to ``goal`` removes. Namespaces that it removes are put back themselves."""
    steps = plan(host_state(start, "default"), host_state(goal, "default")).ops
    gone = {op.subject.key for op in steps if op.action == "remove"}
    links = [one for one in host_state(start, "default").objects.values() if isinstance(one, Link)]
    doomed = [one for one in links if {one.key, ("link", *(one.peer or ())), ("namespace", one.netns)} & gone]
    return {(one.netns, one.name) for one in doomed}
