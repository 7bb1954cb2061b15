# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules for the kernel's nouns, each on objects that nobody declared."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.mooring.cnm.tests.kernel.nouns import Tasks
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same, dump
from ansible_collections.mooring.cnm.tests.kernel.topologies import FRONT, declare, endpoint, sandbox
from ansible_collections.mooring.cnm.tests.kernel.topologies import run as converge


@pytest.fixture
def tasks(host, capsys: pytest.CaptureFixture[str]) -> Tasks:
    return Tasks(host, capsys)


@pytest.fixture
def uplink(tasks: Tasks) -> Tasks:
    """A host with an uplink."""
    tasks.host.sh("ip link add up0 type veth peer name up1 && ip link set up1 up && ip address add 198.18.9.1/24 dev up0 && ip link set up0 up")
    # The carrier is found a moment later, and only then the kernel makes its addresses.
    tasks.host.sh("until ip -br link show up0 | grep -q ' UP ' && ip -br link show up1 | grep -q ' UP '; do sleep 0.01; done")
    return tasks


def test_a_namespace_comes_and_goes_with_its_tunnels(tasks: Tasks) -> None:
    empty = dump(tasks.host)
    assert tasks.done("netns", name="web") == ["create namespace web"]
    assert "LOOPBACK,UP" in tasks.host.sh("ip -n web link show lo")
    tasks.host.sh("ip -n web link set lo down")
    assert tasks.done("netns", name="web") == ["change namespace web: up from no to yes"]
    for _time in range(3):  # a VNI that was not freed would be in the way
        tasks.done("vxlan", name="vx0", netns="web", id=7, port=4789)
        assert tasks.done("netns", name="web", state="absent") == ["remove vxlan vx0 in web", "remove namespace web"]
        tasks.done("netns", name="web")
    tasks.done("netns", name="web", state="absent")
    check_same(empty, lambda: dump(tasks.host))


def test_a_namespace_goes_with_all_that_leads_out_of_it(uplink: Tasks) -> None:
    """At once, so that the next task finds no rest of it: the other ends of its pairs, wherever they are, and what rests on them."""
    empty = dump(uplink.host)
    for _time in range(3):
        for name in ("a", "b"):
            uplink.done("netns", name=name)
        uplink.done("veth", name="port0", peer={"name": "eth0", "netns": "a"})
        uplink.done("veth", name="port1", netns="b", peer={"name": "eth1", "netns": "a"})
        uplink.done("macvlan", name="m0", netns="b", parent="eth0", parent_netns="a", mode="bridge")
        ops = uplink.done("netns", name="a", state="absent")
        assert (
            sorted(ops) == ["remove macvlan m0 in b", "remove namespace a", "remove veth port0", "remove veth port1 in b"] and ops[-1] == "remove namespace a"
        )
        assert uplink.done("netns", name="b", state="absent") == ["remove namespace b"]
    check_same(empty, lambda: dump(uplink.host))


def test_one_of_several_names_goes_alone(uplink: Tasks) -> None:
    uplink.done("netns", name="web")
    uplink.done("vxlan", name="vx0", netns="web", id=7, port=4789)
    uplink.host.sh("touch /run/netns/again /run/netns/host && mount --bind /run/netns/web /run/netns/again && mount --bind /proc/self/ns/net /run/netns/host")
    assert uplink.done("netns", name="host", state="absent") == ["remove namespace host"]
    assert uplink.done("netns", name="web", state="absent") == ["remove namespace web"]
    assert uplink.host.succeeds("ip link show up0 && ip -n again link show vx0")
    assert uplink.done("netns", name="again", state="absent") == ["remove vxlan vx0 in again", "remove namespace again"]


