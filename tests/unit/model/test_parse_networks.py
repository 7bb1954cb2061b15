# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks: from raw variables to data, and every problem with its path."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Network, Subnet
from ansible_collections.mooring.cnm.plugins.module_utils.model.parse import parse_declaration


def read(raw: object) -> tuple[Network, dict[str, str]]:
    """The network n and {path below it: message} of all problems."""
    declaration, problems = parse_declaration({"n": raw}, None)
    return declaration.networks["n"], {problem.path.partition("cnm_networks.n")[2].lstrip("."): problem.message for problem in problems}


def ipam(**config: Any) -> dict[str, Any]:
    return {"ipam": {"config": [config]}}


@pytest.mark.parametrize("raw", [None, {}, {"driver": "bridge"}, {"driver": None, "mtu": "auto", "ipam": {"config": []}, "enable_ipv6": False}])
def test_defaults(raw: object) -> None:
    assert read(raw) == (Network("n"), {})


def test_every_key() -> None:
    raw = {
        "driver": "bridge",
        "scope": "host",
        "internal": True,
        "enable_ipv4": True,
        "enable_ipv6": "false",
        "ipam": {"driver": "default", "config": [{"subnet": "172.20.0.0/24", "gateway": "172.20.0.9"}]},
        "icc": False,
        "masquerade": False,
        "gateway_mode": "nat",
        "host_binding_ipv4": "127.0.0.1",
        "mtu": 1400,
        "bridge_name": "br-front",
    }
    subnet = Subnet(IPv4Network("172.20.0.0/24"), IPv4Address("172.20.0.9"))
    assert read(raw) == (Network("n", "bridge", "host", True, (subnet,), False, False, 1400, "br-front", IPv4Address("127.0.0.1")), {})


def test_docker_options_mean_the_same() -> None:
    opts = {
        "com.docker.network.bridge.name": "br-front",
        "com.docker.network.bridge.enable_icc": "false",
        "com.docker.network.bridge.enable_ip_masquerade": "False",
        "com.docker.network.bridge.host_binding_ipv4": "127.0.0.1",
        "com.docker.network.bridge.gateway_mode_ipv4": "nat",
        "com.docker.network.driver.mtu": "1400",
    }
    typed = {"bridge_name": "br-front", "icc": False, "masquerade": False, "host_binding_ipv4": "127.0.0.1", "mtu": 1400}
    assert read({"driver_opts": opts}) == read(typed)
    assert read({"driver_opts": opts} | typed) == read(typed)


def test_docker_option_against_the_typed_one() -> None:
    network, problems = read({"icc": True, "driver_opts": {"com.docker.network.bridge.enable_icc": "false"}})
    assert problems == {"driver_opts.com.docker.network.bridge.enable_icc": "'icc' means the same and is given with another value: keep one of the two"}
    assert network.icc


@pytest.mark.parametrize(
    ("raw", "gateway"), [("10.0.0.0/31", "10.0.0.0"), ("10.0.0.0/31", "10.0.0.1"), ("10.0.0.1/32", "10.0.0.1"), ("10.0.0.0/30", "10.0.0.2")]
)
def test_gateways_of_small_subnets(raw: str, gateway: str) -> None:
    assert read(ipam(subnet=raw, gateway=gateway))[1] == {}


