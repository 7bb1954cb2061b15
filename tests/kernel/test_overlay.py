# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Overlays between two throw-away hosts on one wire: what stands, what passes, what drifted. The tests build on each other, in their order."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from .capture import captured, is_of_hosts, read_packet
from .conftest import Host
from .elsewhere import FarHost, hosts_on_a_wire
from .groups import receivers

NETNS = "cnm+default+ov1"
WAY_OUT = {"icc": False, "ipam": {"config": [{"subnet": "172.18.0.0/16", "gateway": "172.18.0.1"}]}}
OV1 = {"driver": "overlay", "vni": 256, "ipam": {"config": [{"subnet": "10.0.0.0/24", "gateway": "10.0.0.1"}]}}
# The same addresses as ov1 has, and one that only this network has.
OV2 = {"driver": "overlay", "vni": 257, "ipam": {"config": [{"subnet": "10.0.0.0/24", "gateway": "10.0.0.1"}]}}
WHERE = {"a": {"bbox1": ("ov1", "10.0.0.2")}, "b": {"bbox2": ("ov1", "10.0.0.3"), "other": ("ov2", "10.0.0.9")}}
# What makes ov1 a network of both families; a sandbox has the same last number in both.
IPV4_SUBNETS: Any = OV1["ipam"]
DUAL: dict[str, Any] = {"enable_ipv6": True, "ipam": {"config": [*IPV4_SUBNETS["config"], {"subnet": "fd00:9::/64", "gateway": "fd00:9::1"}]}}

# Asks who has the gateway, and prints the MAC of everybody who answers within half a second.
ASK_FOR_THE_GATEWAY = """
import socket, struct
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
wire.bind(("eth0", 0x0806))
mine = wire.getsockname()[4]
ask = struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1) + mine + socket.inet_aton("10.0.0.2") + bytes(6) + socket.inet_aton("10.0.0.1")
wire.send(b"\\xff" * 6 + mine + struct.pack(">H", 0x0806) + ask)
wire.settimeout(0.5)
try:
    while True:
        said = wire.recv(99)
        if said[20:22] == struct.pack(">H", 2) and said[28:32] == socket.inet_aton("10.0.0.1"):
            print(said[22:28].hex(":"))
except TimeoutError:
    pass
"""


@pytest.fixture(scope="module")
def pair(shared_host: Host) -> Iterator[dict[str, FarHost]]:
    with hosts_on_a_wire("a", "b") as found:
        yield found


def options(pair: dict[str, FarHost], host: str, where: Any = None, family: int = 4, **overlay: Any) -> dict[str, Any]:
    """What one host gets, where every sandbox is on one overlay and on the way out. overlay: more options of ov1."""

    def endpoint(address: str) -> dict[str, str]:
        return {"ipv4_address": address, **({"ipv6_address": ipv6(address)} if overlay.get("enable_ipv6") else {})}

    where = where or WHERE
    addresses = {name: one.address if family == 4 else one.address6 for name, one in pair.items()}
    sandboxes = {
        name: {"networks": {network: endpoint(address), "cnm_gwbridge": {"ipv4_address": f"172.18.0.{number}"}}}
        for number, (name, (network, address)) in enumerate(where[host].items(), start=2)
    }
    # On one host two networks cannot have the same subnet: each has those that its sandboxes are on.
    networks = {network: {"ov1": {**OV1, **overlay}, "ov2": OV2}[network] for network, _address in where[host].values()}
    peers: dict[str, Any] = {network: {} for network in networks}
    for other, boxes in where.items():
        for name, (network, address) in boxes.items() if other != host else ():
            if network in peers:
                there = peers[network].setdefault(other, {"underlay_address": addresses[other], "sandboxes": {}})
                there["sandboxes"][name] = endpoint(address)
    return {
        "networks": {**networks, "cnm_gwbridge": WAY_OUT},
        "sandboxes": sandboxes,
        "peers": peers,
        "host": host,
        "underlay_address": addresses[host],
    }


