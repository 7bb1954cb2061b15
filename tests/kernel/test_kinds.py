# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of link that this kernel has, born where it belongs, with what stands on it; drift, change and removal of each."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.converge import Outcome, converge, predict
from ansible_collections.mooring.cnm.plugins.module_utils.state.entry import ALL_MACS, FDB, NEIGHBOURS, Entries
from ansible_collections.mooring.cnm.plugins.module_utils.state.fault import Fault
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import Address, Link, Namespace, Object, Route, Sysctl, desired_state
from ansible_collections.mooring.cnm.plugins.module_utils.state.tag import Tag
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same, dump

FORWARDING = frozenset({(ALL_MACS, "198.18.9.2"), (ALL_MACS, "198.18.9.3"), ("02:42:0a:00:09:07", "198.18.9.2")})
VXLAN = (("id", 300), ("learning", False), ("local", "198.18.9.1"), ("port", 4789), ("proxy", True))


def tag(network: str, sandbox: str, role: str) -> str:
    return str(Tag("default", network, sandbox, role))


def space(name: str) -> Namespace:
    return Namespace(name, tag=tag("", name, "sandbox"))


def macvlan(name: str, netns: str = "", parent: str = "up0", mode: str = "bridge", **more: object) -> Link:
    options = (("mode", mode),)
    return Link(netns, name, "macvlan", tag=tag("lan", netns, "endpoint"), parent=("", parent), options=options, up=True, **more)  # type: ignore[arg-type]


LAN: tuple[Object, ...] = (
    space("web"),
    space("db"),
    Sysctl("web", "net/ipv6/conf/all/disable_ipv6", "0"),
    macvlan("eth0", "web", mac="02:42:0a:00:00:02", mtu=1400, txqlen=500),
    macvlan("eth0", "db", mac="02:42:0a:00:00:03", ipv6_link_local=True),
    macvlan("shim", promisc=True),
    Address("web", "eth0", "10.0.0.2/24"),
    Address("web", "eth0", "fd00::2/64"),
    Address("db", "eth0", "10.0.0.3/24"),
    Address("db", "eth0", "fd00::3/64"),
    Address("", "shim", "10.0.0.9/32"),
    Route("", "10.0.0.2/32", link="shim"),
    Route("web", "default", "10.0.0.1", "eth0", metric=7),
    Route("web", "::/0", "fd00::1", "eth0"),
    Route("web", "192.0.2.0/24", link="eth0", table=1000),
    Route("web", "198.51.100.0/24", type="blackhole"),
    Route("web", "2001:db8::/32", type="unreachable", metric=50),
)
FABRIC: tuple[Object, ...] = (
    space("net300"),
    space("web"),
    Link(
        "net300",
        "br0",
        "bridge",
        tag=tag("net300", "", "bridge"),
        mac="02:42:0a:00:09:01",
        options=(("mcast_snooping", False), ("priority", 4096)),
        ipv6_link_local=False,
        up=True,
    ),
    Link(
        "net300",
        "vx0",
        "vxlan",
        tag=tag("net300", "", "tunnel"),
        master="br0",
        parent=("", "up0"),
        options=VXLAN,
        port=(("learning", False),),
        ipv6_link_local=False,
        up=True,
    ),
    Link(
        "net300",
        "port",
        "veth",
        tag=tag("net300", "web", "port"),
        master="br0",
        peer=("web", "eth0"),
        port=(("isolated", True),),
        ipv6_link_local=False,
        up=True,
    ),
    Link("web", "eth0", "veth", tag=tag("net300", "web", "endpoint"), peer=("net300", "port"), mac="02:42:0a:00:09:02", ipv6_link_local=False, up=True),
    Address("web", "eth0", "10.0.9.2/24"),
    Entries("net300", "vx0", FDB, FORWARDING),
    Entries("net300", "vx0", NEIGHBOURS, frozenset({("10.0.9.7", "02:42:0a:00:09:07"), ("fd00::7", "02:42:0a:00:09:07")})),
)


