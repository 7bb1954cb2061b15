# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Overlays twice over the same two hosts: made by a Swarm, and declared. The same links, tables and addresses, and the same reach.

Each network has a sandbox on each host; ``far`` is on another network, on node2. Subnets differ in their third byte: 10.0.9 and 10.0.19 are Swarm's, 10.0.8 and
10.0.18 ours.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from .engine import EngineHost, Pair
from .engines import ENGINE
from .swarm import end_swarm, make_overlay, overlay_namespace, start_swarm

pytestmark = pytest.mark.skipif(ENGINE.nftables, reason="with its nftables backend Docker refuses to be in a Swarm")

NETWORKS = {"back": 0, "side": 10}
# Sandbox: its host, its network, and the last byte of its address.
BOXES = {"one": ("node1", "back", 10), "two": ("node2", "back", 11), "far": ("node2", "side", 12)}
# Where we are better on purpose: asker and target, and who answers there with Swarm. Sandboxes do not reach each other over the way out, by a published
# port neither; Docker's userland proxy lets them.
BETTER = {("two", "published"): "two", ("far", "published"): "two"}
PUBLISHED = {"swarm": 8080, "ours": 8081}


@dataclass(frozen=True)
class Side:
    """One of the two: how its parts are found. third: of the subnet of network back."""

    name: str
    pair: Pair
    third: int

    def host(self, box: str) -> EngineHost:
        return {"node1": self.pair.node1, "node2": self.pair.node2}[BOXES[box][0]]

    def subnet(self, network: str) -> str:
        return f"10.0.{self.third + NETWORKS[network]}"

    def address(self, box: str) -> str:
        _host, network, last = BOXES[box]
        return f"{self.subnet(network)}.{last}"

    def entering(self, box: str) -> str:
        return self.host(box).entering(box) if self.name == "swarm" else f"ip netns exec {box}"

    def entering_network(self, host: EngineHost, network: str) -> str:
        return f"nsenter --net={overlay_namespace(host, network) if self.name == 'swarm' else f'/run/netns/cnm+default+{network}'}"

    def way_out(self, box: str) -> str:
        """The address of a sandbox on its second leg."""
        (link,) = json.loads(self.host(box).sh(f"{self.entering(box)} ip -json -4 address show eth1"))
        return str(link["addr_info"][0]["local"])


@pytest.fixture(scope="module")
def sides(made: Pair) -> Iterator[tuple[Side, Side]]:
    """Swarm's, and ours beside it: on one UDP port, by their VNIs."""
    swarm, ours = Side("swarm", made, 9), Side("ours", made, 8)
    start_swarm(made.node1, made.node2)
    for network in NETWORKS:
        make_overlay(made.node1, network, f"{swarm.subnet(network)}.0/24")
    for box, (_host, network, _last) in BOXES.items():
        port = f"--publish {PUBLISHED['swarm']}:80" if box == "two" else ""
        swarm.host(box).container(box, f"--network {network} --ip {swarm.address(box)} {port}")
    for node in (made.node1, made.node2):
        result = made.module("topology", host=node.name, **declared(ours, node))
        assert not result.get("failed"), result
    for box in BOXES:
        ours.host(box).serve(box, 80, f"ip netns exec {box}")
    made.node1.serve("outside", 7000)
    yield swarm, ours
    for node in (made.node1, made.node2):
        node.sh("systemctl stop 'serve-*'")
        made.module("topology", host=node.name, state="absent")
    end_swarm(made.node1, made.node2)


def declared(ours: Side, node: EngineHost) -> dict[str, Any]:
    """What the plan would give to a host."""
    boxes = {box: network for box, (host, network, _last) in BOXES.items() if host == node.name}
    networks: dict[str, Any] = {"cnm_gwbridge": {"icc": False, "ipam": {"config": [{"subnet": "172.30.0.0/16", "gateway": "172.30.0.1"}]}}}
    for number, network in enumerate(NETWORKS):
        if network in boxes.values():
            ipam = {"config": [{"subnet": f"{ours.subnet(network)}.0/24", "gateway": f"{ours.subnet(network)}.1"}]}
            networks[network] = {"driver": "overlay", "vni": 256 + number, "ipam": ipam}
    sandboxes = {}
    for last, (box, network) in enumerate(boxes.items(), start=2):
        legs = {network: {"ipv4_address": ours.address(box)}, "cnm_gwbridge": {"ipv4_address": f"172.30.0.{last}"}}
        sandboxes[box] = {"networks": legs, "ports": [f"{PUBLISHED['ours']}:80"] if box == "two" else []}
    peers: dict[str, Any] = {}
    for box, (host, network, _last) in BOXES.items():
        if host != node.name and network in networks:
            there = {"underlay_address": ours.host(box).address, "sandboxes": {box: {"ipv4_address": ours.address(box)}}}
            peers.setdefault(network, {})[host] = there
    return {"underlay_address": node.address, "networks": networks, "sandboxes": sandboxes, "peers": peers}


