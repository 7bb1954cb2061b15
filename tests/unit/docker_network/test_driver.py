# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an overlay that Docker knows puts on a host, how it is told back, and in which order it comes and goes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.describe import describe
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.inspect import inspect_networks
from ansible_collections.mooring.cnm.plugins.module_utils.model.complete import complete_topology
from ansible_collections.mooring.cnm.plugins.module_utils.model.peers import topology_options
from ansible_collections.mooring.cnm.plugins.module_utils.state.chain import Chain
from ansible_collections.mooring.cnm.plugins.module_utils.state.engine import EngineNetwork, EnginePool, is_in_the_way
from ansible_collections.mooring.cnm.plugins.module_utils.state.entry import ALL_MACS, FDB, NEIGHBOURS, Entries
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import Address, HostState, Link
from ansible_collections.mooring.cnm.plugins.module_utils.state.plan import plan
from ansible_collections.mooring.cnm.plugins.module_utils.state.replay import replay
from ansible_collections.mooring.cnm.plugins.module_utils.state.words import in_words
from ansible_collections.mooring.cnm.tests.unit.overlay.fleet_of_two import WAY_OUT

NETNS = "cnm+default+ov1"
PEERS = {
    "host2": {"underlay_address": "198.18.0.12", "sandboxes": {"bbox2": {"ipv4_address": "10.0.0.3"}}},
    "host3": {"underlay_address": "198.18.0.13", "sandboxes": {}},
}
NOTHING = HostState()


def options(sandboxes: Any = None, **overlay: Any) -> dict[str, Any]:
    """One host of three; the third has nobody declared in the network."""
    network = {"driver": "overlay", "vni": 256, "docker_network": "10.0.0.240/28", "ipam": {"config": [{"subnet": "10.0.0.0/24"}]}, **overlay}
    boxes = {"bbox1": {"networks": {"ov1": {"ipv4_address": "10.0.0.2"}, "cnm_gwbridge": {"ipv4_address": "172.18.0.2"}}}}
    return {
        "networks": {"ov1": network, "cnm_gwbridge": WAY_OUT},
        "sandboxes": boxes if sandboxes is None else sandboxes,
        "peers": {"ov1": PEERS},
        "host": "host1",
        "underlay_address": "198.18.0.11",
    }


def state(**given: Any) -> HostState:
    declaration, problems = complete_topology(options(**given))
    assert problems == []
    return host_state(declaration, "default")


def problems(**given: Any) -> list[tuple[str, str]]:
    return [(one.path, one.message) for one in complete_topology(options(**given))[1]]


def of(what: type, found: HostState, /, **attributes: Any) -> list[Any]:
    return [one for one in found.objects.values() if isinstance(one, what) and all(getattr(one, name) == value for name, value in attributes.items())]


def test_a_bridge_for_docker_is_joined_to_the_overlay() -> None:
    found = state()
    (known,) = of(EngineNetwork, found)
    (bridge,) = of(Link, found, name=known.bridge)
    (plug,) = of(Link, found, netns="", master=bridge.name)
    (uplink,) = of(Link, found, netns=NETNS, kind="veth", name="docker")
    assert (bridge.mac, bridge.mtu, bridge.altname) == ("02:42:0a:00:00:f0", 1450, "cnm+default+ov1")
    assert (plug.peer, uplink.peer, uplink.master) == ((NETNS, "docker"), ("", plug.name), "br0")
    assert (known.name, known.pools, known.internal) == ("ov1", (EnginePool("10.0.0.0/24", "10.0.0.240", "10.0.0.240/28"),), False)
    assert known.options == (("com.docker.network.bridge.name", bridge.name), ("com.docker.network.driver.mtu", "1450"))
    assert of(Address, found, link=bridge.name) == [Address("", bridge.name, "10.0.0.240/24")]
    assert of(Address, found, netns=NETNS) == []


def test_it_learns_and_floods_and_answers_for_nobody() -> None:
    found = state()
    (vxlan,) = of(Link, found, kind="vxlan")
    assert {name: dict(vxlan.options)[name] for name in ("learning", "proxy", "l2miss", "l3miss")} == {
        "learning": True,
        "proxy": False,
        "l2miss": False,
        "l3miss": False,
    }
    flood = {(ALL_MACS, "198.18.0.12"), (ALL_MACS, "198.18.0.13")}
    assert of(Entries, found, table=FDB) == [Entries(NETNS, "vxlan0", FDB, frozenset({*flood, ("02:42:0a:00:00:03", "198.18.0.12")}))]
    assert [len(one.pairs) for one in of(Entries, found, table=NEIGHBOURS)] == [1]


def test_it_stands_where_the_host_has_no_sandbox() -> None:
    found = state(sandboxes={})
    assert len(of(EngineNetwork, found)) == len(of(Link, found, kind="vxlan")) == 1


