# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two overlays and a bridge over eight hosts, through the life of a fleet: every pair is asked, each time. The tests build on each other, in their order."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible_collections.mooring.cnm.plugins.module_utils.lab.converge import converge_lab
from ansible_collections.mooring.cnm.tests.transfer import SIZE_BYTES, segment_bytes, transfer

from .conftest import Fleet, Run

HOSTS = {f"node{number}": f"198.18.0.{number}" for number in range(1, 9)}
PORT = 4790
NETWORKS: dict[str, Any] = {"ov1": {"driver": "overlay"}, "ov2": {"driver": "overlay", "internal": True}, "front": {}}


def boxes(number: int) -> dict[str, Any]:
    """Each host has a sandbox on each overlay; the first two have one on the bridge network too."""
    found: dict[str, Any] = {f"one{number}": {"networks": ["ov1"]}, f"two{number}": {"networks": ["ov2"]}}
    return {**found, **({f"local{number}": {"networks": ["front"]}} if number <= 2 else {})}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Eight hosts, of which the last has no sandbox yet. The underlay of node4 has a smaller MTU than that of the others."""
    lab = f"site-{os.getpid()}-eight"
    one = Fleet(tmp_path_factory.mktemp("inventory"), lab, len(HOSTS))
    one.declare(cnm_networks=NETWORKS, cnm_sandboxes={}, cnm_vxlan_port=PORT, cnm_verify="full")
    for number in range(1, 8):
        declare(one, number, boxes(number))
    power(one, "present", *HOSTS)
    try:
        one.host("node4").check_output("ip link set eth0 mtu 1400")
        yield one
    finally:
        power(one, "absent")


def power(fleet: Fleet, state: str, *hosts: str) -> None:
    chosen = [{"name": host, "address": HOSTS[host]} for host in hosts] or None
    converge_lab({"name": fleet.lab, "state": state, "init": "reaper", "hosts": chosen}, False)


def declare(fleet: Fleet, number: int, sandboxes: dict[str, Any], **more: Any) -> None:
    fleet.declare(f"host_vars/node{number}", cnm_sandboxes__own=sandboxes, **more)


def given(fleet: Fleet) -> dict[str, Any]:
    """What the ledger has for the overlays: addresses by sandbox, wherever it is."""
    ledger = yaml.safe_load(fleet.ledger.read_text())
    return {name: {box.split("/")[1]: addresses for box, addresses in ledger["endpoints"][name].items()} for name in ("ov1", "ov2")}


def proven(run: Run, status: int = 0) -> int:
    """How many pairs were asked, all of which are as declared. A pair is who asks, and an address of a sandbox, or the world outside."""
    assert run.status == status, run.text
    found = re.search(r"reached as declared: (\d+) of \1; blocked as declared: (\d+) of \2; unproven: 0; all (\d+) pairs asked", run.text)
    assert found and "0" not in (found[1], found[2]), run.text
    return int(found[3])


def vteps(fleet: Fleet, host: str, network: str) -> dict[str, str]:
    """Where each MAC of another host is, as a host's table has it."""
    entries = json.loads(fleet.host(host).check_output(f"bridge -json -netns cnm+default+{network} fdb show dev vxlan0"))
    return {one["mac"]: one["dst"] for one in entries if "dst" in one}


def test_every_pair_is_proven_with_the_smallest_mtu_and_a_port_of_its_own(fleet: Fleet) -> None:
    # Of 16 sandboxes each of the 14 that are on overlays is asked by the 15 others; the rest is between a host, its own and the world outside.
    assert proven(fleet.play("mooring.cnm.site")) == 14 * 15 + 38
    for number in range(1, 8):
        for network in ("ov1", "ov2"):
            (link,) = json.loads(fleet.host(f"node{number}").check_output(f"ip -json -details -netns cnm+default+{network} link show vxlan0"))
            assert (link["mtu"], link["linkinfo"]["info_data"]["port"]) == (1350, PORT)
            assert sorted(set(vteps(fleet, f"node{number}", network).values())) == sorted(set(list(HOSTS.values())[:7]) - {HOSTS[f"node{number}"]})
    assert "vxlan" not in fleet.host("node8").check_output("ip -all netns exec ip link")


def test_a_host_comes_one_goes_one_is_down_a_sandbox_moves_and_tables_are_mutated(fleet: Fleet) -> None:
    """All at once. What stands keeps what it has, and who is reached is proven, whoever is down."""
    before = given(fleet)
    declare(fleet, 8, boxes(8))
    declare(fleet, 3, {})
    declare(fleet, 2, {name: box for name, box in boxes(2).items() if name != "one2"})
    declare(fleet, 6, {**boxes(6), "one2": boxes(2)["one2"]})
    power(fleet, "absent", "node7")
    inside = "ip netns exec cnm+default+ov1"
    for mac in vteps(fleet, "node5", "ov1"):
        fleet.host("node5").check_output(f"{inside} bridge fdb del {mac} dev vxlan0")
    fleet.host("node5").check_output(f"{inside} ip neigh flush nud permanent dev vxlan0")
    assert vteps(fleet, "node5", "ov1") == {}
    run = fleet.play("mooring.cnm.site")
    # without those of node7
    assert proven(run, status=4) == 12 * 13 + 34
    assert "could not be reached or failed: node7." in run.text

    after = given(fleet)
    assert after["ov1"] == {**{box: addresses for box, addresses in before["ov1"].items() if box != "one3"}, "one8": after["ov1"]["one8"]}
    for number in (1, 4, 5):
        table = vteps(fleet, f"node{number}", "ov1")
        last = after["ov1"]["one2"][0].split(".")[3]
        assert table[f"02:42:0a:00:00:{int(last):02x}"] == HOSTS["node6"]
        assert HOSTS["node3"] not in table.values() and {HOSTS["node7"], HOSTS["node8"]} <= set(table.values())
    assert "vxlan" not in fleet.host("node3").check_output("ip -all netns exec ip link")


def test_over_ipv6_between_the_hosts_with_full_segments(fleet: Fleet) -> None:
    """Each sandbox of ov1 sends a megabyte to the next one's host, and the proof finds all as it should be, node7 among them, which starts from nothing."""
    power(fleet, "present", "node7")
    for number in (1, 2, 4, 5, 6, 7, 8):
        own = {**boxes(number), **({"one2": boxes(2)["one2"]} if number == 6 else {})}
        own = {name: box for name, box in own.items() if (number, name) != (2, "one2")}
        declare(fleet, number, own, cnm_underlay_address=f"fd00:198:18::{number:x}")
    assert proven(fleet.play("mooring.cnm.site")) == 14 * 15 + 38
    names = {"one1": "node1", "one2": "node6", "one4": "node4", "one5": "node5", "one6": "node6", "one7": "node7", "one8": "node8"}
    for name, target in zip(names, [*list(names)[1:], "one1"], strict=True):
        carried = transfer((fleet.host(names[name]), name), (fleet.host(names[target]), target), target)
        assert carried == (SIZE_BYTES, segment_bytes(1330))
    (link,) = json.loads(fleet.host("node1").check_output("ip -json -details -netns cnm+default+ov1 link show vxlan0"))
    assert (link["mtu"], link["linkinfo"]["info_data"]["local6"]) == (1330, "fd00:198:18::1")
    assert fleet.play("mooring.cnm.drift").status == 0