def ipv6(address: str) -> str:
    return f"fd00:9::{address.rpartition('.')[2]}"


def converge(pair: dict[str, FarHost], *args: Any, **more: Any) -> dict[str, list[str]]:
    return {name: one.topology(options(pair, name, *args, **more))["ops"] for name, one in pair.items()}


def vteps(pair: dict[str, FarHost], family: int) -> list[str]:
    return [one.address if family == 4 else one.address6 for one in pair.values()]


def pings(host: FarHost, sandbox: str, address: str, words: str = "") -> bool:
    return host.succeeds(f"ip netns exec {sandbox} ping -q -c 1 -W 1 {words} {address}")


ONE_EACH = {"a": {"bbox1": ("ov1", "10.0.0.2")}, "b": {"bbox2": ("ov1", "10.0.0.3")}}


def test_built_once_and_told_beforehand(pair: dict[str, FarHost]) -> None:
    for name, one in pair.items():
        said = one.topology(options(pair, name, ONE_EACH), check=True)["ops"]
        done = one.topology(options(pair, name, ONE_EACH))
        assert done["ops"] == said != []
        assert one.topology(options(pair, name, ONE_EACH))["ops"] == []
        assert one.topology(done["after"])["ops"] == []


def test_docker_would_know_it(pair: dict[str, FarHost]) -> None:
    """What docker-behaviour says of Swarm's overlays, but for learning and the local address."""
    shown = pair["a"].sh(f"ip -n {NETNS} -d link show vxlan0")
    for words in ("vxlan id 256 ", " dstport 4789 ", " proxy ", " l2miss ", " l3miss ", " mtu 1450 ", " master br0 ", " nolearning ", " local 198.18.0.11 "):
        assert words in shown
    assert "10.0.0.1/24" in pair["a"].sh(f"ip -n {NETNS} -4 -o address show br0")
    assert "02:42:0a:00:00:03 dst 198.18.0.12 " in pair["a"].sh(f"bridge -n {NETNS} fdb show dev vxlan0")
    assert "10.0.0.3 lladdr 02:42:0a:00:00:03 PERMANENT" in pair["a"].sh(f"ip -n {NETNS} neigh show dev vxlan0")


def test_names_and_the_largest_packet(pair: dict[str, FarHost]) -> None:
    for name in ("10.0.0.3", "bbox2", "bbox2.b"):
        assert pings(pair["a"], "bbox1", name)
    assert pings(pair["a"], "bbox1", "10.0.0.3", "-M do -s 1422")
    assert not pings(pair["a"], "bbox1", "10.0.0.3", "-M do -s 1423")


def test_out_by_the_way_out_and_not_to_each_other_over_it(pair: dict[str, FarHost]) -> None:
    where = {"a": {"bbox1": ("ov1", "10.0.0.2"), "next": ("ov1", "10.0.0.4")}, "b": ONE_EACH["b"]}
    converge(pair, where)
    assert pings(pair["a"], "bbox1", pair["b"].address)
    assert pings(pair["a"], "bbox1", "10.0.0.4")
    assert not pings(pair["a"], "bbox1", "172.18.0.3")
    assert pair["a"].sh("ip netns exec bbox1 ip route show default") == "default via 172.18.0.1 dev eth1 proto 206 \n"