def test_a_bridge_with_everything(tasks: Tasks) -> None:
    host = tasks.host
    host.sh("for n in 1 2 3; do ip link add p$n type veth peer name q$n; done")
    options = {"stp": True, "forward_delay": 400, "ageing": 6000, "priority": 4096, "mcast_snooping": False}
    ports = [{"name": "p1", "hairpin": True, "isolated": True}, {"name": "p2", "learning": False, "neigh_suppress": True, "flood": False}]
    ops = tasks.done(
        "bridge",
        name="br0",
        **options,
        mac_address="02-42-C0-00-02-01",
        mtu=1400,
        addresses=["192.0.2.1/24", "192.0.2.9/24", "2001:db8::1/64"],
        routes=[{"destination": "198.51.100.0/24", "gateway": "192.0.2.2", "metric": 9, "table": 500}, {"destination": "default", "gateway": "2001:db8::2"}],
        ports=ports,
    )
    assert ops[0] == "create bridge br0"
    assert "add route 198.51.100.0/24 via 192.0.2.2 dev br0 metric 9 table 500" in ops
    shown = host.sh("ip -d link show br0; bridge -d link show")
    assert "forward_delay 400" in shown and "priority 4096" in shown and "mtu 1400" in shown
    assert "hairpin on" in shown and "neigh_suppress on" in shown
    assert tasks.done("bridge", name="br0") == []
    assert tasks.done("bridge", name="br0", priority=8192, ageing_time=7000) == ["change bridge br0: ageing from 6000 to 7000, priority from 4096 to 8192"]
    assert tasks.done("bridge", name="br0", ports=[{"name": "p2"}, {"name": "p3"}]) == [
        "change interface p1: master from br0 to none",
        "change interface p3: master from none to br0",
    ]
    assert tasks.done("bridge", name="br0", addresses=["192.0.2.9/24"])[0] == "remove address 192.0.2.1/24 on br0"
    assert tasks.done("bridge", name="br0", addresses=[], routes=[], ports=[])
    assert tasks.done("bridge", name="br0", up=False) == ["change bridge br0: up from yes to no"]
    assert tasks.done("bridge", name="br0", state="absent") == ["remove bridge br0"]
    assert host.succeeds("ip link show p2 && ip link show p3")


def test_left_out_is_left_alone_and_empty_is_none(tasks: Tasks) -> None:
    tasks.done("bridge", name="lone0", addresses=["192.0.2.1/24", "192.0.2.2/24", "2001:db8::1/64"])
    tasks.host.sh("ip route add 203.0.113.0/24 via 192.0.2.7 && ip route add 203.0.114.0/24 via 192.0.2.7 proto bgp")
    assert tasks.done("bridge", name="lone0", stp=False) == []
    assert tasks.done("bridge", name="lone0", routes=[]) == ["remove route 203.0.113.0/24 via 192.0.2.7 dev lone0"]
    assert "203.0.114.0" in tasks.host.sh("ip route"), "a routing daemon's"
    assert len(tasks.done("bridge", name="lone0", addresses=[])) == 3
    assert "inet 192" not in tasks.host.sh("ip address show lone0")


def test_a_pair_between_any_two_namespaces(tasks: Tasks) -> None:
    tasks.done("netns", name="a")
    tasks.done("netns", name="b")
    tasks.done("bridge", name="lone0", netns="b", addresses=["192.0.2.1/24"])
    peer = {
        "name": "eth0",
        "netns": "a",
        "mac_address": "02:42:c0:00:02:0b",
        "addresses": ["192.0.2.11/24"],
        "routes": [{"destination": "default", "gateway": "192.0.2.1"}],
    }
    ops = tasks.done("veth", name="zport", netns="b", master="lone0", peer=peer)
    assert ops[0] == "create veth eth0 in a with veth zport in b"
    assert tasks.host.succeeds("ip netns exec a ping -c1 -W1 192.0.2.1")
    assert tasks.done("veth", name="zport", netns="b", mtu=1400) == ["change veth zport in b: mtu from 1500 to 1400"]
    assert tasks.done("veth", name="zport", netns="b", promisc=True, txqlen=99) == ["change veth zport in b: txqlen from 1000 to 99, promisc from no to yes"]
    moved = tasks.done("veth", name="zport", netns="b", peer={"name": "eth1", "netns": "a"})
    assert moved[:2] == ["remove veth zport in b", "create veth eth1 in a with veth zport in b"]
    assert "lone0" in tasks.host.sh("ip -n b link show zport"), "what is made anew keeps its bridge"
    assert tasks.done("veth", name="one", peer={"name": "two"})[0] == "create veth one with veth two"
    assert tasks.done("veth", name="two", state="absent") == ["remove veth two"]
    assert tasks.done("veth", name="zport", netns="b", state="absent") == ["remove veth zport in b"]
    assert not tasks.host.succeeds("ip -n a link show eth1")