def test_the_namespace_of_a_network_holds_the_same(sides: tuple[Side, Side]) -> None:
    """But for learning and the local address, which are better on purpose, and the VNI. Swarm has a port more, for its load balancer."""
    for host, other, peer in ((sides[0].pair.node1, sides[0].pair.node2, "two"), (sides[0].pair.node2, sides[0].pair.node1, "one")):
        found = []
        for side in sides:
            enter = side.entering_network(host, "back")
            links = {link["ifname"]: link for link in json.loads(host.sh(f"{enter} ip -json -details address"))}
            vxlan = links["vxlan0"]["linkinfo"]["info_data"]
            own = {"id": vxlan.pop("id"), "learning": vxlan.pop("learning", True), "local": vxlan.pop("local", None)}
            assert own == {"swarm": {"id": 4097, "learning": True, "local": None}, "ours": {"id": 256, "learning": False, "local": host.address}}[side.name]
            mac = ":".join(f"{int(byte):02x}" for byte in side.address(peer).split("."))
            fdb = [one for one in json.loads(host.sh(f"{enter} bridge -json fdb show dev vxlan0")) if one["mac"] == f"02:42:{mac}" and "dst" in one]
            neighbours = [one for one in json.loads(host.sh(f"{enter} ip -json neigh show dev vxlan0")) if one["dst"] == side.address(peer)]
            ports = [link for link in links.values() if link.get("master") == "br0" and link["linkinfo"]["info_kind"] == "veth"]
            found.append(
                {
                    "vxlan0": (links["vxlan0"]["mtu"], links["vxlan0"]["master"], vxlan, "link_netnsid" in links["vxlan0"]),
                    "br0": (links["br0"]["mtu"], links["br0"]["linkinfo"]["info_kind"], links["br0"]["linkinfo"]["info_data"]["vlan_filtering"]),
                    "gateway": [(one["local"].split(".")[3], one["prefixlen"]) for one in links["br0"]["addr_info"] if one["family"] == "inet"],
                    "fdb": [(one["dst"], sorted(one["flags"]), one["state"]) for one in fdb],
                    "neighbours": [(one["lladdr"] == f"02:42:{mac}", one["state"]) for one in neighbours],
                    "ports": ({port["mtu"] for port in ports}, len(ports) - (side.name == "swarm")),
                }
            )
        assert found[0] == found[1]
        assert found[1]["fdb"] == [(other.address, ["self"], "permanent")] and found[1]["neighbours"] == [(True, ["PERMANENT"])]


def test_a_sandbox_holds_the_same(sides: tuple[Side, Side]) -> None:
    for box in BOXES:
        found = []
        for side in sides:
            links = {
                link["ifname"]: link for link in json.loads(side.host(box).sh(f"{side.entering(box)} ip -json -details address")) if link["ifname"] != "lo"
            }
            routes = json.loads(side.host(box).sh(f"{side.entering(box)} ip -json route"))
            mac = "02:42:" + ":".join(f"{int(byte):02x}" for byte in side.address(box).split("."))
            found.append(
                {
                    "links": {name: (link["mtu"], link["linkinfo"]["info_kind"]) for name, link in links.items()},
                    "eth0": (links["eth0"]["addr_info"][0]["local"] == side.address(box), links["eth0"]["addr_info"][0]["prefixlen"]),
                    "mac": links["eth0"]["address"] == mac,
                    "default": [(one["dev"], one["gateway"].split(".")[2:]) for one in routes if one["dst"] == "default"],
                }
            )
        assert found[0] == found[1]
        assert found[1]["default"] == [("eth1", ["0", "1"])] and found[1]["mac"]


def test_the_same_reach(sides: tuple[Side, Side]) -> None:
    """From each sandbox and each host to each sandbox, over the overlay and over the way out, to the outside, and to the published port."""
    matrices = []
    for side in sides:
        node1, node2 = side.pair.node1, side.pair.node2
        targets = {box: (side.address(box), 80) for box in BOXES}
        targets |= {f"{box} by the way out": (side.way_out(box), 80) for box in BOXES}
        targets |= {"outside": (node1.address, 7000), "published": (node2.address, PUBLISHED[side.name])}
        askers = {box: (side.host(box), side.entering(box)) for box in BOXES} | {"node1": (node1, ""), "node2": (node2, "")}
        matrices.append(
            {
                (asker, target): answer
                for asker, (host, enter) in askers.items()
                for target, answer in zip(targets, host.asks(*targets.values(), inside=enter), strict=True)
                if target.partition(" ")[0] != asker
            }
        )
    swarm, ours = matrices
    assert {cell: swarm[cell] for cell in swarm if swarm[cell] != ours[cell]} == BETTER
    assert (ours["one", "two"], ours["two", "one"], ours["one", "far"], ours["two", "far by the way out"]) == ("two", "one", "", "")
    assert (ours["one", "outside"], ours["node1", "published"]) == ("outside", "two")


def test_the_same_largest_packet(sides: tuple[Side, Side]) -> None:
    for side in sides:
        ping = f"{side.entering('one')} ping -q -c 1 -W 1 -M do {side.address('two')} -s"
        assert [side.host("one").try_sh(f"{ping} {size}").returncode == 0 for size in (1422, 1423)] == [True, False]
