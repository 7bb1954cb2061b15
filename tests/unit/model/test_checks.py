# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's declaration shows by itself."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.model.checks import check_declaration, check_resolved
from ansible_collections.mooring.cnm.plugins.module_utils.model.parse import parse_declaration

N = "cnm_networks"
S = "cnm_sandboxes"


def subnet(text: str, **keys: Any) -> dict[str, Any]:
    return {"ipam": {"config": [{"subnet": text}]}, **keys}


# IPv6 first: a place in the variables is where it was written, in whatever order.
BOTH = {"enable_ipv6": True, "ipam": {"config": [{"subnet": "fd00::/64"}, {"subnet": "10.0.0.0/16"}]}}


def check(networks: object, sandboxes: object = None) -> dict[str, str]:
    """{path: message} of all problems; there is none in the raw values themselves."""
    declaration, problems = parse_declaration(networks, sandboxes)
    assert problems == []
    return {problem.path: problem.message for problem in check_declaration(declaration, "node1")}


def on(network: str, **endpoint: Any) -> dict[str, Any]:
    return {"networks": {network: endpoint}}


FRONT = {"front": subnet("172.20.0.0/24")}


@pytest.mark.parametrize(
    ("networks", "sandboxes"),
    [
        ({"a": subnet("10.0.0.0/24"), "b": subnet("10.0.1.0/24"), "c": None}, None),
        (FRONT, {"a": on("front", ipv4_address="172.20.0.2"), "b": on("front", ipv4_address="172.20.0.254")}),
        (FRONT, {"a": on("front", aliases=["db"]), "b": on("front", aliases=["db", "a"])}),
        ({"a": None, "b": None}, {"s": on("a", mac_address="06:00:00:00:00:01"), "t": on("b", mac_address="06:00:00:00:00:01")}),
        (FRONT, {"a": on("front") | {"ports": ["1:1", "1:1/udp", "127.0.0.1:2:2", "192.0.2.1:2:2"]}}),
        (None, {"a": {"network_mode": "container:b"}, "b": {"network_mode": "container:c"}, "c": {"network_mode": "host"}}),
        ({"a": None, "b": None}, {"s": {"networks": {"a": {"interface_name": "eth1"}, "b": None}}}),
        (FRONT, {f"s{number}": on("front") for number in range(1023)}),
        ({"a": {"reachable_from": ["b", "docker:b", "link:br-b"]}, "b": {"reachable_from": "a"}}, None),
    ],
)
def test_nothing_to_complain_about(networks: object, sandboxes: object) -> None:
    assert check(networks, sandboxes) == {}