@pytest.mark.parametrize("internal", [False, True])
def test_the_host_forwards_nothing_into_it_but_answers_and_published_ports(internal: bool) -> None:
    found = state(internal=internal, sandboxes={})
    (known,) = of(EngineNetwork, found)
    assert known.internal is internal
    (guard,) = of(Chain, found, table="mangle", name="CNM-FORWARD")
    drops = [(one.in_interface, one.out_interface) for one in guard.rules if known.bridge in f"{one.in_interface}{one.out_interface}" and one.target == "DROP"]
    assert drops == [(f"!{known.bridge}", known.bridge), (known.bridge, f"!{known.bridge}")][: 1 + internal]
    states = [one.states for one in guard.rules if one.target == "RETURN"]
    assert states == [("ESTABLISHED", "RELATED"), ("DNAT",)]


BOTH = {
    "enable_ipv6": True,
    "ipam": {"config": [{"subnet": "10.0.0.0/24"}, {"subnet": "fd00:9::/64"}]},
    "sandboxes": {"bbox1": {"networks": {"ov1": {"ipv4_address": "10.0.0.2", "ipv6_address": "fd00:9::2"}, "cnm_gwbridge": {"ipv4_address": "172.18.0.2"}}}},
}


def test_docker_has_the_same_part_of_both_subnets_and_a_gateway_in_each() -> None:
    found = state(**BOTH)
    (known,) = of(EngineNetwork, found)
    (bridge,) = of(Link, found, name=known.bridge)
    assert known.pools == (EnginePool("10.0.0.0/24", "10.0.0.240", "10.0.0.240/28"), EnginePool("fd00:9::/64", "fd00:9::f0", "fd00:9::f0/124"))
    assert {one.address for one in of(Address, found, link=bridge.name)} == {"10.0.0.240/24", "fd00:9::f0/64"}
    assert of(Address, found, netns=NETNS) == []
    # It asks for neighbours when it forwards, which it does from a link-local address.
    assert bridge.ipv6_link_local is True
    guards = of(Chain, found, table="mangle", name="CNM-FORWARD")
    drops = {(one.family, rule.in_interface, rule.out_interface) for one in guards for rule in one.rules if rule.target == "DROP"}
    assert {(family, f"!{bridge.name}", bridge.name) for family in ("ipv4", "ipv6")} <= drops


@pytest.mark.parametrize("given", [{}, {"internal": True, "sandboxes": {}}, {"mtu": 1300}, {"sandboxes": {}}, BOTH])
def test_what_stands_is_told_in_the_words_of_the_options(given: dict[str, Any]) -> None:
    found = state(**given)
    told = topology_options(describe(found, "default"))
    assert told["networks"]["ov1"]["docker_network"] == "10.0.0.240/28"
    again, faults = complete_topology({**told, "host": "host1"})
    assert faults == []
    assert host_state(again, "default") == found


def test_inspect_shows_the_range_and_the_bridge() -> None:
    declaration, _problems = complete_topology(options())
    shown = {one["Name"]: one for one in inspect_networks(declaration, "default")}["ov1"]
    assert shown["IPAM"]["Config"] == [{"Subnet": "10.0.0.0/24", "IPRange": "10.0.0.240/28", "Gateway": "10.0.0.240"}]
    assert "com.docker.network.bridge.name" in str(shown["Options"])


def test_it_is_told_last_and_taken_back_first() -> None:
    found = state()
    ops = plan(NOTHING, found).ops
    assert in_words(ops[-1]) == "create Docker network ov1 (10.0.0.240/28 of 10.0.0.0/24)"
    assert replay(NOTHING, ops) == found
    assert in_words(plan(found, NOTHING).ops[0]) == "remove Docker network ov1 (10.0.0.240/28 of 10.0.0.0/24)"


def test_it_comes_to_an_overlay_that_stands_and_goes_again() -> None:
    found, plain = state(), state(docker_network=False)
    for before, after in ((plain, found), (found, plain)):
        reached = replay(before, plan(before, after).ops)
        assert plan(reached, after).ops == () and after.objects.items() <= reached.objects.items()


def test_docker_changes_nothing_of_a_network_so_another_one_takes_its_place() -> None:
    found, other = state(), state(docker_network="10.0.0.192/27")
    words = [in_words(op) for op in plan(found, other).ops]
    assert words[0] == "remove Docker network ov1 (10.0.0.240/28 of 10.0.0.0/24)"
    assert words[-1] == "create Docker network ov1 (10.0.0.192/27 of 10.0.0.0/24)"
    words = [in_words(op) for op in plan(found, state(**BOTH)).ops]
    assert (words[0], words[-1]) == (
        "remove Docker network ov1 (10.0.0.240/28 of 10.0.0.0/24)",
        "create Docker network ov1 (10.0.0.240/28 of 10.0.0.0/24, fd00:9::f0/124 of fd00:9::/64)",
    )
    # What Docker adds to the options by itself is no difference.
    (known,) = of(EngineNetwork, found)
    more = replace(known, options=(*known.options, ("com.docker.network.new", "1")), id="4711")
    assert plan(HostState({**found.objects, known.key: more}, found.owned), found).ops == ()


