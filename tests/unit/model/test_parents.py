# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks on a parent: what they may declare, who can share a parent, and what the host must have."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.model.checks import check_declaration, check_resolved
from ansible_collections.mooring.cnm.plugins.module_utils.model.host_checks import check_against_host
from ansible_collections.mooring.cnm.plugins.module_utils.model.options import declaration_options
from ansible_collections.mooring.cnm.plugins.module_utils.model.parent import vlan_of
from ansible_collections.mooring.cnm.plugins.module_utils.model.parse import parse_declaration
from ansible_collections.mooring.cnm.plugins.module_utils.model.resolve import gateway_endpoint

HOST = {
    "links": [
        {"name": "lo", "mtu": 65536, "up": True},
        {"name": "eth0", "mtu": 1500, "up": True},
        {"name": "eth1", "mtu": 9000, "up": False},
        {"name": "eth2", "mtu": 1500, "up": True, "master": "br0"},
        {"name": "mac0", "kind": "macvlan", "mtu": 1500, "up": True, "parent": "eth0", "mode": "bridge"},
        {"name": "eth3", "mtu": 1500, "up": True},
        {"name": "mac1", "kind": "macvlan", "mtu": 1500, "up": True, "parent": "eth3", "mode": "passthru"},
        {"name": "eth4", "mtu": 1500, "up": True},
        {"name": "ip0", "kind": "ipvlan", "mtu": 1500, "up": True, "parent": "eth4", "mode": "l3", "flag": "vepa"},
    ],
    "prefixes": ["10.0.0.0/24"],
}


def lan(**more: Any) -> dict[str, Any]:
    return {"driver": "macvlan", "parent": "eth0", "ipam": {"config": [{"subnet": "10.0.0.0/24"}]}, **more}


def on(*networks: str, **options: Any) -> dict[str, Any]:
    return {"networks": {network: dict(options) for network in networks}}


def problems(networks: dict[str, Any], sandboxes: dict[str, Any], reserved: object = None) -> dict[str, str]:
    declaration, found = parse_declaration(networks, sandboxes)
    found = found or check_declaration(declaration)
    found = found or (check_resolved(declaration) if reserved is None else check_against_host(declaration, reserved))
    return {one.path: one.message for one in found}


@pytest.mark.parametrize(
    ("networks", "sandboxes", "path", "words"),
    [
        ({"a": lan(), "b": lan(driver="ipvlan", ipam={})}, {}, "cnm_networks.b.parent", "the kernel has either macvlan or ipvlan on an interface"),
        ({"a": lan(), "b": lan(mode="passthru", ipam={})}, {}, "cnm_networks.b.parent", "mode passthru takes the whole interface"),
        (
            {"a": lan(driver="ipvlan"), "b": lan(driver="ipvlan", mode="l3", ipam={})},
            {},
            "cnm_networks.b.parent",
            "mode l2 and flag bridge, and the kernel has one",
        ),
        ({"a": lan(mode="passthru")}, {"x": on("a"), "y": on("a")}, "cnm_sandboxes.y.networks.a", "to one sandbox (mode passthru), which is x"),
        (
            {"a": lan(driver="ipvlan")},
            {"x": on("a", mac_address="02:00:00:00:00:01", ipv4_address="10.0.0.2")},
            "cnm_sandboxes.x.networks.a.mac_address",
            "what is in an ipvlan network has the MAC address of its parent",
        ),
        (
            {"a": lan(), "b": lan(mode="vepa", ipam={"config": [{"subnet": "10.0.1.0/24"}]})},
            {"x": {"networks": {"a": {"mac_address": "02:00:00:00:00:01"}, "b": {"mac_address": "02:00:00:00:00:01"}}}},
            "cnm_sandboxes.x.networks.b.mac_address",
            "sandbox x has it in network a, which rests on eth0 too",
        ),
        ({"a": lan(mode="private", host_shim=True)}, {}, "cnm_networks.a.host_shim", "mode private lets nobody on the same host reach the others"),
        ({"a": lan(driver="ipvlan", flag="private", host_shim=True)}, {}, "cnm_networks.a.host_shim", "flag private lets nobody"),
        ({"a": lan(host_shim="10.0.0.2")}, {"x": on("a", ipv4_address="10.0.0.2")}, "cnm_networks.a.host_shim", "sandbox x has this address"),
        ({"a": lan(host_shim="10.0.1.2")}, {}, "cnm_networks.a.host_shim", "one that the network can give: choose one of 10.0.0.0/24"),
        ({"a": lan(host_shim="fd00::2")}, {}, "cnm_networks.a.host_shim", "network a has no IPv6"),
        ({"a": lan(host_shim=["10.0.0.2", "10.0.0.3"])}, {}, "cnm_networks.a.host_shim", "a list of an IPv4 and an IPv6 address"),
        ({"a": lan(host_shim=True)}, {}, "cnm_networks.a.host_shim", "there is no ledger"),
        (
            {"a": lan(ipam={"config": [{"subnet": "10.0.0.0/24", "gateway": "10.0.0.1"}]})},
            {"x": on("a", ipv4_address="10.0.0.2") | {"ports": ["80:80"]}},
            "cnm_sandboxes.x.ports",
            "no port of the host leads into network a, which has the sandbox's default route: on a macvlan network every port",
        ),
        (
            {"a": lan(ipam={"config": [{"subnet": "10.0.0.0/24"}, {"subnet": "10.0.1.0/24"}]})},
            {"x": on("a", ipv4_address="10.0.2.2")},
            "cnm_sandboxes.x.networks.a.ipv4_address",
            "lies outside the subnet",
        ),
    ],
)
def test_what_the_declaration_shows(networks: dict[str, Any], sandboxes: dict[str, Any], path: str, words: str) -> None:
    found = problems(networks, sandboxes)
    assert list(found) == [path]
    assert words in found[path]