@pytest.mark.parametrize(
    ("networks", "sandboxes", "path", "words"),
    [
        ({"a": {"reachable_from": ["shp"]}, "shop": None}, None, f"{N}.a.reachable_from", "'shp' (one of Docker's is called docker:shp): did you mean 'shop'?"),
        ({"a": {"reachable_from": ["a"]}}, None, f"{N}.a.reachable_from", "reach each other by icc"),
        ({"a": {"reachable_from": ["b"], "internal": True}, "b": None}, None, f"{N}.a.reachable_from", "an internal network is reached by nobody"),
        ({"a": {"reachable_from": ["b"]}, "b": {"internal": True}}, None, f"{N}.a.reachable_from", "network b is internal"),
        ({"a": {"reachable_from": ["b"]}, "b": {"driver": "macvlan"}}, None, f"{N}.a.reachable_from", "network b is of driver macvlan"),
        (FRONT, {"a": on("frnt")}, f"{S}.a.networks.frnt", "there is no network 'frnt': did you mean 'front'?"),
        (None, {"a": on("front")}, f"{S}.a.networks.front", "there is no network 'front': there is none"),
        ({"b": subnet("10.0.1.0/24"), "a": subnet("10.0.0.0/16")}, None, f"{N}.b.ipam.config[0].subnet", "overlaps 10.0.0.0/16 of network a"),
        ({"b": subnet("10.0.0.0/16"), "a": subnet("10.0.1.0/24")}, None, f"{N}.b.ipam.config[0].subnet", "overlaps 10.0.1.0/24 of network a"),
        ({"b": BOTH, "a": subnet("10.0.1.0/24")}, None, f"{N}.b.ipam.config[1].subnet", "overlaps 10.0.1.0/24 of network a"),
        ({"b": {"bridge_name": "x"}, "a": {"bridge_name": "x"}}, None, f"{N}.b.bridge_name", "network a has this bridge"),
        (FRONT, {"a": on("front", ipv4_address="172.21.0.9")}, f"{S}.a.networks.front.ipv4_address", "lies outside the subnet of network front, 172.20.0.0/24"),
        (FRONT, {"a": on("front", ipv4_address="172.20.0.0")}, f"{S}.a.networks.front.ipv4_address", "is the network or broadcast address"),
        (FRONT, {"a": on("front", ipv4_address="172.20.0.255")}, f"{S}.a.networks.front.ipv4_address", "choose one from 172.20.0.1 to 172.20.0.254"),
        (FRONT, {"a": on("front", ipv4_address="172.20.0.1")}, f"{S}.a.networks.front.ipv4_address", "this is the gateway of network front"),
        (
            FRONT,
            {"b": on("front", ipv4_address="172.20.0.9"), "a": on("front", ipv4_address="172.20.0.9")},
            f"{S}.b.networks.front.ipv4_address",
            "sandbox a has this address in network front",
        ),
        (
            FRONT,
            {"b": on("front", mac_address="06:00:00:00:00:0A"), "a": on("front", mac_address="06:00:00:00:00:0a")},
            f"{S}.b.networks.front.mac_address",
            "sandbox a has this MAC address",
        ),
        (
            FRONT,
            {"a": on("front", ipv4_address="172.20.0.9"), "b": on("front", mac_address="02:42:ac:14:00:09")},
            f"{S}.b.networks.front.mac_address",
            "sandbox a has this MAC address in network front (given, or 02:42 and its address)",
        ),
        (FRONT, {"a": on("front", mac_address="02:42:ac:14:00:01")}, f"{S}.a.networks.front.mac_address", "the bridge has this MAC address in network front"),
        (
            {"a": None, "b": None},
            {"s": {"networks": {"a": {"interface_name": "x"}, "b": {"interface_name": "x"}}}},
            f"{S}.s.networks.b.interface_name",
            "the sandbox's interface in network a has this name",
        ),
        (FRONT, {f"s{number}": on("front") for number in range(1024)}, f"{N}.front", "1024 sandboxes are in the network, and a bridge of the kernel has 1023"),
        (None, {"a": {"network_mode": "container:wbe"}, "web": None}, f"{S}.a.network_mode", "there is no sandbox 'wbe': did you mean 'web'?"),
        (None, {"a": {"network_mode": "container:a"}}, f"{S}.a.network_mode", "join each other in a circle (a)"),
        (
            None,
            {"0": {"network_mode": "container:c"}, "c": {"network_mode": "container:b"}, "b": {"network_mode": "container:c"}},
            f"{S}.b.network_mode",
            "join each other in a circle (b, c): one of them must have a namespace of its own",
        ),
        ({"in": {"internal": True}}, {"a": on("in") | {"ports": ["1:1"]}}, f"{S}.a.ports", "join one that is not internal"),
        (None, {"a": {"ports": ["1:1"]}}, f"{S}.a.ports", "a network that leads outside, and the sandbox has none"),
        (FRONT, {"a": on("front") | {"ports": ["1:1", "1:2"]}}, f"{S}.a.ports", "sandbox a publishes tcp port 1 of 0.0.0.0"),
        (
            FRONT,
            {"b": on("front") | {"ports": ["127.0.0.1:53:53/udp"]}, "a": on("front") | {"ports": ["53:53/udp"]}},
            f"{S}.b.ports",
            "sandbox a publishes udp port 53 of 0.0.0.0",
        ),
        (
            FRONT,
            {"b": on("front") | {"ports": ["53:53"]}, "a": on("front") | {"ports": ["127.0.0.1:53:53"]}},
            f"{S}.b.ports",
            "sandbox a publishes tcp port 53 of 127.0.0.1",
        ),
    ],
)
def test_one_problem(networks: object, sandboxes: object, path: str, words: str) -> None:
    problems = check(networks, sandboxes)
    assert list(problems) == [path]
    assert words in problems[path]


def test_a_chain_into_a_circle_and_a_missing_target_are_each_told_once() -> None:
    joins = {"a": "x", "x": "y", "y": "x", "b": "lost", "c": "b"}
    problems = check(None, {name: {"network_mode": f"container:{target}"} for name, target in joins.items()})
    assert set(problems) == {f"{S}.x.network_mode", f"{S}.b.network_mode"}


def test_what_no_ledger_gives_must_be_declared() -> None:
    declaration, _problems = parse_declaration({"a": None, "b": subnet("10.0.0.0/24"), "h": {"driver": "host"}}, {"s": on("b"), "t": on("h")})
    assert [problem.path for problem in check_resolved(declaration)] == [f"{N}.a.ipam", f"{S}.s.networks.b.ipv4_address"]
