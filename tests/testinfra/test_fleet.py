# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds on the hosts of molecule/fleet at every time of its life, whoever is where."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from ansible_collections.mooring.cnm.tests.testinfra_lab import lab_host
from ansible_collections.mooring.cnm.tests.transfer import SIZE_BYTES, segment_bytes, transfer
from testinfra.host import Host

from .conftest import Room

LAB = os.environ.get("CNM_LAB_NAME", "molecule")
OVERHEAD = {4: 50, 6: 70}
BOXES = {"ov1": "one", "ov2": "two"}


def namespaces(host: Host) -> list[str]:
    return str(host.check_output("ls /run/netns 2>/dev/null || true")).split()


@pytest.fixture(scope="module")
def hosts() -> dict[str, Host]:
    return {name: lab_host(name, LAB) for name in (f"node{number}" for number in range(1, 9))}


@pytest.fixture(scope="module")
def at(hosts: dict[str, Host]) -> dict[str, list[tuple[str, str]]]:
    """(host, sandbox) of each overlay, wherever it is."""
    found = [(name, box) for name, host in hosts.items() for box in namespaces(host)]
    return {network: [one for one in found if one[1].startswith(prefix)] for network, prefix in BOXES.items()}


def tunnel(host: Host, network: str) -> dict[str, Any]:
    """The tunnel of a network on a host, with ``end``: the address that it has there."""
    link = Room(host, f"cnm+default+{network}").link("vxlan0")
    data = link["linkinfo"]["info_data"]
    return {"port": data["port"], "mtu": link["mtu"], "overhead": OVERHEAD[6 if "local6" in data else 4], "end": data.get("local6", data.get("local"))}


@pytest.mark.parametrize("network", BOXES)
def test_each_host_of_a_network_has_a_tunnel_for_the_smallest_way(hosts: dict[str, Host], at: dict[str, list[tuple[str, str]]], network: str) -> None:
    inside = {name for name, _box in at[network]}
    assert len(inside) >= 5
    assert {name for name, host in hosts.items() if f"cnm+default+{network}" in namespaces(host)} == inside
    smallest = min(Room(host).link("eth0")["mtu"] for host in hosts.values())
    for name in inside:
        one = tunnel(hosts[name], network)
        assert (one["port"], one["mtu"]) == (4790, smallest - one["overhead"]), name
        assert one["end"] in hosts[name].check_output("ip -brief address show eth0")


@pytest.mark.parametrize("network", BOXES)
def test_each_table_has_exactly_the_sandboxes_of_the_others(hosts: dict[str, Host], at: dict[str, list[tuple[str, str]]], network: str) -> None:
    ends = {name: tunnel(hosts[name], network)["end"] for name, _box in at[network]}
    where = {Room(hosts[name], box).link("eth0")["address"]: name for name, box in at[network]}
    for name in ends:
        entries = json.loads(hosts[name].check_output(f"bridge -json -netns cnm+default+{network} fdb show dev vxlan0"))
        table = {one["mac"]: one["dst"] for one in entries if "dst" in one}
        assert table == {one: ends[host] for one, host in where.items() if host != name}, name


def test_full_segments_from_each_host_to_the_next(hosts: dict[str, Host], at: dict[str, list[tuple[str, str]]]) -> None:
    """A megabyte each."""
    places = at["ov1"]
    for (name, box), (target_name, target) in zip(places, [*places[1:], places[0]], strict=True):
        full = segment_bytes(Room(hosts[name], box).link("eth0")["mtu"])
        assert transfer((hosts[name], box), (hosts[target_name], target), target) == (SIZE_BYTES, full)