@pytest.mark.parametrize(
    ("raw", "path", "words"),
    [
        ([], "", "a dictionary is expected"),
        ("bridge", "", "a dictionary is expected"),
        (True, "", "a dictionary is expected"),
        ({"drivr": "bridge"}, "drivr", "did you mean 'driver'?"),
        ({"zzzzz": 1}, "zzzzz", "known: attachable, bridge_name"),
        ({1: 1}, "1", "a key must be text"),
        ({"driver": "macvlan", "parent": "eth0"}, "driver", "'macvlan' is not yet supported; supported: bridge, host, none"),
        ({"driver": "brigde"}, "driver", "did you mean 'bridge'?"),
        ({"driver": 1}, "driver", "text is expected: put it in quotes"),
        ({"driver": "host", "internal": True}, "internal", "a network of driver host has no further keys"),
        ({"internal": "yes"}, "internal", "true or false"),
        ({"internal": 1}, "internal", "true or false"),
        ({"enable_ipv6": True}, "enable_ipv6", "IPv6 is not yet supported"),
        ({"enable_ipv4": False}, "enable_ipv4", "not yet supported"),
        ({"scope": "fleet"}, "scope", "there is no 'fleet'"),
        ({"gateway_mode": "routed"}, "gateway_mode", "'routed' is not yet supported"),
        ({"gateway_mode": "rooted"}, "gateway_mode", "did you mean 'routed'?"),
        ({"mtu": 67}, "mtu", "68 to 65535"),
        ({"mtu": "big"}, "mtu", "a whole number"),
        ({"mtu": 1500.5}, "mtu", "a whole number"),
        ({"mtu": True}, "mtu", "a whole number"),
        ({"mtu": 10**5000}, "mtu", "68 to 65535"),
        ({"parent": "eth0"}, "parent", "'parent' is not yet supported"),
        ({"vni": 300}, "vni", "'vni' is not yet supported"),
        ({"bridge_name": "a/b"}, "bridge_name", "an interface name"),
        ({"host_binding_ipv4": "::"}, "host_binding_ipv4", "IPv6"),
        ({"driver_opts": {"parent": "eth0"}}, "driver_opts.parent", "not yet supported"),
        (
            {"driver_opts": {"com.docker.network.bridge.nam": "x"}},
            "driver_opts.com.docker.network.bridge.nam",
            "did you mean 'com.docker.network.bridge.name'?",
        ),
        ({"driver_opts": {"com.docker.network.driver.mtu": "x"}}, "driver_opts.com.docker.network.driver.mtu", "a whole number"),
        ({"driver_opts": []}, "driver_opts", "a dictionary is expected"),
        ({"ipam": []}, "ipam", "a dictionary is expected"),
        ({"ipam": {"config": {}}}, "ipam.config", "a list is expected"),
        ({"ipam": {"config": ["10.0.0.0/24"]}}, "ipam.config[0]", "a dictionary is expected"),
        ({"ipam": {"driver": "dhcp"}}, "ipam.driver", "there is no 'dhcp'"),
        ({"ipam": {"config": [{"subnet": "10.0.0.0/24"}, {"subnet": "10.0.1.0/24"}]}}, "ipam.config", "keep one entry"),
        (ipam(subnet="10.0.0.0/24", ip_range="10.0.0.0/25"), "ipam.config[0].ip_range", "not yet supported"),
        (ipam(subnet="172.20.0.1/24"), "ipam.config[0].subnet", "172.20.0.1 is an address in the subnet, not the subnet: write 172.20.0.0/24"),
        (ipam(subnet="172.20.0.0"), "ipam.config[0].subnet", "a subnet such as"),
        (ipam(subnet="172.20.0.0/255.255.255.0"), "ipam.config[0].subnet", "a subnet such as"),
        (ipam(subnet="172.20.0.0/33"), "ipam.config[0].subnet", "a subnet such as"),
        (ipam(subnet="999.0.0.0/8"), "ipam.config[0].subnet", "a subnet such as"),
        (ipam(subnet=10), "ipam.config[0].subnet", "text is expected"),
        (ipam(subnet="fd00::/64"), "ipam.config[0].subnet", "IPv6 is not yet supported"),
        (ipam(subnet="0.0.0.0/24"), "ipam.config[0].subnet", "chosen by its size is not yet supported"),
        (ipam(subnet="127.1.0.0/16"), "ipam.config[0].subnet", "no host can use the addresses of 127.0.0.0/8"),
        (ipam(subnet="224.0.0.0/24"), "ipam.config[0].subnet", "no host can use the addresses of 224.0.0.0/4"),
        (ipam(subnet="10.0.0.0/24", gateway="10.0.1.1"), "ipam.config[0].gateway", "the subnet 10.0.0.0/24 can give: 10.0.0.1 to 10.0.0.254"),
        (ipam(subnet="10.0.0.0/24", gateway="10.0.0.0"), "ipam.config[0].gateway", "10.0.0.1 to 10.0.0.254"),
        (ipam(subnet="10.0.0.0/24", gateway="10.0.0.255"), "ipam.config[0].gateway", "10.0.0.1 to 10.0.0.254"),
        (ipam(gateway="10.0.0.1"), "ipam.config[0].gateway", "a gateway needs its subnet"),
    ],
)
def test_one_problem(raw: object, path: str, words: str) -> None:
    _network, problems = read(raw)
    assert list(problems) == [path]
    assert words in problems[path]


def test_all_problems_at_once_and_what_is_right_stays() -> None:
    network, problems = read({"mtu": 1, "internal": True, "icc": 7, **ipam(subnet="10.0.0.0/24", gateway="10.9.9.9")})
    assert set(problems) == {"mtu", "icc", "ipam.config[0].gateway"}
    assert network == Network("n", internal=True, subnets=(Subnet(IPv4Network("10.0.0.0/24")),))


@pytest.mark.parametrize("raw", [[], "x", 1, True])
def test_networks_are_a_dictionary(raw: object) -> None:
    declaration, problems = parse_declaration(raw, raw, "node1")
    assert [(one.host, one.path, one.message) for one in problems] == [
        ("node1", "cnm_networks", "a dictionary is expected"),
        ("node1", "cnm_sandboxes", "a dictionary is expected"),
    ]
    assert not declaration.networks


def test_a_bad_name_is_told_in_one_line() -> None:
    declaration, problems = parse_declaration({"bad\nname": None, "x" * 500: None}, {"host": None})
    assert not declaration.networks
    assert not declaration.sandboxes
    assert [one.path for one in problems] == ["cnm_networks.bad\\nname", "cnm_networks." + "x" * 120 + "...", "cnm_sandboxes.host"]
