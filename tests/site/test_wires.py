# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""macvlan networks of the fleet on the wire between two hosts, by the playbooks: the proof asks over it, and sees where it is not as declared."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .conftest import Fleet

LAN, OTHER = "192.0.2", "198.51.100"
NODE1 = {"a": ("lan", f"{LAN}.10"), "c": ("other", f"{OTHER}.10")}
NODE2 = {"b": ("lan", f"{LAN}.11"), "d": ("other", f"{OTHER}.11"), "e": ("other", f"{OTHER}.12")}


def wire(subnet: str, **more: Any) -> dict[str, Any]:
    return {"driver": "macvlan", "parent": "eth0", "ipam": {"config": [{"subnet": f"{subnet}.0/24"}]}, **more}


def boxes(own: dict[str, tuple[str, str]]) -> dict[str, Any]:
    return {name: {"networks": {network: {"ipv4_address": address}}} for name, (network, address) in own.items()}


@pytest.fixture(scope="module")
def proven(fleet: Fleet) -> Fleet:
    """A fleet that has been converged, and proven to be as declared."""
    fleet.declare(cnm_networks={"lan": wire(LAN), "other": wire(OTHER, mode="private")}, cnm_sandboxes={}, cnm_verify="full")
    fleet.declare("host_vars/node1", cnm_sandboxes__own={**boxes(NODE1), "batch": {"network_mode": "none"}})
    fleet.declare("host_vars/node2", cnm_sandboxes__own=boxes(NODE2))
    run = fleet.play("mooring.cnm.site")
    assert run.status == 0, run.text
    return fleet


def inside(fleet: Fleet, host: str, sandbox: str, command: str) -> None:
    fleet.host(host).check_output(f"ip netns exec {sandbox} {command}")


def verify(fleet: Fleet, status: int) -> str:
    run = fleet.play("mooring.cnm.verify")
    assert run.status == status, run.text
    return run.text


def test_it_asks_over_hosts_what_must_be_reached_and_what_must_not(proven: Fleet) -> None:
    """Each way by ICMP, TCP and UDP. Over the hosts both networks reach; d and e, who are beside each other, do not; nobody has a route to the other network,
    batch to none. No way leads out.
    """
    found = re.search(r"reached as declared: (\d+) of (\d+); blocked as declared: (\d+) of (\d+); unproven: 0; all (\d+) pairs", verify(proven, 0))
    assert found
    reached, of_reached, blocked, of_blocked, _pairs = map(int, found.groups())
    assert reached == of_reached >= 3 * (2 + 4)
    assert blocked == of_blocked >= 3 * (2 + 2 * 2 * 3 + 5)


def test_a_wire_that_does_not_carry_is_red(proven: Fleet) -> None:
    inside(proven, "node2", "b", f"iptables -A INPUT -s {LAN}.10 -j DROP")
    said = verify(proven, 2)
    assert f"node1/a should reach node2/b at {LAN}.11 icmp, tcp/47863, udp/47863 (both are on lan), but did not: no answer" in said
    assert "should not" not in said
    inside(proven, "node2", "b", "iptables -F INPUT")
    verify(proven, 0)


def test_two_networks_that_reach_each_other_over_a_wire_are_red(proven: Fleet) -> None:
    """They rest on one parent; routes that somebody set in two sandboxes are enough."""
    inside(proven, "node1", "a", f"ip route add {OTHER}.0/24 dev eth0")
    inside(proven, "node2", "d", f"ip route add {LAN}.0/24 dev eth0")
    said = verify(proven, 2)
    assert f"node2/d should not reach node1/a at {LAN}.10 icmp, tcp/47863, udp/47863 (it is not on lan), but was answered" in said
    assert f"node1/a should not reach node2/d at {OTHER}.11 icmp, tcp/47863, udp/47863 (it is not on other), but was answered" in said