@pytest.fixture
def uplink(host):
    """A host with an uplink, whose other end is nobody's."""
    host.sh("ip link add up0 type veth peer name up1 && ip link set up1 up && ip address add 198.18.9.1/24 dev up0 && ip link set up0 up")
    return host


def run(*objects: Object) -> Outcome:
    """Converge, after a prediction that must say the same, and twice."""
    wanted = desired_state(objects)
    predicted = predict(wanted, "default")
    done = converge(wanted, "default")
    assert done.clashes == ()
    assert done.ops == predicted.ops
    assert converge(wanted, "default").ops == ()
    return done


@pytest.mark.parametrize("objects", [LAN, FABRIC], ids=["macvlan", "vxlan"])
def test_from_nothing_and_back(uplink, objects: tuple[Object, ...]) -> None:
    empty = dump(uplink)
    run(*objects)
    assert run().ops
    check_same(empty, lambda: dump(uplink))


def test_a_macvlan_reaches_its_like_by_both_families(uplink) -> None:
    run(*LAN)
    assert uplink.succeeds("ip netns exec web ping -c1 -W1 10.0.0.3")
    assert uplink.succeeds("ip netns exec web ping -c1 -W1 fd00::3")
    assert "table 1000" in uplink.sh("ip -n web route show table all 192.0.2.0/24")
    assert uplink.sh("ip -n web -6 route show default").split() == "default via fd00::1 dev eth0 proto 206 metric 1024 pref medium".split()


def test_a_tunnel_is_told_where_everything_is(uplink) -> None:
    run(*FABRIC)
    shown = uplink.sh("bridge -n net300 fdb show dev vx0")
    assert "00:00:00:00:00:00 dst 198.18.9.2" in shown and "00:00:00:00:00:00 dst 198.18.9.3" in shown
    assert "10.0.9.7 lladdr 02:42:0a:00:09:07 PERMANENT proto 206" in " ".join(uplink.sh("ip -n net300 neigh show dev vx0").split())
    assert "priority 4096" in uplink.sh("ip -n net300 -d link show br0")


DRIFTS = {
    "flood": ("bridge -n net300 fdb del 00:00:00:00:00:00 dst 198.18.9.3 dev vx0", ["add forwarding entry 00:00:00:00:00:00 to 198.18.9.3 on vx0 in net300"]),
    "moved MAC": (
        "bridge -n net300 fdb replace 02:42:0a:00:09:07 dst 198.18.9.9 dev vx0",
        ["change forwarding entry 02:42:0a:00:09:07 to 198.18.9.2 on vx0 in net300: dst from 198.18.9.9 to 198.18.9.2"],
    ),
    "neighbour": (
        "ip -n net300 neigh replace 10.0.9.7 lladdr 02:00:00:00:00:01 dev vx0 nud permanent",
        ["change neighbour 10.0.9.7 at 02:42:0a:00:09:07 on vx0 in net300: mac from 02:00:00:00:00:01 to 02:42:0a:00:09:07"],
    ),
    "stray neighbour": (
        "ip -n net300 neigh add 10.0.9.8 lladdr 02:00:00:00:00:01 dev vx0 nud permanent proto 206",
        ["remove neighbour 10.0.9.8 at 02:00:00:00:00:01 on vx0 in net300"],
    ),
    "option": ("ip -n net300 link set br0 type bridge priority 8192", ["change bridge br0 in net300 (net300): priority from 8192 to 4096"]),
    "port": ("bridge -n net300 link set dev vx0 learning on", ["change vxlan vx0 in net300 (net300): learning from yes to no"]),
    "tunnel option": ("ip -n net300 link set vx0 type vxlan id 300 learning", ["change vxlan vx0 in net300 (net300): learning from yes to no"]),
    "queue": ("ip -n net300 link set vx0 promisc on", []),
}


@pytest.mark.parametrize("name", DRIFTS)
def test_drift_of_a_fabric_is_repaired_in_place(uplink, name: str) -> None:
    run(*FABRIC)
    kept = uplink.sh("ip -n net300 -o link | cut -d: -f1,2; ip -n web -o link | cut -d: -f1,2")
    command, steps = DRIFTS[name]
    uplink.sh(command)
    assert list(run(*FABRIC).ops) == steps
    assert uplink.sh("ip -n net300 -o link | cut -d: -f1,2; ip -n web -o link | cut -d: -f1,2") == kept


