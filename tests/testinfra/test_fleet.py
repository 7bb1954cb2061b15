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

LAB = os.environ.get("CNM_LAB_NAME", "molecule")
OVERHEAD = {4: 50, 6: 70}
BOXES = {"ov1": "one", "ov2": "two"}


def namespaces(host: Host) -> list[str]:
    return str(host.check_output("ls /run/netns 2>/dev/null || true")).split()


def ip(host: Host, what: str) -> Any:
    return json.loads(host.check_output(f"ip -json {what}") or "[]")


@pytest.fixture(scope="module")
def hosts() -> dict[str, Host]:
    return {name: lab_host(name, LAB) for name in (f"node{number}" for number in range(1, 9))}


@pytest.fixture(scope="module")
def at(hosts: dict[str, Host]) -> dict[str, list[tuple[str, str]]]:
    """(host, sandbox) of each overlay, wherever it is."""
    found = [(name, box) for name, host in hosts.items() for box in namespaces(host)]
    return {network: [one for one in found if one[1].startswith(prefix)] for network, prefix in BOXES.items()}


def mac(hosts: dict[str, Host], place: tuple[str, str]) -> str:
    (link,) = ip(hosts[place[0]], f"-netns {place[1]} link show eth0")
    return str(link["address"])


@pytest.mark.parametrize("network", BOXES)
def test_each_host_of_a_network_has_a_tunnel_for_the_smallest_way(hosts: dict[str, Host], at: dict[str, list[tuple[str, str]]], network: str) -> None:
    inside = {name for name, _box in at[network]}
    assert len(inside) >= 5
    smallest = min(ip(host, "link show eth0")[0]["mtu"] for host in hosts.values())
    for name, host in hosts.items():
        tunnels = [one for one in namespaces(host) if one == f"cnm+default+{network}"]
        assert bool(tunnels) == (name in inside), name
        if tunnels:
            (link,) = ip(host, f"-details -netns {tunnels[0]} link show vxlan0")
            data = link["linkinfo"]["info_data"]
            family = 6 if "local6" in data else 4
            assert (data["port"], link["mtu"]) == (4790, smallest - OVERHEAD[family]), name
            assert data.get("local6", data.get("local")) in host.check_output("ip -brief address show eth0")


@pytest.mark.parametrize("network", BOXES)
def test_each_table_has_exactly_the_sandboxes_of_the_others(hosts: dict[str, Host], at: dict[str, list[tuple[str, str]]], network: str) -> None:
    inside = f"-netns cnm+default+{network}"
    ends = {}
    for name in {name for name, _box in at[network]}:
        data = ip(hosts[name], f"-details {inside} link show vxlan0")[0]["linkinfo"]["info_data"]
        ends[name] = data.get("local6", data.get("local"))
    where = {mac(hosts, place): place[0] for place in at[network]}
    for name in ends:
        entries = json.loads(hosts[name].check_output(f"bridge -json {inside} fdb show dev vxlan0"))
        table = {one["mac"]: one["dst"] for one in entries if "dst" in one}
        assert table == {one: ends[host] for one, host in where.items() if host != name}, name


def test_full_segments_from_each_host_to_the_next(hosts: dict[str, Host], at: dict[str, list[tuple[str, str]]]) -> None:
    """A megabyte each."""
    places = at["ov1"]
    for (name, box), (target_name, target) in zip(places, [*places[1:], places[0]], strict=True):
        (link,) = ip(hosts[name], f"-netns {box} link show eth0")
        assert transfer((hosts[name], box), (hosts[target_name], target), target) == (SIZE_BYTES, segment_bytes(link["mtu"]))
