# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from a declaration by rule."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration, Endpoint, Network, Sandbox, Subnet
from ansible_collections.mooring.cnm.plugins.module_utils.model.resolve import (
    default_host_ip,
    effective_mac,
    effective_mtu,
    gateway_endpoint,
    interface_names,
    namespace_owners,
)
from ansible_collections.mooring.cnm.plugins.module_utils.model.subnet import gateway_of, usable_range


def test_interfaces_are_numbered_by_the_networks_names() -> None:
    sandbox = Sandbox("s", endpoints=(Endpoint("c"), Endpoint("b", interface_name="eth0"), Endpoint("a"), Endpoint("d", interface_name="data")))
    assert interface_names(sandbox, {}) == {"a": "eth1", "b": "eth0", "c": "eth2", "d": "data"}


def test_mac_follows_from_the_address() -> None:
    assert effective_mac(Endpoint("n", IPv4Address("172.20.0.10"))) == "02:42:ac:14:00:0a"
    assert effective_mac(Endpoint("n", IPv4Address("172.20.0.10"), "06:00:00:00:00:01")) == "06:00:00:00:00:01"
    assert effective_mac(Endpoint("n")) is None


def test_mtu() -> None:
    assert effective_mtu(Network("n", mtu=1400), 9000) == 1400
    assert effective_mtu(Network("n"), 9000) == 9000
    assert effective_mtu(Network("n")) == 1500


@pytest.mark.parametrize(
    ("endpoints", "gateway"),
    [
        ([Endpoint("b"), Endpoint("a")], "a"),
        ([Endpoint("a"), Endpoint("b", gw_priority=1)], "b"),
        ([Endpoint("a", gw_priority=-1), Endpoint("b")], "b"),
        ([Endpoint("0internal", gw_priority=9), Endpoint("b")], "b"),
        ([Endpoint("0internal")], None),
        ([Endpoint("0unknown"), Endpoint("b")], "b"),
        ([], None),
    ],
)
def test_gateway_endpoint(endpoints: list[Endpoint], gateway: str | None) -> None:
    networks = {"a": Network("a"), "b": Network("b", host_binding_ipv4=IPv4Address("192.0.2.1")), "0internal": Network("0internal", internal=True)}
    sandbox = Sandbox("s", endpoints=tuple(endpoints))
    chosen = gateway_endpoint(Declaration(networks), sandbox)
    assert (chosen.network if chosen else None) == gateway
    assert str(default_host_ip(Declaration(networks), sandbox)) == ("192.0.2.1" if gateway == "b" else "None")


def test_a_subnet_without_a_gateway_leads_nowhere_though_another_of_its_network_has_one() -> None:
    lan = Network(
        "a", "macvlan", parent="eth1", subnets=(Subnet(IPv4Network("10.1.0.0/24"), bare=True), Subnet(IPv4Network("10.2.0.0/24"), IPv4Address("10.2.0.1")))
    )
    for address, gateway in (("10.1.0.5", "b"), ("10.2.0.5", "a")):
        box = Sandbox("box", endpoints=(Endpoint("a", IPv4Address(address)), Endpoint("b")))
        found = gateway_endpoint(Declaration({"a": lan, "b": Network("b")}, {"box": box}), box)
        assert found is not None and found.network == gateway


def test_owners_of_namespaces() -> None:
    joins = {"a": "b", "b": "c", "c": None, "x": "y", "y": "x", "into": "x", "lost": "nobody", "self": "self"}
    sandboxes = {name: Sandbox(name, "container" if target else "host", target) for name, target in joins.items()}
    expected = {"a": "c", "b": "c", "c": "c", "x": None, "y": None, "into": None, "lost": None, "self": None}
    assert namespace_owners(Declaration({}, sandboxes)) == expected
    assert namespace_owners(Declaration({}, dict(reversed(sandboxes.items())))) == expected


def test_a_long_chain_is_walked_once() -> None:
    sandboxes = {str(number): Sandbox(str(number), "container", str(number + 1)) for number in range(50_000)}
    sandboxes["50000"] = Sandbox("50000")
    assert set(namespace_owners(Declaration({}, sandboxes)).values()) == {"50000"}


@pytest.mark.parametrize(
    ("subnet", "first", "last"),
    [("10.0.0.0/24", 1, 254), ("10.0.0.0/30", 1, 2), ("10.0.0.0/31", 0, 1), ("10.0.0.0/32", 0, 0)],
)
def test_usable_addresses(subnet: str, first: int, last: int) -> None:
    base = IPv4Address("10.0.0.0")
    assert usable_range(IPv4Network(subnet)) == (base + first, base + last)
    assert gateway_of(Subnet(IPv4Network(subnet))) == base + first
    assert gateway_of(Subnet(IPv4Network(subnet), base + last)) == base + last
