# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers of two plain engines on one overlay, by ``docker run --network``. The tests build on each other, in their order."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import pytest
import yaml

from .engine import PING, EngineHost, Pair
from .test_site import everything

FRONT = {"docker_network": True, "enable_ipv6": True, "ipam": {"config": [{"subnet": "172.30.0.0/24"}, {"subnet": "fd00:30::/64"}]}}
BACKBONE = {"driver": "overlay", "docker_network": True, "enable_ipv6": True, "ipam": {"config": [{"subnet": "10.0.0.0/24"}, {"subnet": "fd00:9::/64"}]}}
NETWORKS = {"backbone": BACKBONE, "front": FRONT}
ASIDE = {"networks": ["front"], "ports": ["9090:80"]}
BOXES = {"node1": {"box1": {"networks": ["backbone"]}, "aside": ASIDE}, "node2": {"box2": {"networks": ["backbone"]}}}
BOX1, BOX2, BESIDE = ("10.0.0.2", "fd00:9::2"), ("10.0.0.3", "fd00:9::3"), ("172.30.0.2", "fd00:30::2")
RANGES = {
    "backbone": {"node1": "10.0.0.240/28", "node2": "10.0.0.224/28"},
    "node1/front": {"node1": "172.30.0.128/25"},
    "node2/front": {"node2": "172.30.0.128/25"},
}
ANSWER = "setsid ip netns exec {0} /opt/busybox/bin/busybox nc -ll -p 80 -e echo {0} >/dev/null 2>&1 </dev/null &"
SEND = "import socket; s = socket.create_server(('', 5000)); s.accept()[0].sendall(bytes(10**6))"
COUNT = "import socket; c = socket.create_connection(('{}', 5000)); n = 0\nwhile d := c.recv(65536): n += len(d)\nprint(n)"


def declare(pair: Pair) -> None:
    boxes = {host: {"cnm_networks": NETWORKS, "cnm_sandboxes": own} for host, own in BOXES.items()}
    pair.declare({"node2": boxes["node2"]}, cnm_persist=True, **boxes["node1"])


@pytest.fixture(scope="module")
def fleet(pair: Pair) -> Pair:
    """An engine on both hosts, and networks and sandboxes on each."""
    declare(pair)
    for host in (pair.node1, pair.node2):
        host.start_engine()
    return pair


@pytest.fixture(scope="module")
def before(fleet: Pair) -> list[tuple[list[str], list[str], str]]:
    """What Docker alone has on each host."""
    return [everything(host) for host in (fleet.node1, fleet.node2)]


def addresses(host: EngineHost, container: str, network: str = "backbone") -> list[str]:
    """The container's addresses in a network, of IPv4 and of IPv6."""
    its = f".NetworkSettings.Networks.{network}"
    return host.sh(f"docker inspect -f '{{{{{its}.IPAddress}}}} {{{{{its}.GlobalIPv6Address}}}}' {container}").split()


def asks(host: EngineHost, inside: str, *targets: Sequence[str]) -> list[str]:
    """What answers at each target: the same by IPv4 and IPv6, else both answers."""
    found = host.asks(*((address, 80) for target in targets for address in target), inside=inside)
    return [ipv4 if ipv4 == ipv6 else f"{ipv4}, by IPv6 {ipv6}" for ipv4, ipv6 in zip(found[::2], found[1::2], strict=True)]


def answers(fleet: Pair) -> list[list[str]]:
    """Who answers: from a container and a sandbox of each host to the two of the other, and from a container to the sandbox beside it."""
    c1, c2 = addresses(fleet.node1, "c1"), addresses(fleet.node2, "c2")
    return [
        asks(fleet.node1, fleet.node1.entering("c1"), c2, BOX2, BOX1),
        asks(fleet.node2, fleet.node2.entering("c2"), c1, BOX1, BOX2),
        asks(fleet.node1, "ip netns exec box1", c2, BOX2),
        asks(fleet.node2, "ip netns exec box2", c1, BOX1),
    ]


ALL_ANSWER = [["c2", "box2", "box1"], ["c1", "box1", "box2"], ["c2", "box2"], ["c1", "box1"]]


def test_what_is_somebody_elses_stands_in_the_way(fleet: Pair, before: object) -> None:
    fleet.node1.sh("docker network create backbone")
    network = {**BACKBONE, "vni": 256, "docker_network": "10.0.0.240/28"}
    told = fleet.module("topology", check=True, networks={"backbone": network}, underlay_address=fleet.node1.address)
    assert [one["path"] for one in told["problems"]] == ["cnm_networks.backbone.docker_network"]
    assert "Docker has a network of this name on this host already" in told["problems"][0]["message"]
    fleet.node1.sh("docker network rm backbone")


def test_containers_and_sandboxes_of_both_hosts_reach_each_other(fleet: Pair) -> None:
    assert "unproven: 0" in fleet.site()
    assert yaml.safe_load((fleet.folder / ".cnm-ledger.yml").read_text())["ranges"] == RANGES
    fleet.node1.container("c1", "--network backbone -p 8080:80")
    fleet.node2.container("c2", "--network backbone")
    assert [addresses(fleet.node1, "c1"), addresses(fleet.node2, "c2")] == [["10.0.0.241", "fd00:9::f1"], ["10.0.0.225", "fd00:9::e1"]]
    fleet.node1.sh(ANSWER.format("box1"))
    fleet.node2.sh(ANSWER.format("box2"))
    assert answers(fleet) == ALL_ANSWER
    assert fleet.node2.asks((fleet.node1.address, 8080), (fleet.node1.address6, 8080)) == ["c1", "c1"]
    # Nobody else of the host gets in, but the host itself, as with any network of Docker's.
    c1 = addresses(fleet.node1, "c1")
    assert asks(fleet.node1, "", c1, BOX1) == ["c1", "box1"]
    assert asks(fleet.node1, "ip netns exec aside", c1, BOX1) == ["", ""]


