# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queues of links, and redirections to them: made, changed in place, repaired and removed, and what others put there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.converge import Outcome, converge, predict
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import Link, Namespace, Object, desired_state
from ansible_collections.mooring.cnm.plugins.module_utils.state.queue import Queue, Redirect

LINKS: tuple[Object, ...] = (
    Namespace("web", tag="cnm:default::web:sandbox"),
    Link("", "v0", "veth", tag="cnm:default:front:web:port", peer=("web", "eth0"), up=True),
    Link("web", "eth0", "veth", tag="cnm:default:front:web:endpoint", peer=("", "v0"), up=True),
    Link("", "slow0", "ifb", tag="cnm:default:front:web:slow", mtu=1500, up=True),
)
DOWN, UP, AROUND = Queue("", "v0", 1_250_000, 25_000, 56_250), Queue("", "slow0", 125_000_000_000, 250_000_000, 3_375_000_000), Redirect("", "v0", "slow0")
INSIDE = Queue("web", "eth0", 1000, 4000, 4025)
ALL = (*LINKS, DOWN, UP, AROUND, INSIDE)


def run(objects: tuple[Object, ...]) -> Outcome:
    """Check mode, which says the same, and the run."""
    predicted, done = predict(desired_state(objects), "default"), converge(desired_state(objects), "default")
    assert (predicted.ops, predicted.clashes) == (done.ops, done.clashes)
    return done


def queues(host) -> list[str]:
    return sorted(
        line.strip()
        for line in host.sh("tc qdisc show; tc filter show dev v0 ingress; tc -n web qdisc show").splitlines()
        if " 636e: " in line or "mirred" in line
    )


def test_queues_are_made_and_stay_and_go(host) -> None:
    without = run(LINKS)
    assert without.clashes == () and queues(host) == []
    assert run(ALL).ops == (
        "add queue of 125000000000 bytes/s on slow0",
        "add queue of 1250000 bytes/s on v0",
        "add redirection to slow0 on v0",
        "add queue of 1000 bytes/s on eth0 in web",
    )
    assert queues(host) == [
        "action order 1: mirred (Egress Redirect to device slow0) stolen",
        "qdisc tbf 636e: dev eth0 root refcnt 3 rate 8Kbit burst 4000b lat 25ms",
        "qdisc tbf 636e: dev slow0 root refcnt 2 rate 1Tbit burst 250000000b lat 25ms",
        "qdisc tbf 636e: dev v0 root refcnt 3 rate 10Mbit burst 25000b lat 25ms",
    ]
    assert run(ALL).ops == ()
    assert run(LINKS).ops == (
        "remove redirection to slow0 on v0",
        "remove queue of 125000000000 bytes/s on slow0",
        "remove queue of 1250000 bytes/s on v0",
        "remove queue of 1000 bytes/s on eth0 in web",
    )
    assert run(LINKS).ops == ()


DRIFTS = {
    "rate": (
        "tc qdisc replace dev v0 root handle 636e: tbf rate 1mbit burst 25000 limit 56250",
        ["change queue of 1250000 bytes/s on v0: rate from 125000 to 1250000"],
    ),
    "gone": ("tc qdisc delete dev v0 root", ["add queue of 1250000 bytes/s on v0"]),
    "another kind": (
        "tc qdisc replace dev v0 root pfifo",
        ["change queue of 1250000 bytes/s on v0: rate from 0 to 1250000, burst from 0 to 25000, limit from 0 to 56250"],
    ),
    "redirection gone": ("tc qdisc delete dev v0 ingress", ["add redirection to slow0 on v0"]),
    "filter gone": ("tc filter delete dev v0 ingress", ["change redirection to slow0 on v0: to from none to slow0"]),
    "link renamed": ("ip link set v0 name x0", ["rename veth x0 (front/web) to v0"]),
    "other link renamed": ("ip link set slow0 name x0", ["rename ifb x0 (front/web) to slow0"]),
    "other link gone": (
        "ip link delete slow0",
        [
            "create ifb slow0 (front/web)",
            "add queue of 125000000000 bytes/s on slow0",
            "change redirection to slow0 on v0: to from none to slow0",
        ],
    ),
}


@pytest.mark.parametrize("name", DRIFTS)
def test_drift_is_named_and_repaired(host, name: str) -> None:
    run(ALL)
    stood = queues(host)
    command, steps = DRIFTS[name]
    host.sh(command)
    assert list(run(ALL).ops) == steps
    assert run(ALL).ops == ()
    assert queues(host) == stood


def test_a_change_is_made_in_place(host) -> None:
    run(ALL)
    slower = tuple(replace(one, rate=1_000_000) if one is DOWN else one for one in ALL)
    assert run(slower).ops == ("change queue of 1000000 bytes/s on v0: rate from 1250000 to 1000000",)
    assert run(slower).ops == ()


def test_what_others_do_with_what_arrives_is_left_alone(host) -> None:
    run(LINKS)
    host.sh("tc qdisc add dev v0 ingress; tc filter add dev v0 ingress protocol ip u32 match u32 0 0 flowid 1:1; tc qdisc add dev slow0 root pfifo")
    stood = host.sh("tc qdisc show; tc filter show dev v0 ingress")
    assert run(LINKS).ops == ()
    assert run(ALL).clashes == (Redirect("", "v0", ""),)
    assert host.sh("tc qdisc show; tc filter show dev v0 ingress") == stood
