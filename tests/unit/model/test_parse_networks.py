# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks: from raw variables to data, and every problem with its path."""

from __future__ import annotations

import sys
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
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


def ipam6(**config: Any) -> dict[str, Any]:
    return {"enable_ipv6": True, **ipam(**config)}


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


def test_every_key_of_ipv6_and_of_ipam() -> None:
    raw = {
        "enable_ipv4": False,
        "enable_ipv6": True,
        "inhibit_ipv4": True,
        "container_iface_prefix": "lan",
        "host_binding_ipv4": "fd01::1",
        **ipam(subnet="fd00::/64", gateway="fd00::9", ip_range="fd00::1:0/112", aux_addresses={"b": "fd00::5", "DefaultGatewayIPv6": "fd00::6"}),
    }
    aux = (("DefaultGatewayIPv6", IPv6Address("fd00::6")), ("b", IPv6Address("fd00::5")))
    network, problems = read(raw)
    assert problems == {}
    assert network == Network(
        "n",
        enable_ipv4=False,
        enable_ipv6=True,
        inhibit_ipv4=True,
        container_iface_prefix="lan",
        host_binding_ipv4=IPv6Address("fd01::1"),
        subnets=(Subnet(IPv6Network("fd00::/64"), IPv6Address("fd00::9"), IPv6Network("fd00::1:0/112"), aux),),
    )


def test_subnets_of_both_families_and_by_their_size() -> None:
    both = {"enable_ipv6": True, "ipam": {"config": [{"subnet": "fd00::/64"}, {"subnet": "10.0.0.0/24"}]}}
    assert read(both)[0].subnets == (Subnet(IPv4Network("10.0.0.0/24")), Subnet(IPv6Network("fd00::/64")))
    sizes = {"enable_ipv6": True, "ipam": {"config": [{"subnet": "::/64"}, {"subnet": "0.0.0.0/24"}]}}
    assert read(sizes) == (Network("n", enable_ipv6=True, sizes=((4, 24), (6, 64))), {})
    assert read({"enable_ipv6": True, "ipam": {"config": [{"subnet": "fe80::/64"}]}})[1] == {}