def test_a_macvlan_in_each_mode_beside_its_like(uplink: Tasks) -> None:
    for name in ("a", "b"):
        uplink.done("netns", name=name)
        uplink.host.sh(f"ip netns exec {name} sysctl -qw net.ipv6.conf.default.accept_dad=0")
        number = "ab".index(name) + 2
        ops = uplink.done("macvlan", name="eth0", netns=name, parent="up0", mode="bridge", addresses=[f"192.0.2.{number}/24", f"2001:db8::{number}/64"])
        assert ops[0] == f"create macvlan eth0 in {name}"
    assert uplink.host.succeeds("ip netns exec a ping -c1 -W1 192.0.2.3 && ip netns exec a ping -c1 -W1 2001:db8::3")
    kept = uplink.host.sh("ip -n a -o link show eth0").split()[0]
    assert uplink.done("macvlan", name="eth0", netns="a", mode="private") == ["change macvlan eth0 in a: mode from bridge to private"]
    assert uplink.host.sh("ip -n a -o link show eth0").split()[0] == kept
    assert not uplink.host.succeeds("ip netns exec a ping -c1 -W1 192.0.2.3")
    mac = uplink.once("macvlan", name="eth0", netns="a")["after"]["mac_address"]
    assert uplink.done("macvlan", name="eth0", netns="a", parent="up1", mode="bridge")[:2] == ["remove macvlan eth0 in a", "create macvlan eth0 in a"]
    after = uplink.once("macvlan", name="eth0", netns="a")["after"]
    assert (after["mac_address"], after["addresses"], after["up"]) == (mac, ["192.0.2.2/24", "2001:db8::2/64"], True)
    # The only one on its parent has the parent's MAC address, so none of its own that it could keep.
    assert uplink.refused("macvlan", name="eth0", netns="a", mode="passthru", mac_address=mac)[0].startswith("mac_address: in mode passthru")
    for mode in ("passthru", "private"):
        assert uplink.done("macvlan", name="eth0", netns="a", mode=mode)[:2] == ["remove macvlan eth0 in a", "create macvlan eth0 in a"]
    assert uplink.done("macvlan", name="eth0", netns="a", state="absent") == ["remove macvlan eth0 in a"]


def test_a_tunnel_and_where_its_others_are(uplink: Tasks) -> None:
    uplink.done("netns", name="net7")
    uplink.done("bridge", name="br0", netns="net7")
    born = {"id": 7, "port": 4789, "local": "198.18.9.1", "proxy": True}
    ops = uplink.done("vxlan", name="vx0", netns="net7", master="br0", parent="up0", learning=False, ttl=5, **born)
    assert ops[0] == "create vxlan vx0 in net7"
    at = {"name": "vx0", "netns": "net7"}
    entries = {
        "macs": [{"mac_address": "02:42:0a:00:00:07", "vtep": "198.18.9.2"}],
        "neighbours": [{"address": "10.0.0.7", "mac_address": "02:42:0a:00:00:07"}],
    }
    assert len(uplink.done("vxlan_peers", **at, flood=["198.18.9.2", "198.18.9.3"], **entries)) == 4
    assert uplink.done("vxlan_peers", **at, flood=["198.18.9.4"]) == ["add forwarding entry 00:00:00:00:00:00 to 198.18.9.4 on vx0 in net7"]
    assert uplink.done("vxlan_peers", **at, flood=["198.18.9.3"], state="absent") == ["remove forwarding entry 00:00:00:00:00:00 to 198.18.9.3 on vx0 in net7"]
    moved = [{"mac_address": "02:42:0a:00:00:07", "vtep": "198.18.9.4"}]
    assert uplink.done("vxlan_peers", **at, macs=moved) == [
        "change forwarding entry 02:42:0a:00:00:07 to 198.18.9.4 on vx0 in net7: dst from 198.18.9.2 to 198.18.9.4"
    ]
    assert len(uplink.done("vxlan_peers", **at, flood=[], exclusive=True)) == 2
    assert uplink.done("vxlan", **at, ttl=6, learning=True) == ["change vxlan vx0 in net7: learning from no to yes, ttl from 5 to 6"]
    assert uplink.done("vxlan", **at, id=8)[:2] == ["remove vxlan vx0 in net7", "create vxlan vx0 in net7"]
    shown = uplink.once("vxlan_peers", **at)["after"]
    assert (shown["macs"], shown["neighbours"]) == (moved, entries["neighbours"]), "what is made anew keeps its entries"
    assert "br0" in uplink.host.sh("ip -n net7 link show vx0")
    assert uplink.done("vxlan", **at, state="absent") == ["remove vxlan vx0 in net7"]
    assert uplink.done("vxlan_peers", **at, flood=["198.18.9.2"], state="absent") == []


