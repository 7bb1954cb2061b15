# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers of Podman: on our networks by their names, by its command and by its service, and in a sandbox that we made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .engine import EngineHost, Pair
from .podman import have_podman, podman_container

NETWORKS = {"front": {"ipam": {"config": [{"subnet": "172.30.0.0/24", "gateway": "172.30.0.1"}]}}}
SANDBOXES = {
    "web": {"networks": {"front": {"ipv4_address": "172.30.0.10"}}, "ports": ["9090:80"]},
    "app": {"container": "app", "networks": {"front": {"ipv4_address": "172.30.0.20"}}, "ports": ["9091:80"]},
}


@pytest.fixture(scope="module")
def host(pair: Pair) -> Iterator[EngineHost]:
    have_podman(pair.node2)
    podman_container(pair.node2, "app", "none")
    yield pair.node2
    pair.node2.sh("systemctl stop podman-api; podman rm --all --force --time 0 && rm -f /usr/bin/podman /usr/bin/crun")
    pair.module("topology", host="node2", state="absent")


def run(pair: Pair, check: bool = False) -> dict[str, Any]:
    return pair.module("topology", check=check, host="node2", networks=NETWORKS, sandboxes=SANDBOXES)


def test_a_container_is_attached_and_again_when_it_was_started_anew(pair: Pair, host: EngineHost) -> None:
    """Podman is asked by its command first, and by its service when that runs."""
    assert run(pair)["problems"] == []
    assert pair.node1.asks((host.address, 9091)) == ["app"]
    host.sh("podman restart --time 0 app; systemd-run --quiet --unit podman-api podman system service --time 0")
    host.sh("timeout 10 sh -c 'until test -S /run/podman/podman.sock; do sleep 0.1; done'")
    assert pair.node1.asks((host.address, 9091)) == [""]
    again = run(pair)
    assert len([op for op in again["ops"] if op.startswith("create veth")]) == 1
    assert pair.node1.asks((host.address, 9091)) == ["app"]
    host.sh("podman stop --time 0 app")
    told = [one["message"] for one in run(pair, check=True)["problems"]]
    assert told == ["container app is not running: exited: start it, or declare 'missing: ignore'"]


def test_a_container_is_started_in_a_sandbox(pair: Pair, host: EngineHost) -> None:
    """As the README has it."""
    host.sh("podman start app")
    podman_container(host, "inside", "ns:/run/netns/web")
    assert run(pair)["problems"] == []
    assert pair.node1.asks((host.address, 9090), (host.address, 9091)) == ["inside", "app"]
    assert host.asks(("172.30.0.20", 80), inside="ip netns exec web") == ["app"]
    assert run(pair, check=True)["ops"] == []