@pytest.mark.parametrize(
    ("network", "key", "words"),
    [
        (lan(parent="eth9"), "parent", "the host has no interface 'eth9': choose one that it has (eth0, eth1, eth2, eth3, eth4, ip0, mac0, mac1)"),
        (lan(parent="eth9.40"), "parent", "the host has no interface 'eth9'"),
        (lan(parent="eth1"), "parent", "the interface eth1 of the host is down"),
        (lan(parent="eth2"), "parent", "the interface eth2 is a port of br0, which takes all that arrives: choose br0"),
        (lan(driver="ipvlan"), "parent", "the macvlan mac0, which somebody else made, rests on eth0, and the kernel has either macvlan or ipvlan"),
        (lan(mode="passthru"), "parent", "the macvlan mac0, which somebody else made, rests on eth0, and mode passthru takes the whole interface: remove mac0"),
        (lan(parent="eth3"), "parent", "the macvlan mac1, which somebody else made, rests on eth3, and mode passthru takes the whole interface"),
        (lan(parent="eth4"), "parent", "the ipvlan ip0, which somebody else made, rests on eth4, and the kernel has either macvlan or ipvlan"),
        (lan(parent="eth4", driver="ipvlan"), "parent", "the ipvlan ip0, which somebody else made, rests on eth4 with mode l3 and flag vepa, and the kernel"),
        (lan(mtu=1501), "mtu", "the parent eth0 carries at most 1500 bytes on this host"),
        (lan(parent="eth0.40", mtu=9000), "mtu", "the parent eth0 carries at most 1500 bytes on this host"),
    ],
)
def test_what_the_host_shows(network: dict[str, Any], key: str, words: str) -> None:
    found = problems({"lan": network}, {}, HOST)
    assert list(found) == [f"cnm_networks.lan.{key}"]
    assert words in found[f"cnm_networks.lan.{key}"]


def test_beside_others_of_its_own_kind() -> None:
    assert not problems({"a": lan(mode="private"), "b": lan(parent="eth4", driver="ipvlan", mode="l3", flag="vepa", ipam={})}, {}, HOST)
    assert not problems({"a": lan(parent="eth3.40", driver="ipvlan")}, {}, HOST)


def test_no_endpoint_has_more_than_its_parent_carries() -> None:
    assert not problems({"a": lan(mtu="auto")}, {"x": on("a", ipv4_address="10.0.0.2", mtu=1500)}, HOST)
    found = problems({"a": lan(mtu="auto")}, {"x": on("a", ipv4_address="10.0.0.2", mtu=1501)}, HOST)
    assert list(found) == ["cnm_sandboxes.x.networks.a.mtu"] and "carries at most 1500 bytes" in found["cnm_sandboxes.x.networks.a.mtu"]


def test_the_wire_has_the_host_s_own_subnet_perhaps() -> None:
    assert not problems({"lan": lan(), "vlan": lan(parent="eth0.40", ipam={})}, {}, HOST)


def test_a_declaration_survives_its_own_options() -> None:
    several = {"config": [{"subnet": "10.0.1.0/24", "gateway": "10.0.1.1"}, {"subnet": "10.0.2.0/24"}]}
    networks = {
        "lan": lan(host_shim="10.0.0.3"),
        "routed": {"driver": "ipvlan", "driver_opts": {"parent": "eth1.40", "ipvlan_mode": "l3s", "ipvlan_flag": "vepa"}, "ipam": several},
        "alone": {"driver": "macvlan", "scope": "host", "mtu": 1400},
        "own": lan(host_shim=True, parent="eth3", mode="vepa", ipam={}),
    }
    declaration, found = parse_declaration(networks, {"x": on("lan", "routed")})
    assert not found
    options = declaration_options(declaration)
    assert parse_declaration(options["networks"], options["sandboxes"])[0] == declaration
    assert declaration.networks["routed"].mode == "l3s" and declaration.networks["routed"].scope == "fleet"
    assert declaration.networks["lan"].host_shim == (IPv4Address("10.0.0.3"),)


@pytest.mark.parametrize(
    ("network", "leads_out"),
    [
        (lan(), False),
        (lan(ipam={"config": [{"subnet": "10.0.0.0/24", "gateway": "10.0.0.1"}]}), True),
        (lan(ipam={"config": [{"subnet": "10.0.0.0/24", "gateway": "10.0.0.1"}]}, internal=True), False),
        (lan(driver="ipvlan", mode="l3"), True),
        (lan(driver="ipvlan", mode="l3", parent=None), False),
    ],
)
def test_which_networks_lead_outside(network: dict[str, Any], leads_out: bool) -> None:
    declaration, _found = parse_declaration({"lan": network}, {"x": on("lan", ipv4_address="10.0.0.2")})
    assert (gateway_endpoint(declaration, declaration.sandboxes["x"]) is not None) == leads_out


@pytest.mark.parametrize(("parent", "vlan"), [("eth0.40", ("eth0", 40)), ("b.d.4094", ("b.d", 4094)), ("eth0", None), ("eth0.0", None), ("eth0.4095", None)])
def test_a_name_of_a_vlan(parent: str, vlan: tuple[str, int] | None) -> None:
    assert vlan_of(parent) == vlan