@pytest.mark.parametrize("family", [4, 6])
def test_only_vxlan_is_on_the_wire_and_no_question_for_an_address_of_the_sandboxes(pair: dict[str, FarHost], family: int) -> None:
    """From before the sandboxes are there: links come up, addresses are announced, neighbours are asked for, and are to confirm that they are there still."""
    for one in pair.values():
        one.topology({})
    shown = [json.loads(one.sh("ip -json address show dev eth0")) for one in pair.values()]
    addresses = {address["local"] for (link,) in shown for address in link["addr_info"]}
    with captured("port11") as wire:
        converge(pair, ONE_EACH, family, **DUAL)
        pair["a"].sh("ip neigh flush all; ip -n bbox1 neigh flush all")
        for address in ("10.0.0.3", ipv6("10.0.0.3")):
            assert pings(pair["a"], "bbox1", address, "-W 5")
            pair["a"].sh(f"ip -n bbox1 neigh replace {address} lladdr 02:42:0a:00:00:03 dev eth0 nud probe")
        pair["a"].sh("timeout 20 sh -c 'until [ $(ip -n bbox1 neigh show dev eth0 nud reachable | wc -l) = 2 ]; do sleep 0.02; done'")
    packets = wire.packets()
    vxlan = [one for one in packets if one.kind == "vxlan"]
    assert [one for one in packets if one.kind != "vxlan" and not is_of_hosts(one, addresses)] == []
    assert {one.addresses for one in vxlan} == {(here, there) for here in vteps(pair, family) for there in vteps(pair, family) if here != there}
    assert {one.number for one in vxlan} == {256}
    # Two echo requests and the answers, and nothing else.
    inner = [read_packet(one.inner) for one in vxlan]
    assert [(one.kind, one.number) for one in inner] == [("icmp", 8), ("icmp", 0), ("icmpv6", 128), ("icmpv6", 129)]


def test_networks_with_the_same_addresses_do_not_meet(pair: dict[str, FarHost]) -> None:
    where = {"a": ONE_EACH["a"], "b": {"other": ("ov2", "10.0.0.3")}}
    converge(pair, where)
    assert not pings(pair["a"], "bbox1", "10.0.0.3")
    converge(pair, ONE_EACH)
    assert pings(pair["a"], "bbox1", "10.0.0.3")


def test_what_was_changed_by_hand_is_put_right_and_nothing_else(pair: dict[str, FarHost]) -> None:
    inside, a = f"ip netns exec {NETNS}", pair["a"]
    links = a.sh(f"ip -n {NETNS} -o link")
    a.sh(f"{inside} bridge fdb replace 02:42:0a:00:00:03 dev vxlan0 self dst 198.18.0.99 permanent")
    a.sh(f"{inside} bridge fdb append 02:42:0a:00:00:77 dev vxlan0 self dst 198.18.0.98 permanent")
    a.sh(f"{inside} ip neigh replace 10.0.0.3 lladdr 02:00:00:00:00:01 dev vxlan0 nud permanent")
    assert not pings(a, "bbox1", "10.0.0.3")
    assert sorted(a.topology(options(pair, "a", ONE_EACH))["ops"]) == [
        "change forwarding entry 02:42:0a:00:00:03 to 198.18.0.12 on vxlan0 in cnm+default+ov1: dst from 198.18.0.99 to 198.18.0.12",
        "change neighbour 10.0.0.3 at 02:42:0a:00:00:03 on vxlan0 in cnm+default+ov1: mac from 02:00:00:00:00:01 to 02:42:0a:00:00:03",
        "remove forwarding entry 02:42:0a:00:00:77 to 198.18.0.98 on vxlan0 in cnm+default+ov1",
    ]
    a.sh(f"{inside} bridge fdb del 02:42:0a:00:00:03 dev vxlan0 dst 198.18.0.12; {inside} ip neigh del 10.0.0.3 dev vxlan0")
    assert len(a.topology(options(pair, "a", ONE_EACH))["ops"]) == 2
    assert pings(a, "bbox1", "10.0.0.3")
    assert a.sh(f"ip -n {NETNS} -o link") == links


