# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Overlays over three hosts, by the playbooks: the walk-through of docs/overlay.md, and what happens to it. The tests build on each other, in their order."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible_collections.mooring.cnm.tests.transfer import SIZE_BYTES, segment_bytes, transfer

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
    one.power("present", *HOSTS)
    try:
        yield one
    finally:
        one.power("absent")


def declare(fleet: Fleet, networks: dict[str, Any] | None = None, **boxes: dict[str, Any]) -> None:
    """These networks everywhere, and on each host the sandboxes that it has above, or those that are given."""
    fleet.declare(cnm_networks=networks or NETWORKS, cnm_sandboxes={}, cnm_verify="full")
    for host, own in {**BOXES, **boxes}.items():
        fleet.declare(f"host_vars/{host}", cnm_sandboxes__own=own)


def ledger(fleet: Fleet) -> Any:
    return yaml.safe_load(fleet.ledger.read_text())


def site(fleet: Fleet, *words: str, status: int = 0) -> str:
    run = fleet.play("mooring.cnm.site", *words)
    assert run.status == status, run.text
    return run.text


def tables(fleet: Fleet, host: str, network: str) -> str:
    """Where a host sends what is for others, and the MACs of their addresses."""
    netns, vxlan = f"cnm+default+{network}", "show dev vxlan0 nud permanent"
    return str(
        fleet.host(host).check_output(f"bridge -n {netns} fdb show dev vxlan0 | grep permanent; ip -n {netns} neigh {vxlan}; ip -n {netns} -6 neigh {vxlan}")
    )


def inside(fleet: Fleet, host: str, sandbox: str, command: str) -> str:
    return str(fleet.host(host).check_output(f"ip netns exec {sandbox} {command}"))


def test_the_walk_through(fleet: Fleet) -> None:
    said = site(fleet)
    assert "unproven: 0; all " in said
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
    # bbox3 is beside bbox1 on node1, and reaches it neither over the overlay nor over the way out, where the host does
    eth1 = inside(fleet, "node1", "bbox1", "ip -json -4 address show eth1")
    way_out = json.loads(eth1)[0]["addr_info"][0]["local"]
    for address in ("10.0.0.2", "10.0.0.3", way_out):
        assert fleet.host("node1").run(f"ip netns exec bbox3 ping -q -c 1 -W 1 {address}").rc != 0
    fleet.host("node1").check_output(f"ping -q -c 1 -W 1 {way_out}")
    again = fleet.play("mooring.cnm.site")
    assert (again.status, again.changed) == (0, NOTHING), again.text


def test_full_segments_over_tcp(fleet: Fleet) -> None:
    """Not only what fits into one packet: a megabyte, which goes in segments of the size of the network's MTU."""
    carried = transfer((fleet.host("node1"), "bbox1"), (fleet.host("node2"), "bbox2"), "bbox2")
    assert carried == (SIZE_BYTES, segment_bytes(1450))


def test_a_way_that_carries_small_packets_alone_is_red(fleet: Fleet) -> None:
    """As of a switch in between that has a smaller MTU: what is encapsulated and large does not arrive at node2. Pings and handshakes do."""
    drop = "PREROUTING -i eth0 -p udp --dport 4789 -m length --length 1400:65535 -j DROP"
    fleet.host("node2").check_output(f"iptables -t raw -A {drop}")
    said = fleet.play("mooring.cnm.verify")
    fleet.host("node2").check_output(f"iptables -t raw -D {drop}")
    assert said.status == 2
    found = sorted(line for line in said.text.splitlines() if line.startswith(("✘", "? ")))
    assert [line.partition(", but did not, though smaller packets come through")[0] for line in found] == [
        "✘ node1/bbox1 should reach node2/bbox2 at 10.0.0.3 icmp of 1450 bytes (both are on ov1)",
        "✘ node2/bbox2 should reach node1/bbox1 at 10.0.0.2 icmp of 1450 bytes (both are on ov1)",
    ]
    assert fleet.play("mooring.cnm.verify").status == 0


def test_tables_changed_by_hand_are_told_and_repaired(fleet: Fleet) -> None:
    netns = "ip netns exec cnm+default+ov1"
    fleet.host("node1").check_output(f"{netns} bridge fdb replace 02:42:0a:00:00:03 dev vxlan0 self dst 198.18.9.9 permanent")
    fleet.host("node2").check_output(f"{netns} ip neigh del 10.0.0.2 dev vxlan0")
    drift = fleet.play("mooring.cnm.drift")
    assert drift.status == 2
    assert "change forwarding entry 02:42:0a:00:00:03 to 198.18.0.2 on vxlan0 in cnm+default+ov1: dst from 198.18.9.9 to 198.18.0.2" in drift.text
    assert "add neighbour 10.0.0.2 at 02:42:0a:00:00:02 on vxlan0 in cnm+default+ov1" in drift.text
    site(fleet, "-e", "cnm_verify=none")
    assert fleet.play("mooring.cnm.drift").status == 0