def test_docker_options_mean_the_same() -> None:
    opts = {
        "com.docker.network.bridge.name": "br-front",
        "com.docker.network.bridge.enable_icc": "false",
        "com.docker.network.bridge.enable_ip_masquerade": "False",
        "com.docker.network.bridge.host_binding_ipv4": "127.0.0.1",
        "com.docker.network.bridge.gateway_mode_ipv4": "nat",
        "com.docker.network.driver.mtu": "1400",
        "com.docker.network.bridge.inhibit_ipv4": "true",
        "com.docker.network.container_iface_prefix": "lan",
        "com.docker.network.enable_ipv6": "true",
        "com.docker.network.internal": "true",
    }
    typed = {"bridge_name": "br-front", "icc": False, "masquerade": False, "host_binding_ipv4": "127.0.0.1", "mtu": 1400}
    typed |= {"inhibit_ipv4": True, "container_iface_prefix": "lan", "enable_ipv6": True, "internal": True}
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
        ({"zzzzz": 1}, "zzzzz", "known: bandwidth"),
        ({1: 1}, "1", "a key must be text"),
        ({"driver": "macvlan", "parent": "lo"}, "parent", "lo leads to nobody"),
        ({"driver": "macvlan", "flag": "vepa"}, "flag", "only a network of driver ipvlan has this key, and this one is of driver macvlan"),
        ({"driver": "macvlan", "icc": False}, "icc", "only a network of driver bridge has this key"),
        ({"driver": "ipvlan", "mode": "bridge"}, "mode", "there is no 'bridge'"),
        ({"driver": "ipvlan", "host_shim": "maybe"}, "host_shim", "an address such as"),
        ({"driver": "ipvlan", "driver_opts": {"macvlan_mode": "vepa"}}, "driver_opts.macvlan_mode", "only a network of driver macvlan has this option"),
        ({"driver": "macvlan", "mode": "vepa", "driver_opts": {"macvlan_mode": "private"}}, "driver_opts.macvlan_mode", "'mode' means the same"),
        ({"driver": "brigde"}, "driver", "did you mean 'bridge'?"),
        ({"driver": 1}, "driver", "text is expected: put it in quotes"),
        ({"driver": "host", "internal": True}, "internal", "a network of driver host has no further keys"),
        ({"internal": "yes"}, "internal", "true or false"),
        ({"internal": 1}, "internal", "true or false"),
        ({"enable_ipv4": False}, "enable_ipv4", "a network has IPv4, IPv6 or both"),
        ({"scope": "fleet"}, "scope", "there is no 'fleet'"),
        ({"gateway_mode": "rooted"}, "gateway_mode", "did you mean 'routed'?"),
        ({"mtu": 67}, "mtu", "68 to 65535"),
        ({"mtu": "big"}, "mtu", "a whole number"),
        ({"mtu": 1500.5}, "mtu", "a whole number"),
        ({"mtu": True}, "mtu", "a whole number"),
        ({"mtu": 10**5000}, "mtu", "68 to 65535"),
        ({"parent": "eth0"}, "parent", "only a network of driver ipvlan or macvlan has this key"),
        ({"vni": 300}, "vni", "only a network of driver overlay has this key"),
        ({"bridge_name": "a/b"}, "bridge_name", "an interface name"),
        ({"host_binding_ipv4": "::1"}, "host_binding_ipv4", "no userland proxy"),
        ({"driver_opts": {"parent": "eth0"}}, "driver_opts.parent", "only a network of driver ipvlan or macvlan has this option"),
        (
            {"driver_opts": {"com.docker.network.bridge.nam": "x"}},
            "driver_opts.com.docker.network.bridge.nam",
            "did you mean 'com.docker.network.bridge.name'?",
        ),
        ({"driver_opts": {"com.docker.network.driver.mtu": "x"}}, "driver_opts.com.docker.network.driver.mtu", "a whole number"),
        ({"driver_opts": []}, "driver_opts", "a dictionary is expected"),
        (
            {"driver_opts": {"com.docker.network.advertise_addr_nmsgs": "3"}},
            "driver_opts.com.docker.network.advertise_addr_nmsgs",
            "'com.docker.network.advertise_addr_nmsgs' is not yet supported: leave it out",
        ),
        ({"reachable_from": ["a", "docker:", "b"]}, "reachable_from[1]", "a name begins with a letter"),
        ({"trusted_host_interfaces": "eth0:a b"}, "trusted_host_interfaces[1]", "an interface name begins"),
        ({"driver": "overlay", "vni": [5, 0]}, "vni[1]", "a number from 1"),
        ({"driver": "macvlan", "host_shim": 1}, "host_shim", "true, false, an address, or a list"),
        ({"driver": "macvlan", "host_shim": ["192.0.2.1", "x"]}, "host_shim[1]", "an address such as"),
        ({"ipam": []}, "ipam", "a dictionary is expected"),
        ({"ipam": {"config": {}}}, "ipam.config", "a list is expected"),
        ({"ipam": {"config": ["10.0.0.0/24"]}}, "ipam.config[0]", "a dictionary is expected"),
        ({"ipam": {"driver": "dhcp"}}, "ipam.driver", "there is no 'dhcp'"),
        ({"ipam": {"config": [{"subnet": "10.0.0.0/24"}, {"subnet": "10.0.1.0/24"}]}}, "ipam.config", "keep one entry"),
        (ipam(subnet="10.0.0.0/24", ip_range="10.0.1.0/25"), "ipam.config[0].ip_range", "choose a range in 10.0.0.0/24"),
        (ipam(subnet="10.0.0.0/24", ip_range="10.0.0.0/23"), "ipam.config[0].ip_range", "choose a range in 10.0.0.0/24"),
        (ipam(subnet="10.0.0.0/24", ip_range="fd00::/96"), "ipam.config[0].ip_range", "choose a range in 10.0.0.0/24"),
        (ipam(ip_range="10.0.0.0/23"), "ipam.config[0].ip_range", "an ip_range needs its subnet"),
        (ipam(subnet="10.0.0.0/24", aux_addresses={"a": "10.0.1.1"}), "ipam.config[0].aux_addresses.a", "lies outside the subnet 10.0.0.0/24"),
        (ipam(subnet="10.0.0.0/24", aux_addresses={"a": "b"}), "ipam.config[0].aux_addresses.a", "an address such as"),
        (ipam(subnet="10.0.0.0/24", aux_addresses={"DefaultGatewayIPv6": "10.0.0.3"}), "ipam.config[0].aux_addresses.DefaultGatewayIPv6", "write that"),
        (ipam(subnet="0.0.0.0/24", gateway="10.0.0.1"), "ipam.config[0].gateway", "only the size is declared"),
        (ipam(subnet="172.20.0.1/24"), "ipam.config[0].subnet", "172.20.0.1 is an address in the subnet, not the subnet: write 172.20.0.0/24"),
        (ipam(subnet="172.20.0.0"), "ipam.config[0].subnet", "a subnet such as"),
        (ipam(subnet="172.20.0.0/255.255.255.0"), "ipam.config[0].subnet", "a subnet such as"),
        (ipam(subnet="172.20.0.0/33"), "ipam.config[0].subnet", "a subnet such as"),
        (ipam(subnet="999.0.0.0/8"), "ipam.config[0].subnet", "a subnet such as"),
        (ipam(subnet=10), "ipam.config[0].subnet", "text is expected"),
        (ipam(subnet="fd00::/64"), "ipam.config[0].subnet", "the network has no IPv6: set enable_ipv6: true"),
        (ipam6(subnet="fd00::1/64"), "ipam.config[0].subnet", "write fd00::/64"),
        (ipam6(subnet="fe80::/80"), "ipam.config[0].subnet", "fe80::/64 is on every link"),
        (ipam6(subnet="ff02::/64"), "ipam.config[0].subnet", "no host can use the addresses of ff00::/8"),
        (ipam6(subnet="::ffff:10.0.0.0/112"), "ipam.config[0].subnet", "::ffff:0.0.0.0/96" if sys.version_info >= (3, 13) else "::ffff:0:0/96"),
        (ipam6(subnet="::/129"), "ipam.config[0].subnet", "a subnet such as"),
        (ipam6(subnet="fd00::/64", gateway="fd00::"), "ipam.config[0].gateway", "fd00::1 to fd00::ffff:ffff:ffff:ffff"),
        (ipam6(subnet="fd00::%eth0/64"), "ipam.config[0].subnet", "a subnet such as"),
        ({"enable_ipv6": True, "ipam": {"config": [{"subnet": "fd00::/64"}, {"subnet": "fd01::/64"}]}}, "ipam.config", "one IPv6 subnet: keep one entry"),
        ({"ipam": {"config": [{"subnet": "10.0.0.0/24"}, {"subnet": "0.0.0.0/24"}]}}, "ipam.config", "one IPv4 subnet: keep one entry"),
        ({"container_iface_prefix": "0eth"}, "container_iface_prefix", "the prefix of an interface name"),
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


def test_what_is_not_supported_yet_is_not_offered_and_all_bad_items_are_told() -> None:
    networks = {"a": {"zzzzz": 1, "driver_opts": {"zzzzz": 1}, "reachable_from": ["docker:", 5]}}
    problems = parse_declaration(networks, {})[1]
    assert [one.path.removeprefix("cnm_networks.a.") for one in problems] == ["zzzzz", "reachable_from[0]", "reachable_from[1]", "driver_opts.zzzzz"]
    assert not [one for one in problems if "known:" in one.message and ("config_from" in one.message or "default_bridge" in one.message)]
