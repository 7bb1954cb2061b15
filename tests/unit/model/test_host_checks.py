# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a declaration fits beside what is on the host."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.model.host_checks import check_addresses, check_against_host
from ansible_collections.mooring.cnm.plugins.module_utils.model.parse import parse_declaration
from ansible_collections.mooring.cnm.plugins.module_utils.model.reserved import Reserved, read_reserved

DECLARATION = parse_declaration(
    {"front": {"ipam": {"config": [{"subnet": "172.20.0.0/24"}]}}, "open": None},
    {"web": {"networks": ["front"], "ports": ["8080:80", "127.0.0.1:53:53/udp"]}},
)[0]


def taken(port: int, host_ip: str = "0.0.0.0", protocol: str = "tcp", **keys: Any) -> dict[str, Any]:
    return {"ports": [{"protocol": protocol, "host_ip": host_ip, "port": port, **keys}]}


@pytest.mark.parametrize(
    "reserved",
    [
        None,
        {},
        {"prefixes": ["0.0.0.0/0", "198.18.0.0/16", "172.20.1.0/24"], "resolvers": ["192.0.2.53"], "underlay_address": "198.18.0.2", "underlay_mtu": 1500},
        {"prefixes": ["fd00::/8", "junk", None], "resolvers": ["::1"], "ports": [None, {}, {"port": "x"}], "underlay_address": 5},
        taken(8080, protocol="udp"),
        taken(8081),
        taken(53, protocol="udp", host_ip="127.0.0.53"),
        taken(8080, host_ip="::1"),
        taken(8080, host_ip="fd00::1"),
    ],
)
def test_it_fits(reserved: object) -> None:
    assert check_against_host(DECLARATION, reserved, "node1") == []


@pytest.mark.parametrize(
    ("reserved", "path", "words"),
    [
        ({"prefixes": ["172.16.0.0/12"]}, "cnm_networks.front.ipam.config[0].subnet", "overlaps the route 172.16.0.0/12 of the host"),
        ({"prefixes": ["172.20.0.128/25", "172.0.0.0/16"]}, "cnm_networks.front.ipam.config[0].subnet", "overlaps the route 172.20.0.128/25"),
        ({"prefixes": ["172.0.0.0/8", "172.19.0.0/16"]}, "cnm_networks.front.ipam.config[0].subnet", "overlaps the route 172.0.0.0/8"),
        ({"resolvers": ["172.20.0.53"]}, "cnm_networks.front.ipam.config[0].subnet", "overlaps the resolver 172.20.0.53"),
        ({"underlay_address": "172.20.0.7"}, "cnm_networks.front.ipam.config[0].subnet", "overlaps the underlay address 172.20.0.7"),
        (taken(8080, process="nginx"), "cnm_sandboxes.web.ports", "nginx listens on tcp port 8080 of 0.0.0.0"),
        (taken(8080, host_ip="192.0.2.1"), "cnm_sandboxes.web.ports", "a process of the host listens on tcp port 8080 of 192.0.2.1"),
        (taken(8080, host_ip="::", process="httpd"), "cnm_sandboxes.web.ports", "httpd listens"),
        (taken(53, protocol="udp", process="dnsmasq"), "cnm_sandboxes.web.ports", "dnsmasq listens on udp port 53"),
        (taken(53, protocol="udp", host_ip="127.0.0.1"), "cnm_sandboxes.web.ports", "udp port 53 of 127.0.0.1"),
    ],
)
def test_it_does_not_fit(reserved: object, path: str, words: str) -> None:
    problems = check_against_host(DECLARATION, reserved, "node1")
    assert [(problem.host, problem.path) for problem in problems] == [("node1", path)]
    assert words in problems[0].message


def test_what_was_seen_is_read_again() -> None:
    reserved = read_reserved(
        {"prefixes": ["198.18.0.0/16", "10.0.0.0/8"], "resolvers": ["192.0.2.53"], "underlay_address": "198.18.0.2", "underlay_mtu": "1500"} | taken(22)
    )
    assert reserved.seen() == {
        "prefixes": ["10.0.0.0/8", "198.18.0.0/16"],
        "resolvers": ["192.0.2.53"],
        "underlay_address": "198.18.0.2",
        "underlay_mtu": 1500,
    }
    assert read_reserved(reserved.seen()) == Reserved(reserved.prefixes, reserved.resolvers, (), reserved.underlay_address, 1500)
    assert read_reserved({"underlay_mtu": 1 << 31}) == Reserved()


def test_a_place_in_the_variables_is_that_of_the_declared_entry() -> None:
    six, four = {"subnet": "fd00:5::/64"}, {"subnet": "172.20.0.0/24"}
    taken_both = {"prefixes": ["172.20.0.0/16", "fd00:5::/48"]}
    networks = {"a": {"enable_ipv6": True, "ipam": {"config": [six, four]}}, "b": {"enable_ipv6": True, "ipam": {"config": [six]}}}
    declaration = parse_declaration(networks, {})[0]
    assert [(problem.path, problem.value) for problem in check_against_host(declaration, taken_both)] == [
        ("cnm_networks.a.ipam.config[1].subnet", four["subnet"]),
        ("cnm_networks.a.ipam.config[0].subnet", six["subnet"]),
        ("cnm_networks.b.ipam.config[0].subnet", six["subnet"]),
    ]


def test_an_address_of_the_host_that_is_named_is_its_own_or_one_that_it_is_given() -> None:
    networks = {
        "front": {"host_binding_ipv4": "192.0.2.7", "host_ipv4": "192.0.2.8", "ipam": {"config": [{"subnet": "172.20.0.0/24", "gateway": "172.20.0.1"}]}},
        "wire": {"driver": "macvlan", "parent": "eth0", "host_shim": "172.21.0.9", "ipam": {"config": [{"subnet": "172.21.0.0/24"}]}},
    }
    named = ["192.0.2.1:80:80", "192.0.2.9:81:81", "192.0.2.9:82:82", "172.20.0.1:83:83", "172.21.0.9:84:84", "85:85", "0.0.0.0:86:86", "127.0.0.1:87:87"]
    declaration, problems = parse_declaration(networks, {"web": {"networks": ["front"], "ports": named}, "other": {"networks": ["front"], "ports": ["88:88"]}})
    assert not problems
    found = check_addresses(declaration, {"192.0.2.1", "127.0.0.1"}.__contains__)
    assert [(one.path, one.value) for one in found] == [
        ("cnm_networks.front.host_binding_ipv4", "192.0.2.7"),
        ("cnm_networks.front.host_ipv4", "192.0.2.8"),
        ("cnm_sandboxes.web.ports", "192.0.2.9"),
    ]
    assert {one.message for one in found} == {"the host has no such address: give one of its own, or none"}
