# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with an engine and another firewall: firewalld, which takes everybody's rules away when it is reloaded, and ufw, which sees no published port."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .engine import EngineHost, Pair
from .test_beside import EXPECTED as EVERYTHING
from .test_beside import POLICY, TOPOLOGY, outside, start_docker, start_ours, who_answers

__all__ = ["outside"]
NETWORKS, SANDBOXES = TOPOLOGY["networks"], TOPOLOGY["sandboxes"]


@pytest.fixture(scope="module")
def guarded(outside: Pair) -> Iterator[Pair]:
    """node1 with firewalld and ufw installed and not at work, and nothing else."""
    outside.node1.install("firewalld", "ufw")
    yield outside
    outside.node1.sh("systemctl stop firewalld; ufw --force disable")


@pytest.fixture
def host(guarded: Pair) -> Iterator[Pair]:
    yield guarded
    guarded.play("mooring.cnm.teardown")  # with what it has of persist
    guarded.module("topology", state="absent")
    guarded.declare()
    guarded.node1.sh("systemctl stop firewalld; rm -f /etc/firewalld/zones/trusted.xml; ufw --force disable")
    guarded.node1.without_engine()


def declared(**more: Any) -> dict[str, Any]:
    return {"cnm_networks": NETWORKS, "cnm_sandboxes": SANDBOXES, "cnm_docker_user": POLICY, **more}


RUNS = "journalctl --boot --output=cat --no-pager _PID=1 | grep -cE '^(Finished|Failed to start) .*Networks.and.sandboxes.of.fleet'"


def runs(node1: EngineHost) -> int:
    """How often the units ran since the host's start, also for other tests."""
    return int(node1.sh(f"{RUNS} || true"))


def wait_for_runs(node1: EngineHost, count: int) -> None:
    """Until the units ran so often. One may fail, since firewalld and Docker write their rules meanwhile; the next one puts it right."""
    node1.sh(f'timeout 60 sh -c "until [ \\$({RUNS}) -ge {count} ]; do sleep 0.1; done"')


def test_firewalld_is_reloaded(host: Pair) -> None:
    node1 = host.node1
    node1.sh("systemctl start firewalld")
    start_docker(node1)
    zones, before = node1.sh("firewall-cmd --info-zone=docker"), runs(node1)
    host.declare(**declared(cnm_persist=True, cnm_verify="none"))
    done = host.play("mooring.cnm.site")
    assert done.returncode == 0, done.stdout + done.stderr
    assert node1.sh("firewall-cmd --get-zone-of-interface=cnmb+; firewall-cmd --permanent --get-zone-of-interface=cnmb+").split() == ["trusted", "trusted"]
    assert " changed=0 " in host.play("mooring.cnm.site").stdout
    start_ours(host)
    assert who_answers(host) == EVERYTHING
    # Docker 20.10 loses what is in DOCKER-USER, and leads there after its own rules; ours were all taken away. The unit puts it right
    wait_for_runs(node1, before + 5)  # once by the role, once beside Docker, and three times for firewalld's start
    node1.sh("firewall-cmd --quiet --reload")
    wait_for_runs(node1, before + 8)
    assert node1.policy_is_first() and "cnm:default:docker_user" in node1.policy()[0]
    assert who_answers(host) == EVERYTHING
    assert host.play("mooring.cnm.drift").returncode == 0
    assert node1.sh("firewall-cmd --info-zone=docker") == zones


def test_ufw_and_allow_from(host: Pair) -> None:
    """A published port is open to whom it says, although ufw is closed and has no rule for it."""
    node1 = host.node1
    start_docker(node1)
    node1.sh("ufw --force enable")
    port = {"published": 9090, "target": 90, "allow_from": ["192.0.2.0/24"]}
    host.module("topology", networks=NETWORKS, sandboxes={"app": {**SANDBOXES["app"], "ports": [port]}})
    node1.serve("app", 90, "ip netns exec app")
    host.node2.sh("ip address add 192.0.2.7/32 dev lo")
    node1.sh("ip route add 192.0.2.7/32 via 198.18.0.2")
    asked = host.node2.asks(("198.18.0.1", 9090), ("198.18.0.1", 9090, "192.0.2.7"))
    node1.sh("ufw reload")
    again = host.node2.asks(("198.18.0.1", 9090), ("198.18.0.1", 9090, "192.0.2.7"))
    host.node2.sh("ip address del 192.0.2.7/32 dev lo")
    node1.sh("ip route del 192.0.2.7/32")
    assert asked == again == ["", "app"]
    assert node1.asks(("198.18.0.2", 7000), inside="ip netns exec app") == ["node2"]


def test_firewalld_comes_after_docker(host: Pair) -> None:
    """Its start takes everybody's rules away. The unit puts ours back; the next run has our sandboxes let out, and a start of Docker brings its own rules."""
    node1 = host.node1
    start_docker(node1)
    host.declare(**declared(cnm_persist=True, cnm_verify="none"))
    assert host.play("mooring.cnm.site").returncode == 0
    start_ours(host)
    before = runs(node1)
    node1.sh("systemctl start firewalld")
    wait_for_runs(node1, before + 3)
    answers = who_answers(host)
    assert (answers["remote"]["app's port"], answers["host"]["app"], answers["sandbox"]["outside"]) == ("app", "app", "")
    assert node1.policy_is_first() and "cnm:default:docker_user" in node1.policy()[0]
    done = host.play("mooring.cnm.site")
    assert done.returncode == 0, done.stdout + done.stderr
    node1.sh("systemctl restart docker")
    node1.start("web", "db")
    assert who_answers(host) == EVERYTHING
    before = runs(node1)
    node1.sh("firewall-cmd --quiet --reload")
    wait_for_runs(node1, before + 3)
    assert node1.policy_is_first() and "cnm:default:docker_user" in node1.policy()[0]
    assert who_answers(host) == EVERYTHING
    assert host.play("mooring.cnm.drift").returncode == 0