def test_a_bridge_network_is_for_sandboxes_and_containers(fleet: Pair) -> None:
    node1, node2 = fleet.node1, fleet.node2
    node1.container("c3", "--network front -p 8081:80")
    node1.sh(ANSWER.format("aside"))
    c3, within = addresses(node1, "c3", "front"), node1.entering("c3")
    assert [ip_address(address) in ip_network(part) for address, part in zip(c3, ("172.30.0.128/25", "fd00:30::80/121"), strict=True)] == [True, True]
    assert asks(node1, "ip netns exec aside", c3) == ["c3"] and asks(node1, within, BESIDE) == ["aside"]
    for address in (node1.address, node1.address6):
        assert node2.asks((address, 8081), (address, 9090)) == ["c3", "aside"], address
    # The way out, by each family.
    assert node1.asks((node2.address, PING), (node2.address6, PING), inside=within) == ["pong", "pong"]
    # Other networks get in by neither way.
    assert asks(node1, "", c3, BESIDE) == ["c3", "aside"]
    for other in ("ip netns exec box1", node1.entering("c1")):
        assert asks(node1, other, c3, BESIDE) == ["", ""]


def test_full_size_segments_pass(fleet: Pair) -> None:
    there = addresses(fleet.node2, "c2")
    for target, largest in [(target, largest) for both in (there, BOX2) for target, largest in zip(both, (1422, 1402), strict=True)]:
        ping = f"{fleet.node1.entering('c1')} ping -q -c 1 -W 1 -M do {target} -s"
        assert [fleet.node1.try_sh(f"{ping} {size}").returncode == 0 for size in (largest, largest + 1)] == [True, False], target
    fleet.node2.sh(f'setsid {fleet.node2.entering("c2")} python3 -c "{SEND}" >/dev/null 2>&1 </dev/null & sleep 0.3')
    assert fleet.node1.sh(f'{fleet.node1.entering("c1")} python3 -c "{COUNT.format(there[0])}"').strip() == "1000000"


def test_a_second_run_changes_nothing(fleet: Pair) -> None:
    assert not re.search(" changed=[1-9]", fleet.site("-e", "cnm_verify=none"))


def test_removal_is_refused_while_containers_are_attached(fleet: Pair) -> None:
    told = fleet.module("topology", state="absent")
    message = "Docker has containers in this network, which would have to be removed there ({}): disconnect them from it, or remove them"
    assert [one["message"] for one in told["problems"]] == [message.format("c1"), message.format("c3")]
    assert answers(fleet) == ALL_ANSWER


def test_a_bridge_that_docker_made_first_is_taken_up(fleet: Pair) -> None:
    """As after a boot where Docker comes first: it makes the bridge itself, and it is nobody else's."""
    node1 = fleet.node1
    bridge = json.loads(node1.sh("docker network inspect backbone"))[0]["Options"]["com.docker.network.bridge.name"]
    node1.sh("systemctl disable mooring-cnm-docker@default")
    node1.sh(f"systemctl stop docker; ip link del {bridge}; systemctl start docker; docker start c1")
    assert "cnm:" not in node1.sh(f"ip link show {bridge}")
    assert "10.0.0.0/24" not in fleet.module("topology_info", gather=["reserved"])["reserved"]["prefixes"]
    node1.sh("systemctl enable mooring-cnm-docker@default; systemctl restart mooring-cnm@default")
    assert "cnm:" in node1.sh(f"ip link show {bridge}")
    assert answers(fleet) == ALL_ANSWER


def test_after_a_boot_the_unit_comes_before_docker(fleet: Pair) -> None:
    """Nothing of the network is left on the host but what Docker and the unit have on disk. On the other, somebody prunes what no container is attached to."""
    node1 = fleet.node1
    node1.sh("systemctl stop docker; for link in $(ls /sys/class/net | grep ^cnm); do ip link del $link; done; ip --all netns delete")
    node1.sh("systemctl restart mooring-cnm@default; systemctl start docker; docker start c1")
    node1.sh(ANSWER.format("box1"))
    assert answers(fleet) == ALL_ANSWER
    fleet.node2.sh("docker network prune --force")
    drift = fleet.play("mooring.cnm.drift")
    assert drift.returncode == 2
    what = "Docker network front (172.30.0.128/25 of 172.30.0.0/24, fd00:30::80/121 of fd00:30::/64)"
    assert f"node2 has drifted. To bring it back:\n  create {what}\n1 host of " in drift.stdout


def test_without_us_docker_has_what_it_had(fleet: Pair, before: list[tuple[list[str], list[str], str]]) -> None:
    for host in (fleet.node1, fleet.node2):
        host.sh("docker rm --force $(docker ps --all --quiet)")
    fleet.node2.sh("systemctl stop docker")
    told = fleet.module("topology", host="node2", state="absent")
    assert [one["message"].split(" (")[0] for one in told["problems"]] == ["no Docker engine runs on this host"]
    fleet.node2.sh("systemctl start docker")
    done = fleet.play("mooring.cnm.teardown")
    assert done.returncode == 0, done.stdout + done.stderr
    for host, was in zip((fleet.node1, fleet.node2), before, strict=True):
        rules, links, names = everything(host)
        assert (sorted(rules), links, names) == (sorted(was[0]), was[1], was[2])
        assert "backbone" not in host.sh("docker network ls")
