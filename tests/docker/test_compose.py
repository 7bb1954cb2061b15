# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Compose file of docs/overlay.md on an overlay: its services and what another host has reach each other, and Compose leaves the network alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from .compose import have_compose
from .engine import EngineHost, Pair
from .test_docker_network import ANSWER

PAGE = Path(__file__).parents[2] / "docs" / "overlay.md"
NETWORKS = {"backbone": {"driver": "overlay", "docker_network": True}}
RANGE, FIXED, BOX2 = ip_network("10.0.0.240/28"), "10.0.0.250", "10.0.0.3"


@pytest.fixture(scope="module")
def fleet(pair: Pair) -> Iterator[Pair]:
    """The network on two hosts, a sandbox on each, and on the second a container that Compose knows nothing of."""
    boxes = {f"node{number}": {"cnm_networks": NETWORKS, "cnm_sandboxes": {f"box{number}": {"networks": ["backbone"]}}} for number in (1, 2)}
    pair.declare({"node2": boxes["node2"]}, **boxes["node1"])
    for host in (pair.node1, pair.node2):
        host.start_engine()
    pair.site()
    have_compose(pair.node1)
    pair.node2.container("c2", "--network backbone")
    pair.node2.sh(ANSWER.format("box2"))
    (text,) = re.findall(r"^```yaml\n(# compose\.yaml\n.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    pair.node1.write("/srv/shop/compose.yaml", text)
    yield pair
    for host in (pair.node1, pair.node2):
        host.sh("docker ps --all --quiet | xargs --no-run-if-empty docker rm --force")
    assert pair.play("mooring.cnm.teardown").returncode == 0


def compose(host: EngineHost, words: str) -> str:
    return host.sh(f"cd /srv/shop && docker-compose {words}")


def names_of(host: EngineHost) -> dict[str, str]:
    """The container of each service."""
    return {service: compose(host, f"ps --quiet {service}").strip() for service in ("web", "db")}


def test_services_reach_the_other_host_and_are_reached(fleet: Pair) -> None:
    node1, node2 = fleet.node1, fleet.node2
    compose(node1, "up --detach")
    services = names_of(node1)
    shown = "docker inspect --format '{{.NetworkSettings.Networks.backbone.IPAddress}}'"
    found = {service: node1.sh(f"{shown} {container}").strip() for service, container in services.items()}
    assert found["db"] == FIXED and ip_address(found["web"]) in RANGE
    for service, container in services.items():
        node1.wait_for_listener(80, node1.entering(container))
        c2 = node2.sh(f"{shown} c2").strip()
        assert node1.asks((c2, 80), (BOX2, 80), inside=node1.entering(container)) == ["c2", "box2"], service
    asked = [(address, 80) for address in found.values()]
    for inside in (node2.entering("c2"), "ip netns exec box2"):
        assert node2.asks(*asked, inside=inside) == list(found)
    # By Docker's own names, as everywhere in Compose.
    assert node1.sh(f"docker exec {services['web']} nc db 80 </dev/null").strip() == "db"


def test_a_run_leaves_the_services_alone(fleet: Pair) -> None:
    before = names_of(fleet.node1)
    assert not re.search(" changed=[1-9]", fleet.site("-e", "cnm_verify=none"))
    assert names_of(fleet.node1) == before
    assert "is up-to-date" in compose(fleet.node1, "up --detach 2>&1")


def test_down_leaves_the_network(fleet: Pair) -> None:
    node1, node2 = fleet.node1, fleet.node2
    network = node1.sh("docker network inspect --format '{{.Id}}' backbone")
    compose(node1, "down --timeout 0")
    assert node1.sh("docker ps --all --quiet") == ""
    assert node1.sh("docker network inspect --format '{{.Id}}' backbone") == network
    assert fleet.play("mooring.cnm.drift").returncode == 0
    assert node1.asks((BOX2, 80), inside="ip netns exec box1") == ["box2"]
    assert node2.try_sh(f"{node2.entering('c2')} ping -q -c 1 -W 1 10.0.0.2").returncode == 0