def test_what_a_link_is_born_with_makes_another_link_and_the_rest_changes_in_place(uplink) -> None:
    run(*FABRIC)
    fewer = [one for one in FABRIC if not isinstance(one, Entries)]
    slower = [replace(one, options=(("id", 300), ("ttl", 9)), mtu=1400) if isinstance(one, Link) and one.kind == "vxlan" else one for one in FABRIC]
    assert [op.split()[0] for op in run(*slower).ops] == ["change"]
    other = [replace(one, options=(("id", 301), ("port", 4789))) if isinstance(one, Link) and one.kind == "vxlan" else one for one in fewer]
    assert [op.split(" in ")[0] for op in run(*other).ops] == ["remove vxlan vx0", "create vxlan vx0", "change vxlan vx0"]
    run(*LAN)
    vepa = [macvlan("eth0", "db", mode="vepa") if one.key == ("link", "db", "eth0") else one for one in LAN]
    assert run(*vepa).ops == ("change macvlan eth0 in db (lan/db): mode from bridge to vepa",)


def test_a_vni_is_free_as_soon_as_its_network_is_gone(uplink) -> None:
    for number in range(3):
        run(*(replace(one, name=f"net{number}") if isinstance(one, Namespace) and one.name == "net300" else one for one in _renamed(f"net{number}")))
    assert [op for op in run().ops if op.startswith("remove vxlan")] == ["remove vxlan vx0 in net2 (net300)"]


def _renamed(netns: str) -> list[Object]:
    """The fabric without its sandbox, in a namespace of another name."""
    kept = [one for one in FABRIC if getattr(one, "netns", "") == "net300" and getattr(one, "name", "") != "port"]
    return [space(netns), *(replace(one, netns=netns) for one in kept)]  # type: ignore[type-var]


def test_a_child_goes_with_its_parent_and_comes_again(uplink) -> None:
    pair = [
        Link("", "low0", "veth", tag=tag("lan", "", "port"), peer=("", "low1"), up=True),
        Link("", "low1", "veth", tag=tag("lan", "", "endpoint"), peer=("", "low0"), up=True),
        space("web"),
        macvlan("eth0", "web", parent="low0"),
        Address("web", "eth0", "10.0.0.2/24"),
    ]
    run(*pair)
    uplink.sh("ip link delete low0")
    again = run(*pair).ops
    assert [op.split()[1] for op in again if op.startswith("create")] == ["veth", "macvlan"]
    bridge = [Link("", "low0", "bridge", tag=tag("lan", "", "bridge"), up=True), *pair[2:]]
    assert [op.split()[0:2] for op in run(*bridge).ops][:3] == [["remove", "veth"], ["create", "bridge"], ["create", "macvlan"]]


def test_a_route_of_somebody_else_in_our_place_is_a_clash(uplink) -> None:
    run(*LAN)
    uplink.sh("ip route replace 10.0.0.2/32 via 198.18.9.7")
    outcome = converge(desired_state(LAN), "default")
    assert [one.key[:3] for one in outcome.clashes] == [("route", "", "10.0.0.2/32")]
    assert "198.18.9.7" in uplink.sh("ip route show 10.0.0.2")


def test_what_fails_half_way_is_put_back(uplink) -> None:
    run(*FABRIC)
    before = dump(uplink)
    many = {(f"02:00:00:00:{at:02x}:00", "198.18.9.2") for at in range(200)}
    refused = "Could not add forwarding entry 03:00:00:00:00:01 to fd00::1 on vx0 in net300: .* What stood before was put back"
    with pytest.raises(Fault, match=refused):
        run(*FABRIC, Entries("net300", "vx0", FDB, FORWARDING | many | {("03:00:00:00:00:01", "fd00::1")}))
    check_same(before, lambda: dump(uplink))
