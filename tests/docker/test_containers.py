# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers of a real engine on our networks: reached, left as Docker made them, attached again after they were started anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .engine import Pair

NETWORKS = {"front": {"ipam": {"config": [{"subnet": "172.30.0.0/24", "gateway": "172.30.0.1"}]}}}
APP = {"networks": {"front": {"ipv4_address": "172.30.0.10"}}}
# One that has no network of Docker's, and one that has, with its default route there.
ALONE = {"container": "alone", "networks": {"front": {"ipv4_address": "172.30.0.20"}}, "ports": ["9090:80"]}
TWICE = {"container": "twice", "networks": {"front": {"ipv4_address": "172.30.0.30", "aliases": ["both"]}}}
SANDBOXES = {"app": APP, "alone": ALONE, "twice": TWICE}
WITHIN = "ip netns exec app"


@pytest.fixture(scope="module")
def engine(pair: Pair) -> Iterator[Pair]:
    pair.node1.start_engine()
    pair.node1.container("alone", "--network none")
    pair.node1.container("twice", "-p 8080:80")
    yield pair
    pair.module("topology", state="absent")


def converged(pair: Pair, **sandboxes: Any) -> dict[str, Any]:
    done = pair.module("topology", networks=NETWORKS, sandboxes=sandboxes)
    assert done["problems"] == [], done
    return done


def links(pair: Pair, container: str) -> str:
    return pair.node1.sh(f"{pair.node1.entering(container)} sh -c 'ip -br link; ip -br addr; ip route'")


def test_containers_are_on_our_networks_and_stay_on_dockers(engine: Pair) -> None:
    before = links(engine, "twice"), links(engine, "alone")
    predicted = engine.module("topology", check=True, networks=NETWORKS, sandboxes=SANDBOXES)
    assert predicted["ops"] == converged(engine, **SANDBOXES)["ops"] != []
    assert converged(engine, **SANDBOXES)["ops"] == []
    assert engine.node1.asks(("172.30.0.20", 80), ("172.30.0.30", 80), inside=WITHIN) == ["alone", "twice"]
    assert engine.node2.asks(("198.18.0.1", 9090), ("198.18.0.1", 8080)) == ["alone", "twice"]
    assert "172.30.0.30 twice both" in engine.node1.sh("cat /etc/netns/app/hosts")
    assert "default via 172.17.0.1 dev eth0" in links(engine, "twice")
    converged(engine, app=APP)
    assert (links(engine, "twice"), links(engine, "alone")) == before


def test_a_container_that_was_started_anew_is_attached_again(engine: Pair) -> None:
    converged(engine, **SANDBOXES)
    engine.node1.sh("docker stop alone twice")
    engine.node1.start("alone", "twice")
    assert engine.node1.asks(("172.30.0.20", 80), ("172.30.0.30", 80), inside=WITHIN) == ["", ""]
    done = converged(engine, **SANDBOXES)
    assert len([op for op in done["ops"] if op.startswith("create veth")]) == 2
    assert engine.node1.asks(("172.30.0.20", 80), ("172.30.0.30", 80), inside=WITHIN) == ["alone", "twice"]
    assert engine.node2.asks(("198.18.0.1", 9090)) == ["alone"]


def test_a_container_that_does_not_run_is_told_or_left_out(engine: Pair) -> None:
    converged(engine, **SANDBOXES)
    engine.node1.sh("docker stop alone")
    told = engine.module("topology", check=True, networks=NETWORKS, sandboxes=SANDBOXES)
    assert told["ops"] == []
    assert [(one["path"], one["message"]) for one in told["problems"]] == [
        ("cnm_sandboxes.alone.container", "container alone is not running: exited: start it, or declare 'missing: ignore'")
    ]
    done = converged(engine, **{**SANDBOXES, "alone": {**ALONE, "missing": "ignore"}})
    assert "alone" not in done["after"]["sandboxes"]
    assert engine.node1.asks(("172.30.0.30", 80), inside=WITHIN) == ["twice"]
    engine.node1.start("alone")
    converged(engine, **{**SANDBOXES, "alone": {**ALONE, "missing": "ignore"}})
    assert engine.node1.asks(("172.30.0.20", 80), inside=WITHIN) == ["alone"]


def test_a_container_on_a_network_of_dockers_publishes_a_port_of_ours_beside_its_own(engine: Pair) -> None:
    done = converged(engine, app=APP, twice={**TWICE, "ports": ["9091:80"]})
    assert engine.node2.asks(("198.18.0.1", 9091), ("198.18.0.1", 8080)) == ["twice", "twice"]
    again = engine.module("topology", **done["after"])
    assert (again["ops"], again["after"]["sandboxes"]["twice"]["ports"]) == ([], ["9091:80"])
    assert "default via 172.17.0.1 dev eth0" in links(engine, "twice")
