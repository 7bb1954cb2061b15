# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two containers and a namespace, each on a host of its own: one overlay, one wire and published ports for all, by the playbooks.

The tests build on each other, in their order.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from .engine import EngineHost, Pair

NETWORKS = {
    "backbone": {"driver": "overlay", "ipam": {"config": [{"subnet": "10.0.9.0/24"}]}},
    "lan": {"driver": "macvlan", "parent": "eth0", "internal": True, "ipam": {"config": [{"subnet": "192.0.2.0/24"}]}},
}
# Who is where, in both networks: the last byte of the address.
LEFT, RIGHT, PLAIN = 11, 12, 13
NAMES = {LEFT: "left", RIGHT: "right", PLAIN: "plain"}
TARGETS = [(f"{prefix}.{last}", 80) for prefix in ("10.0.9", "192.0.2") for last in NAMES]
EVERYBODY = [*NAMES.values(), *NAMES.values()]
EXPECTED = {"node1": EVERYBODY, "node2": EVERYBODY, "node3": EVERYBODY, "outside": ["left", "", "right", "right", "plain", ""]}
JOURNAL = "journalctl --boot --no-pager --unit 'mooring-cnm*' | tail -20"


def box(last: int, **more: Any) -> dict[str, Any]:
    legs = {"backbone": {"ipv4_address": f"10.0.9.{last}"}, "lan": {"ipv4_address": f"192.0.2.{last}"}}
    return {NAMES[last]: {"networks": legs, "ports": ["9090:80"], **more}}


def declare(pair: Pair) -> None:
    """A host comes back by itself, whatever is restarted."""
    others = {
        "all": {"cnm_networks": NETWORKS, "cnm_persist": True},
        "node2": {"cnm_sandboxes": box(RIGHT, container="right", missing="ignore")},
        "node3": {"cnm_sandboxes": box(PLAIN)},
    }
    pair.declare(others, cnm_sandboxes=box(LEFT, container="left", missing="ignore"))


def entering(pair: Pair) -> dict[EngineHost, str]:
    """Words before a command that run it in the container or the namespace of each host."""
    node1, node2, node3 = pair.hosts
    return {node1: node1.entering("left"), node2: node2.entering("right"), node3: "ip netns exec plain"}


def who_answers(pair: Pair) -> dict[str, list[str]]:
    """At all addresses, from each of the three; and from outside, at ports of all hosts."""
    ports = [(one.address, port) for one in pair.hosts for port in (9090, 8080)]
    return {**{host.name: host.asks(*TARGETS, inside=inside) for host, inside in entering(pair).items()}, "outside": pair.hosts[2].asks(*ports)}


def wait_until_all_answer(pair: Pair) -> None:
    deadline = time.monotonic() + 30
    while (answers := who_answers(pair)) != EXPECTED:
        assert time.monotonic() < deadline, f"{answers}\n{pair.node1.sh(JOURNAL)}"


@pytest.fixture(scope="module")
def fleet(pair: Pair) -> Iterator[Pair]:
    """Two engines: a container without a network, with our names, and one on Docker's own, each with a restart policy."""
    node1, node2, _node3 = pair.hosts
    declare(pair)
    # The names are there before the container that shows them starts
    first = {"container": "left", "missing": "ignore", "networks": {"lan": {"ipv4_address": "192.0.2.11"}}}
    done = pair.module("topology", networks={"lan": NETWORKS["lan"]}, sandboxes={"left": first})
    assert node1.sh("cat /etc/netns/left/hosts"), done
    for node, words in ((node1, "--network none -v /etc/netns/left/hosts:/etc/hosts:ro"), (node2, "-p 8080:80")):
        node.start_engine()
        node.container(NAMES[LEFT] if node is node1 else NAMES[RIGHT], f"--restart always {words}")
    yield pair
    pair.play("mooring.cnm.teardown")


def test_containers_and_a_namespace_reach_each_other_over_three_hosts(fleet: Pair) -> None:
    before = fleet.node2.sh(f"{fleet.node2.entering('right')} ip route show default")
    assert "unproven: 0" in fleet.site()
    fleet.hosts[2].serve("plain", 80, "ip netns exec plain")
    assert who_answers(fleet) == EXPECTED
    # Docker's own way out is as it was, and the drift of nothing is none
    assert fleet.node2.sh(f"{fleet.node2.entering('right')} ip route show default") == before
    assert fleet.play("mooring.cnm.drift").returncode == 0


def test_a_container_has_our_names_where_it_shows_our_file(fleet: Pair) -> None:
    fleet.node1.sh("docker exec left ping -c 1 -W 1 plain; docker exec left ping -c 1 -W 1 right")
    assert fleet.hosts[2].asks(("left", 80), ("right", 80), inside="ip netns exec plain") == ["left", "right"]


def test_another_container_joins_it_by_the_means_of_docker(fleet: Pair) -> None:
    fleet.node1.container("beside", "--network container:left", port=81)
    assert fleet.hosts[2].asks(("10.0.9.11", 81), ("192.0.2.11", 81), inside="ip netns exec plain") == ["beside", "beside"]
    assert fleet.play("mooring.cnm.drift").returncode == 0
    fleet.node1.sh("docker rm --force beside")


def test_containers_are_back_by_themselves_when_they_or_docker_were_started_anew(fleet: Pair) -> None:
    for node, name in zip(fleet.hosts, ("left", "right"), strict=False):
        old = node.entering(name)
        node.sh(f"docker restart {name}")
        assert node.entering(name) != old
    wait_until_all_answer(fleet)
    for node in fleet.hosts[:2]:
        node.sh("systemctl restart docker")
    wait_until_all_answer(fleet)


def test_containers_are_back_by_themselves_after_a_power_cut(fleet: Pair) -> None:
    fleet.power("rebooted")
    for node in fleet.hosts:
        node.have_engine()  # what stands for an installed engine is gone with the power
    for node in fleet.hosts[:2]:
        node.start_engine()
    fleet.hosts[2].sh("systemctl start mooring-cnm@default")
    fleet.hosts[2].serve("plain", 80, "ip netns exec plain")
    wait_until_all_answer(fleet)
    assert fleet.play("mooring.cnm.drift").returncode == 0