def test_what_docker_holds_fast_is_told_and_nothing_is_done() -> None:
    found = state()
    (known,) = of(EngineNetwork, found)
    attached = HostState({**found.objects, known.key: replace(known, containers=("db", "web"))}, found.owned)
    assert plan(attached, found).ops == ()
    for wanted in (NOTHING, state(docker_network="10.0.0.192/27")):
        steps = plan(attached, wanted)
        assert steps.ops == () and [is_in_the_way(one) for one in steps.clashes if isinstance(one, EngineNetwork)] == [
            "Docker has containers in this network, which would have to be removed there (db, web): disconnect them from it, or remove them"
        ]
    silent = HostState({**found.objects, known.key: EngineNetwork("ov1", known.tag, silent=True)}, found.owned)
    for wanted in (NOTHING, found):
        assert [is_in_the_way(one)[:39] for one in plan(silent, wanted).clashes if isinstance(one, EngineNetwork)] == [
            "no Docker engine runs on this host (/ru"
        ]
    foreign = HostState({known.key: EngineNetwork("ov1")})
    assert [one.key for one in plan(foreign, found).clashes] == [known.key]
    assert plan(foreign, NOTHING).clashes == ()


OTHERS = {"config": [{"subnet": "10.0.0.0/24"}, {"subnet": "10.0.1.0/24"}]}
GATEWAY = {"config": [{"subnet": "10.0.0.0/24"}, {"subnet": "fd00:9::/64", "gateway": "fd00:9::1"}]}
THREE = {"config": [{"subnet": "10.0.0.0/24"}, {"subnet": "fd00:9::/64"}, {"subnet": "fd00:a::/64"}]}
IN_RANGE = {"bbox1": {"networks": {"ov1": {"ipv4_address": "10.0.0.2", "ipv6_address": "fd00:9::f5"}, "cnm_gwbridge": {"ipv4_address": "172.18.0.2"}}}}
RANGE = "cnm_networks.ov1.docker_network"


@pytest.mark.parametrize(
    ("given", "path", "message"),
    [
        ({"docker_network": True}, RANGE, "it is open which addresses Docker gives to its containers"),
        ({"docker_network": "10.0.0.2/32", "sandboxes": {}}, RANGE, "choose a range of at least two addresses in 10.0.0.0/24"),
        ({"docker_network": "10.7.0.0/28"}, RANGE, "choose a range of at least two addresses in 10.0.0.0/24"),
        ({"docker_network": "fd00::/64"}, RANGE, "is an IPv6 subnet"),
        ({"docker_network": "10.0.0.0/28"}, "cnm_sandboxes.bbox1.networks.ov1.ipv4_address", "choose another address"),
        ({"ipam": OTHERS, "vni": [256, 257]}, RANGE, "to Docker a network has one IPv4 subnet, and this one has 2: keep one"),
        (
            {"ipam": {"config": [{"subnet": "10.0.0.0/24", "gateway": "10.0.0.9"}]}},
            "cnm_networks.ov1.ipam.config[0].gateway",
            "with docker_network each host has a gateway of its own, the first address of its range: leave it out",
        ),
        ({**BOTH, "ipam": GATEWAY}, "cnm_networks.ov1.ipam.config[1].gateway", "each host has a gateway of its own"),
        ({**BOTH, "ipam": THREE, "vni": [256, 257]}, RANGE, "to Docker a network has one IPv6 subnet, and this one has 2: keep one"),
        ({**BOTH, "sandboxes": IN_RANGE}, "cnm_sandboxes.bbox1.networks.ov1.ipv6_address", "fd00:9::f0/124 of network ov1 is what this host's Docker gives"),
    ],
)
def test_where_it_cannot_work(given: dict[str, Any], path: str, message: str) -> None:
    found = problems(**given)
    assert [one for one, _said in found] == [path]
    assert message in found[0][1]


@pytest.mark.parametrize("name", ["bridge", "host", "none", "default"])
def test_docker_has_names_of_its_own(name: str) -> None:
    declared = options(sandboxes={})
    declared["networks"][name], declared["peers"] = declared["networks"].pop("ov1"), {}
    assert [one.message for one in complete_topology(declared)[1]] == [f"every engine has its own network '{name}': choose another name"]
