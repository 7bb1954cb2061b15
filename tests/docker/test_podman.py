# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers of Podman: on our networks by their names, by its command and by its service, and in a sandbox that we made, also on an overlay."""

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

OVERLAY = {"backbone": {"driver": "overlay", "internal": True, "vni": 300, "ipam": {"config": [{"subnet": "10.0.9.0/24", "gateway": "10.0.9.1"}]}}}
# Who is on it on which host.
MEMBERS = {"node1": ("far", "10.0.9.2"), "node2": ("near", "10.0.9.3")}


@pytest.fixture(scope="module")
def host(pair: Pair) -> Iterator[EngineHost]:
    have_podman(pair.node2)
    podman_container(pair.node2, "app", "none")
    yield pair.node2
    pair.node2.sh("systemctl stop podman-api; podman rm --all --force --time 0 && rm -f /usr/bin/podman /usr/bin/crun")
    pair.module("topology", host="node2", state="absent")
    pair.module("topology", state="absent")


def join(pair: Pair, name: str, other: str) -> None:
    """Bring a host to its sandbox on the overlay, where another host has one too."""
    (box, address), (far_box, far_address) = MEMBERS[name], MEMBERS[other]
    addresses = {one.name: one.address for one in pair.hosts}
    peers = {"backbone": {other: {"underlay_address": addresses[other], "sandboxes": {far_box: far_address}}}}
    boxes = {box: {"networks": {"backbone": {"ipv4_address": address}}}}
    found = pair.module("topology", host=name, networks=OVERLAY, sandboxes=boxes, peers=peers, underlay_address=addresses[name])
    assert found["problems"] == []


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


def test_a_container_in_a_sandbox_on_an_overlay_reaches_another_host(pair: Pair, host: EngineHost) -> None:
    """And is reached from there, by address and, with the sandbox's file of names, by name."""
    for name, other in (("node1", "node2"), ("node2", "node1")):
        join(pair, name, other)
    pair.node1.serve("far", 80, "ip netns exec far")
    podman_container(host, "near", "ns:/run/netns/near", "--volume /etc/netns/near/hosts:/etc/hosts:ro")
    for target in ("10.0.9.2", "far"):
        assert host.sh(f"podman exec near timeout 5 nc {target} 80") == "far\n"
    assert pair.node1.asks(("10.0.9.3", 80), inside="ip netns exec far") == ["near"]
    pair.node1.sh("systemctl stop serve-far-80")
