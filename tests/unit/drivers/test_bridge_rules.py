# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of a bridge network in each gateway mode and family, and the options and ports that are told from them again."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.bridge_rules import options_of
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.found import sort_out
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.published import published_ports, ways_in
from ansible_collections.mooring.cnm.plugins.module_utils.firewall.text import rule_text
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration, Endpoint, Network, Port, Sandbox, Subnet
from ansible_collections.mooring.cnm.plugins.module_utils.state.chain import Chain
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import HostState

NET = Network(
    "n",
    subnets=(Subnet(ip_network("172.20.0.0/24"), IPv4Address("172.20.0.1")), Subnet(ip_network("fd00:20::/64"), IPv6Address("fd00:20::1"))),
    enable_ipv6=True,
    bridge_name="br0",
)
FOUR, SIX = IPv4Address("172.20.0.2"), IPv6Address("fd00:20::2")
LET_IN = ["-m conntrack --ctstate ESTABLISHED,RELATED -j RETURN", "-m conntrack --ctstate DNAT -j RETURN"]
CLOSED = "! -i br0 -o br0 -j DROP"


def stands(options: dict[str, Any], *ports: Port) -> HostState:
    network = replace(NET, **options)
    web = Sandbox("web", endpoints=(Endpoint("n", FOUR, ipv6_address=SIX if network.enable_ipv6 else None),), ports=ports)
    state = host_state(Declaration({"n": network}, {"web": web}), "default")
    chains = {key: one for key, one in state.objects.items() if isinstance(one, Chain)}
    return HostState(dict(chains), frozenset(chains))


def lines(state: HostState, family: str, table: str, name: str) -> list[str]:
    chain = state.objects.get(("chain", family, "nft", table, name))
    return [rule_text("", rule).removeprefix("-A  ") for rule in chain.rules] if isinstance(chain, Chain) else []


GUARDS = {
    "nat": ([*LET_IN, CLOSED], [*LET_IN, CLOSED]),
    "nat-unprotected": ([*LET_IN, "-o br0 -j RETURN"], [*LET_IN, "-o br0 -j RETURN"]),
    "routed": (
        [*LET_IN, "-o br0 -p icmp -j RETURN", "-d 172.20.0.2 -o br0 -p tcp -m tcp --dport 80 -j RETURN", CLOSED],
        [*LET_IN, "-o br0 -p ipv6-icmp -j RETURN", "-d fd00:20::2 -o br0 -p tcp -m tcp --dport 80 -j RETURN", CLOSED],
    ),
}


@pytest.mark.parametrize("mode", GUARDS)
def test_the_guard_of_a_gateway_mode(mode: str) -> None:
    four, six = GUARDS[mode]
    both = stands({"gateway_mode": mode, "gateway_mode_ipv6": mode}, Port(8080, 80))
    assert (lines(both, "ipv4", "mangle", "CNM-FORWARD"), lines(both, "ipv6", "mangle", "CNM-FORWARD")) == (four, six)
    mixed = stands({"gateway_mode": "nat", "gateway_mode_ipv6": mode}, Port(8080, 80))
    assert (lines(mixed, "ipv4", "mangle", "CNM-FORWARD"), lines(mixed, "ipv6", "mangle", "CNM-FORWARD")) == (GUARDS["nat"][0], six)


def test_a_routed_family_hides_and_maps_nothing() -> None:
    state = stands({"gateway_mode_ipv6": "routed"}, Port(8080, 80))
    assert lines(state, "ipv4", "nat", "CNM-PORTS") == ["-p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.20.0.2:80"]
    assert not lines(state, "ipv6", "nat", "CNM-PORTS") and not lines(state, "ipv6", "nat", "CNM-POSTROUTING")


def test_a_trusted_link_reaches_what_is_published_and_no_more() -> None:
    state = stands({"trusted_host_interfaces": ("eth1",)}, Port(8080, 80, allow_from=(ip_network("192.0.2.0/24"),)))
    opened = "-s 192.0.2.0/24 -d 172.20.0.2 -i eth1 -o br0 -p tcp -m tcp --dport 80 -j RETURN"
    assert lines(state, "ipv4", "mangle", "CNM-FORWARD") == [*LET_IN, opened, CLOSED]
    assert lines(state, "ipv6", "mangle", "CNM-FORWARD") == [*LET_IN, CLOSED]


def test_a_network_that_is_let_in_reaches_all_of_it() -> None:
    """In every family of the network, before it is closed; and it is told by the same name, as is a link of somebody else."""
    declaration = Declaration({"n": replace(NET, reachable_from=("link:br-x", "other")), "other": Network("other", bridge_name="br1", internal=True)})
    state = host_state(declaration, "default")
    for family in ("ipv4", "ipv6"):
        guard = [line for line in lines(state, family, "mangle", "CNM-FORWARD") if "br1 ! -o" not in line and "! -i br1" not in line]
        assert guard == [*LET_IN, "-i br-x -o br0 -j RETURN", "-i br1 -o br0 -j RETURN", CLOSED]
    found = sort_out(replace(state, owned=frozenset(state.objects)))
    assert options_of("br0", "default", found, {"br0": "n", "br1": "other"})["reachable_from"] == ("link:br-x", "other")
    assert options_of("br1", "default", found, {"br0": "n", "br1": "other"})["reachable_from"] == ()