def test_a_host_that_is_down_breaks_nothing_on_the_others(fleet: Fleet) -> None:
    """What is between those that are left is proven, and they keep the entries of node3, which comes back with nothing and gets all of its own again."""
    known = tables(fleet, "node1", "ov2")
    fleet.power("absent", "node3")
    said = site(fleet, status=4)
    assert "could not be reached or failed: node3." in said and "unproven: 0; all " in said
    assert tables(fleet, "node1", "ov2") == known != ""
    fleet.power("present", "node3")
    assert "unproven: 0; all " in site(fleet)
    assert "1 received" in inside(fleet, "node3", "far", "ping -c 1 -W 1 bbox3")


def test_a_sandbox_moves_while_a_host_is_left_out(fleet: Fleet) -> None:
    """bbox3 and far are on ov2. bbox3 goes from node1 to node2, and node3 is not told."""
    declare(fleet, node1={"bbox1": BOXES["node1"]["bbox1"]}, node2={**BOXES["node2"], "bbox3": BOXES["node1"]["bbox3"]})
    address = ledger(fleet)["endpoints"]["ov2"]["node1/bbox3"]
    said = site(fleet, "--limit", "node1,node2", "-e", "cnm_verify=none")
    assert "Left out of this run, so they do not know yet what has changed on overlay ov2: node3." in said
    assert "overlay ov1" not in said
    assert ledger(fleet)["endpoints"]["ov2"]["node2/bbox3"] == address
    drift = fleet.play("mooring.cnm.drift")
    assert "node3 has drifted" in drift.text and "1 host of 3 drifted" in drift.text
    assert "do not know yet" not in site(fleet, "-e", "cnm_verify=none")
    assert "1 received" in inside(fleet, "node3", "far", "ping -c 1 -W 1 bbox3")


def test_a_host_that_leaves_takes_its_entries_along(fleet: Fleet) -> None:
    declare(fleet, node1={"bbox1": BOXES["node1"]["bbox1"]}, node2={})
    site(fleet, "-e", "cnm_verify=none")
    assert "vxlan" not in fleet.host("node2").check_output("ip -all netns exec ip link")
    assert "198.18.0.2" not in fleet.host("node1").check_output("ip netns exec cnm+default+ov1 bridge fdb show dev vxlan0")


def test_a_host_that_is_taken_out_of_the_inventory_is_forgotten(fleet: Fleet) -> None:
    """The ledger frees what node3 had, which is said, and the others know nothing of it any more. What stands on it stays: nobody went there."""
    declare(fleet, node2=BOXES["node2"], node3={"far": {"networks": ["ov1", "ov2"]}, "local": {"networks": ["front"]}})
    site(fleet, "-e", "cnm_verify=none")
    had = ledger(fleet)
    far, vtep = had["endpoints"]["ov1"]["node3/far"][0], HOSTS["node3"]
    known = {name: tables(fleet, name, "ov1") for name in ("node1", "node2")}
    assert all(far in one and vtep in one for one in known.values())
    assert "node3" in had["seen"] and "node3/front" in had["networks"]

    fleet.size(2)
    said = site(fleet, "-e", "cnm_verify=none")
    assert "no longer declares anything for node3: the ledger frees what was given there" in said and said.count("node3") == 1
    assert "node3" not in fleet.ledger.read_text()
    assert ledger(fleet)["endpoints"]["ov1"] == {name: one for name, one in had["endpoints"]["ov1"].items() if name != "node3/far"}
    for name, before in known.items():
        after = tables(fleet, name, "ov1")
        assert far not in after and vtep not in after
        assert "198.18." in after and set(after.splitlines()) < set(before.splitlines())
        assert "far" not in fleet.host(name).check_output("cat /etc/netns/*/hosts")
    assert far in fleet.host("node3").check_output("ip -n far -4 -oneline address show eth0")

    # It comes back to what stands on it, and to the same address, which nobody was given meanwhile.
    fleet.size(3)
    again = fleet.play("mooring.cnm.site", "-e", "cnm_verify=none")
    assert (again.status, again.changed["node3"]) == (0, 0), again.text
    assert ledger(fleet)["endpoints"] == had["endpoints"]


def test_nothing_is_left(fleet: Fleet) -> None:
    assert fleet.play("mooring.cnm.teardown").status == 0
    for host in HOSTS:
        assert fleet.host(host).check_output("ls /run/netns; ip -o link | grep cnm || true") == ""
