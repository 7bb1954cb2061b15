# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two containers and a namespace, each on a host of its own: one overlay, one wire and published ports for all, by the playbooks.

The tests build on each other, in their order.
"""

from __future__ import annotations

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
ANSWERS = [*NAMES.values(), *NAMES.values()]


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


def site(pair: Pair, *words: str) -> str:
    done = pair.play("mooring.cnm.site", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def entering(pair: Pair) -> dict[EngineHost, str]:
    """Words before a command that run it in the container or the namespace of each host."""
    node1, node2, node3 = pair.hosts
    return {node1: node1.entering("left"), node2: node2.entering("right"), node3: "ip netns exec plain"}


def check_that_all_reach_all(pair: Pair) -> None:
    for host, inside in entering(pair).items():
        assert host.asks(*TARGETS, inside=inside) == ANSWERS, host.name
        # and from outside, at the ports of both hosts
    ports = [(one.address, port) for one in pair.hosts for port in (9090, 8080)]
    assert pair.hosts[2].asks(*ports) == ["left", "", "right", "right", "plain", ""]


def wait_until(host: EngineHost, condition: str) -> None:
    """Until a shell command succeeds in the host."""
    host.write("/run/condition", condition)
    host.sh("timeout 30 sh -c 'until sh /run/condition >/run/condition.said 2>&1; do sleep 0.1; done' || { cat /run/condition.said; false; }")


@pytest.fixture(scope="module")
def fleet(pair: Pair) -> Iterator[Pair]:
    """Two engines: a container without a network, with our names, and one on Docker's own, each with a restart policy; and a service on node3."""
    node1, node2, node3 = pair.hosts
    declare(pair)
    # The names are there before the container that shows them starts
    site(pair, "-e", "cnm_verify=none")
    for node, words in ((node1, "--network none -v /etc/netns/left/hosts:/etc/hosts:ro"), (node2, "-p 8080:80")):
        node.start_engine()
        node.container(NAMES[LEFT] if node is node1 else NAMES[RIGHT], f"--restart always {words}")
    serve = "ip netns exec plain /opt/busybox/bin/busybox nc -ll -p 80 -e /opt/busybox/bin/busybox echo plain"
    node3.sh(f"systemd-run --quiet --collect --unit plain {serve}")
    yield pair
    node3.sh("systemctl stop plain")
    pair.play("mooring.cnm.teardown")


def test_containers_and_a_namespace_reach_each_other_over_three_hosts(fleet: Pair) -> None:
    before = fleet.node2.sh(f"{fleet.node2.entering('right')} ip route show default")
    assert "unproven: 0" in site(fleet)
    check_that_all_reach_all(fleet)
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


def test_containers_are_back_by_themselves_after_docker_and_after_a_power_cut(fleet: Pair) -> None:
    node1 = fleet.node1
    reached = " && ".join(f"[ $(/opt/busybox/bin/busybox nc -w 1 {address} 9090 </dev/null) = {name} ]" for address, name in ((node1.address, "left"),))
    node1.sh("systemctl restart docker")
    wait_until(node1, reached)
    check_that_all_reach_all(fleet)
