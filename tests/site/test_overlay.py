# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Overlays over three hosts, by the playbooks: the walk-through of docs/overlay.md, and what happens to it. The tests build on each other, in their order."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible_collections.mooring.cnm.plugins.module_utils.lab.converge import converge_lab

from .conftest import Fleet

HOSTS = {"node1": "198.18.0.1", "node2": "198.18.0.2", "node3": "198.18.0.3"}
NOTHING = dict.fromkeys(HOSTS, 0)
NETWORKS: dict[str, Any] = {
    "ov1": {"driver": "overlay"},
    "ov2": {"driver": "overlay"},
    "ov3": {"driver": "overlay", "ipam": {"config": [{"subnet": "10.22.1.0/24"}]}},
    "front": {},
}
BOXES: dict[str, dict[str, Any]] = {
    "node1": {"bbox1": {"networks": ["ov1"]}, "bbox3": {"networks": ["ov2"]}},
    "node2": {"bbox2": {"networks": {"ov1": {"aliases": ["two"]}}, "ports": ["8080:80"]}},
    "node3": {"far": {"networks": ["ov2", "ov3"]}, "local": {"networks": ["front"]}},
}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    lab = f"site-{os.getpid()}-overlay"
    one = Fleet(tmp_path_factory.mktemp("inventory"), lab, len(HOSTS))
    declare(one)
    converge_lab({"name": lab, "state": "present", "init": "reaper", "hosts": [{"name": host, "address": address} for host, address in HOSTS.items()]}, False)
    try:
        yield one
    finally:
        converge_lab({"name": lab, "state": "absent", "init": "reaper", "hosts": None}, False)


def declare(fleet: Fleet, networks: dict[str, Any] = NETWORKS, **boxes: dict[str, Any]) -> None:
    """These networks everywhere, and on each host the sandboxes that it has above, or those that are given."""
    fleet.declare(cnm_networks=networks, cnm_sandboxes={}, cnm_verify="full")
    for host, own in {**BOXES, **boxes}.items():
        fleet.declare(f"host_vars/{host}", cnm_sandboxes__own=own)


def ledger(fleet: Fleet) -> Any:
    return yaml.safe_load(fleet.ledger.read_text())


def site(fleet: Fleet, *words: str, status: int = 0) -> str:
    run = fleet.play("mooring.cnm.site", *words)
    assert run.status == status, run.text
    return run.text


def inside(fleet: Fleet, host: str, sandbox: str, command: str) -> str:
    return str(fleet.host(host).check_output(f"ip netns exec {sandbox} {command}"))


def test_the_walk_through(fleet: Fleet) -> None:
    said = site(fleet)
    print(said)
    given = ledger(fleet)
    assert {name: (one["subnets"], one["vnis"]) for name, one in given["networks"].items() if "/" not in name} == {
        "ov1": (["10.0.0.0/24"], [256]),
        "ov2": (["10.0.1.0/24"], [257]),
        "ov3": ([], [258]),
    }
    assert given["endpoints"]["ov1"] == {"node1/bbox1": ["10.0.0.2"], "node2/bbox2": ["10.0.0.3"]}
    for name in ("bbox2", "bbox2.node2", "two"):
        assert "1 received" in inside(fleet, "node1", "bbox1", f"ping -c 1 -W 1 {name}")
    assert "dev eth1" in inside(fleet, "node1", "bbox1", "ip route show default")
    assert "10.0.0.2/24" in inside(fleet, "node1", "bbox1", "ip address show eth0")
    again = fleet.play("mooring.cnm.site")
    assert (again.status, again.changed) == (0, NOTHING), again.text