def test_a_sandbox_moves_to_the_other_host_and_back(pair: dict[str, FarHost]) -> None:
    both = {"a": {"bbox1": ("ov1", "10.0.0.2"), "bbox2": ("ov1", "10.0.0.3")}, "b": {"third": ("ov1", "10.0.0.4")}}
    converge(pair, both)
    assert pings(pair["a"], "bbox1", "10.0.0.3") and pings(pair["b"], "third", "10.0.0.3")
    back = {"a": ONE_EACH["a"], "b": {**ONE_EACH["b"], **both["b"]}}
    assert pair["b"].topology(options(pair, "b", back)) and pair["a"].topology(options(pair, "a", back))
    assert pings(pair["a"], "bbox1", "10.0.0.3") and pings(pair["b"], "third", "10.0.0.3")


@pytest.mark.parametrize(("broadcast", "answers"), [(True, True), (False, False)])
def test_broadcast_only_where_it_is_declared(pair: dict[str, FarHost], broadcast: bool, answers: bool) -> None:
    converge(pair, ONE_EACH, broadcast=broadcast)
    pair["b"].sh("ip netns exec bbox2 sysctl -qw net.ipv4.icmp_echo_ignore_broadcasts=0")
    said = pair["a"].sh("ip netns exec bbox1 ping -b -c 1 -W 1 10.0.0.255", check=False)
    assert ("from 10.0.0.3" in said) is answers
    assert pings(pair["a"], "bbox1", "10.0.0.3")
    # Every host has the gateway: a sandbox is answered by that of its own alone.
    own = pair["a"].sh(f"ip -n {NETNS} -o link show br0").split("link/ether ")[1].split()[0]
    assert pair["a"].sh(f"ip netns exec bbox1 {sys.executable} -c '{ASK_FOR_THE_GATEWAY}'").split() == [own]


@pytest.mark.parametrize("broadcast", [True, False])
def test_multicast_reaches_the_other_hosts_only_where_it_is_declared(pair: dict[str, FarHost], broadcast: bool) -> None:
    """A datagram in each family: it comes to the neighbour on the same host either way."""
    where = {"a": {"bbox1": ("ov1", "10.0.0.2"), "next": ("ov1", "10.0.0.4")}, "b": {"bbox2": ("ov1", "10.0.0.3"), "third": ("ov1", "10.0.0.5")}}
    converge(pair, where, broadcast=broadcast, **DUAL)
    netns = {box: f"/proc/{pair[host].pid}/root/run/netns/{box}" for host, boxes in where.items() for box in boxes}
    source = netns.pop("bbox1")
    expected = {"next", "bbox2", "third"} if broadcast else {"next"}
    for group in ("239.1.2.3", "ff05::1:3"):
        assert receivers(group, source, netns, expected) == expected


def test_subnets_of_one_network_reach_each_other_over_hosts(pair: dict[str, FarHost]) -> None:
    several = {"vni": [256, 300], "ipam": {"config": [*OV1["ipam"]["config"], {"subnet": "10.0.5.0/24", "gateway": "10.0.5.1"}]}}  # type: ignore[index]
    where = {"a": ONE_EACH["a"], "b": {"bbox2": ("ov1", "10.0.5.3")}}
    converge(pair, where, **several)
    assert pings(pair["a"], "bbox1", "10.0.5.3") and pings(pair["b"], "bbox2", "10.0.0.2")
    assert converge(pair, where, **several) == {"a": [], "b": []}


def test_over_ipv6_between_the_hosts(pair: dict[str, FarHost]) -> None:
    converge(pair, ONE_EACH, 6)
    assert pings(pair["a"], "bbox1", "10.0.0.3", "-M do -s 1402")
    assert not pings(pair["a"], "bbox1", "10.0.0.3", "-M do -s 1403")
    assert "local fd00:198:18::11" in pair["a"].sh(f"ip -n {NETNS} -d link show vxlan0")
    assert converge(pair, ONE_EACH, 6) == {"a": [], "b": []}


def test_nothing_is_left(pair: dict[str, FarHost]) -> None:
    for one in pair.values():
        one.topology({})
        assert one.sh("ls /run/netns") == ""
        assert "cnm" not in one.sh("ip link")