def test_thousands_of_entries_are_one_task(uplink: Tasks) -> None:
    uplink.done("vxlan", name="vx0", id=7, port=4789, local="198.18.9.1")
    macs = [f"02:42:0a:{at >> 16:02x}:{at >> 8 & 255:02x}:{at & 255:02x}" for at in range(3000)]
    entries = {
        "macs": [{"mac_address": mac, "vtep": "198.18.9.2"} for mac in macs],
        "neighbours": [{"address": f"10.{at >> 16}.{at >> 8 & 255}.{at & 255}", "mac_address": mac} for at, mac in enumerate(macs)],
    }
    assert uplink.done("vxlan_peers", name="vx0", **entries) == ["add 3000 forwarding entries on vx0", "add 3000 neighbours on vx0"]
    fewer = {"macs": entries["macs"][1:], "neighbours": entries["neighbours"][:-1]}
    assert uplink.done("vxlan_peers", name="vx0", exclusive=True, **fewer) == [
        "remove forwarding entry 02:42:0a:00:00:00 to 198.18.9.2 on vx0",
        "remove neighbour 10.0.11.183 at 02:42:0a:00:0b:b7 on vx0",
    ]
    assert uplink.refused("vxlan_peers", name="vx0", macs=[entries["macs"][0]] * 2)[0] == "macs[1]: this is listed twice"


def test_what_a_topology_made_is_refused(tasks: Tasks) -> None:
    declared = declare(FRONT, sandbox("db", endpoint("front", "172.20.0.3")))
    converge(declared)
    bridge = tasks.host.sh("ip -br link show cnm+default+front").split()[0]
    words = "was made by a topology, for front of fleet default: change it in the declaration, or choose another name"
    for options in ({"addresses": []}, {"state": "absent"}):
        assert tasks.refused("bridge", name=bridge, **options) == [f"name: the bridge {bridge} {words}"]
    assert "for db of fleet default" in tasks.refused("netns", name="db", state="absent")[0]
    assert "for front/db of fleet default" in tasks.refused("veth", name="eth0", netns="db", state="absent")[0]
    port = tasks.host.sh("ip -br link show cnm+default+front+db").split("@")[0]
    assert port in tasks.refused("bridge", name="mine", ports=[{"name": port}])[0]
    tasks.done("netns", name="mine")
    attached = declare(FRONT, replace(sandbox("db", endpoint("front", "172.20.0.3")), namespace=("netns", "/run/netns/mine")))
    converge(attached)
    assert tasks.done("netns", name="mine") == []
    words = "the namespace has an interface that was made by a topology, for front/db of fleet default"
    assert tasks.refused("netns", name="mine", state="absent")[0].startswith(f"name: {words}")
    converge(declared)
    # Beside what a topology made there is room for others, which it leaves alone.
    tasks.done("veth", name="side0", peer={"name": "side1", "netns": "db"})
    assert converge(declared).ops == ()