def test_whose_address_is_seen_outside() -> None:
    state = stands({"host_ipv4": IPv4Address("192.0.2.1"), "host_ipv6": IPv6Address("2001:db8::1")})
    assert lines(state, "ipv4", "nat", "CNM-POSTROUTING") == ["-s 172.20.0.0/24 ! -o br0 -j SNAT --to-source 192.0.2.1"]
    assert lines(state, "ipv6", "nat", "CNM-POSTROUTING") == ["-s fd00:20::/64 ! -o br0 -j SNAT --to-source 2001:db8::1"]


def test_a_port_is_open_to_whom_it_says() -> None:
    port = Port(53, 5353, "udp", ip_address("192.0.2.1"), allow_from=(ip_network("198.51.100.7/32"), ip_network("fd01::/16")))
    place = "-m udp --dport 53 -m addrtype --dst-type LOCAL"
    state = stands({}, port)
    assert lines(state, "ipv4", "mangle", "CNM-PREROUTING")[2:] == [
        f"-s 198.51.100.7 -d 192.0.2.1 -p udp {place} -j RETURN",
        f"-d 192.0.2.1 -p udp {place} -m conntrack --ctstate NEW -j DROP",
    ]
    assert not lines(state, "ipv6", "mangle", "CNM-PREROUTING")
    nobody = lines(stands({}, replace(port, host_ip=None, allow_from=())), "ipv6", "mangle", "CNM-PREROUTING")
    assert nobody == [f"-p udp {place} -m conntrack --ctstate NEW -j DROP"]


def test_ipv6_needs_no_rule_for_the_loopback() -> None:
    state = stands({}, Port(8080, 80))
    assert not lines(state, "ipv6", "mangle", "CNM-PREROUTING")
    assert lines(state, "ipv6", "nat", "CNM-PORTS") == ["-p tcp -m tcp --dport 8080 -j DNAT --to-destination [fd00:20::2]:80"]
    assert lines(state, "ipv6", "nat", "CNM-POSTROUTING")[1:] == ["-s fd00:20::/64 -o br0 -m conntrack --ctstate DNAT -j MASQUERADE"]


OPTIONS: list[dict[str, Any]] = [
    {},
    {"icc": False},
    {"internal": True},
    {"internal": True, "icc": False},
    {"masquerade": False},
    {"enable_ipv6": False},
    {"enable_ipv6": False, "gateway_mode": "routed"},
    {"gateway_mode": "nat-unprotected"},
    {"gateway_mode_ipv6": "routed"},
    {"gateway_mode_ipv6": "routed", "masquerade": False},
    {"gateway_mode": "routed", "gateway_mode_ipv6": "nat-unprotected", "icc": False},
    {"host_ipv4": IPv4Address("192.0.2.1")},
    {"host_ipv6": IPv6Address("2001:db8::1"), "trusted_host_interfaces": ("eth1", "eth2")},
    {"trusted_host_interfaces": ("eth1",), "reachable_from": ("link:br-x",)},
    {"gateway_mode": "routed", "reachable_from": ("link:br-x",)},
]


@pytest.mark.parametrize("options", OPTIONS, ids=repr)
def test_options_are_told_from_the_rules(options: dict[str, Any]) -> None:
    found = sort_out(stands(options, Port(8080, 80)))
    told = replace(NET, enable_ipv6=options.get("enable_ipv6", True), **options_of("br0", "default", found, {}))
    assert told == replace(NET, **options)


PORTS = [
    Port(8080, 80),
    Port(8080, 80, "sctp", ip_address("0.0.0.0")),
    Port(8080, 80, "udp", ip_address("::")),
    Port(8080, 80, "tcp", ip_address("127.0.0.1")),
    Port(8080, 80, "tcp", ip_address("2001:db8::7")),
    Port(8080, 80, allow_from=()),
    Port(8080, 80, allow_from=(ip_network("0.0.0.0/0"), ip_network("fd00::/8"))),
    Port(8080, 80, "tcp", ip_address("192.0.2.1"), allow_from=(ip_network("192.0.2.9/32"),)),
]


@pytest.mark.parametrize("port", PORTS, ids=repr)
@pytest.mark.parametrize("modes", ["nat nat", "nat routed", "nat-unprotected nat"])
def test_ports_are_told_from_the_rules(modes: str, port: Port) -> None:
    four, six = modes.split()
    found = sort_out(stands({"gateway_mode": four, "gateway_mode_ipv6": six}, port))
    told = published_ports(ways_in("default", found), [FOUR, SIX])
    if six == "routed" and port.host_ip is not None and port.host_ip.version == 6:
        assert told == (Port(0, 80, port.protocol, ip_address("::")),)  # what the host does not map has no port and address there
    else:
        assert told == (port,)


def test_the_port_of_a_routed_network_is_the_sandbox_s_own() -> None:
    found = sort_out(stands({"gateway_mode": "routed", "gateway_mode_ipv6": "routed"}, Port(8080, 80, "udp")))
    assert published_ports(ways_in("default", found), [FOUR, SIX]) == (Port(0, 80, "udp"),)