def test_bad_input_is_refused_with_all_that_is_wrong_with_it(tasks: Tasks) -> None:
    found = tasks.refused(
        "bridge",
        name="a name that is too long",
        mac_address="03:00:00:00:00:01",
        addresses=["10.0.0.1/33", "fe80::1/64"],
        routes=[{"destination": "10.0.0.1/8"}, {"destination": "default", "gateway": "here"}, {"destination": "10.0.0.0/8", "gateway": "fd00::1"}],
        ports=[{"name": "p/1"}],
    )
    assert [one.split(":")[0] for one in found] == [
        "name",
        "mac_address",
        "addresses[0]",
        "addresses[1]",
        "routes[0].destination",
        "routes[1].gateway",
        "routes[2].gateway",
        "ports[0].name",
    ]
    assert [one.split(":")[0] for one in tasks.refused("vxlan", name="vx0", id=1 << 24, local="nowhere")] == ["id", "local"]
    assert tasks.refused("veth", name="a", peer={"name": "a"})[0].startswith("peer.name: the two ends are one interface")
    assert tasks.refused("bridge", name="b", addresses=["10.0.0.1/8", "10.0.0.1/8"])[0].endswith("listed twice")


def test_what_is_missing_or_in_the_way_is_told_before_anything_is_done(tasks: Tasks) -> None:
    tasks.host.sh("ip link add up0 type veth peer name up1")
    assert tasks.refused("macvlan", name="m0", netns="nowhere", parent="eth9") == [
        "netns: there is no namespace nowhere on this host: make it first",
        "parent: there is no interface eth9: make it first",
    ]
    assert "this is needed" in tasks.refused("macvlan", name="m0")[0]
    assert [one.split(":")[0] for one in tasks.refused("vxlan", name="v0")] == ["id"]
    assert [one.split(":")[0] for one in tasks.refused("veth", name="v0")] == ["peer"]
    assert tasks.refused("vxlan_peers", name="v0", flood=[]) == ["name: there is no interface v0: make it first"]
    message = "there is an interface of this name, but it is no bridge: the veth up0 is left alone; remove it, or choose another name"
    assert tasks.refused("bridge", name="up0") == [f"name: {message}"]
    assert "no vxlan" in tasks.refused("vxlan_peers", name="up0", flood=[])[0]
    assert tasks.refused("veth", name="v0", peer={"name": "v1"}, master="up0") == ["master: the veth up0 takes no ports: name a bridge"]
    assert tasks.refused("bridge", name="b0", ports=[{"name": "p9"}]) == ["ports: there is no interface p9: make it first"]
    # In check mode an earlier task may be about to make it.
    assert tasks.once("macvlan", check=True, name="m0", netns="nowhere", parent="eth9")["ops"][0] == "create macvlan m0 in nowhere"
    predicted = tasks.once("bridge", check=True, name="b0", ports=[{"name": "p9", "isolated": True}])["ops"]
    tasks.done("veth", name="p9", peer={"name": "q9"})
    assert tasks.once("bridge", name="b0", ports=[{"name": "p9", "isolated": True}])["ops"] == predicted
    assert "change interface p9: master from none to b0, isolated from none to yes" in predicted
    assert tasks.done("macvlan", name="m0", netns="nowhere", state="absent") == []


def test_what_fails_half_way_is_put_back(uplink: Tasks) -> None:
    uplink.done("bridge", name="lone0", addresses=["192.0.2.1/24"])
    before = dump(uplink.host)
    result = uplink.once("bridge", name="lone0", addresses=["192.0.2.2/24"], ageing=7000, routes=[{"destination": "198.51.100.0/24", "gateway": "203.0.113.1"}])
    assert "What stood before was put back." in result["msg"] and "route 198.51.100.0/24" in result["msg"]
    check_same(before, lambda: dump(uplink.host))
    result = uplink.once("macvlan", name="m0", parent="up0", addresses=["192.0.2.2/24"], mtu=9000)
    assert result["failed"] and "What stood before was put back." in result["msg"]
    check_same(before, lambda: dump(uplink.host))
