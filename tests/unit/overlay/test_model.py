# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an overlay may declare, who needs a way out, and what a host is told of its peers."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.model.checks import check_declaration, check_resolved
from ansible_collections.mooring.cnm.plugins.module_utils.model.overlay_checks import check_vtep
from ansible_collections.mooring.cnm.plugins.module_utils.model.parse import parse_declaration
from ansible_collections.mooring.cnm.plugins.module_utils.model.peers import parse_topology
from ansible_collections.mooring.cnm.plugins.module_utils.model.resolve import gateway_endpoint
from ansible_collections.mooring.cnm.tests.unit.overlay.fleet_of_two import SUBNET, declaration, problems

OV = {"driver": "overlay"}


def parsed(networks: dict[str, Any], **sandboxes: Any) -> Any:
    found, wrong = parse_declaration(networks, {name: {"networks": on} for name, on in sandboxes.items()})
    assert wrong == []
    return found


@pytest.mark.parametrize(
    ("raw", "vnis"),
    [({"vni": 300}, (300,)), ({"vni": [300, 301]}, (300, 301)), ({"driver_opts": {"com.docker.network.driver.overlay.vxlanid_list": "300,301"}}, (300, 301))],
)
def test_vnis(raw: dict[str, Any], vnis: tuple[int, ...]) -> None:
    assert parsed({"ov": {**OV, "attachable": True, "encrypted": False, **raw}}).networks["ov"].vnis == vnis


@pytest.mark.parametrize(
    ("raw", "path", "words"),
    [
        ({"encrypted": True}, "encrypted", "encrypt the underlay"),
        ({"driver_opts": {"encrypted": ""}}, "driver_opts.encrypted", "encrypt the underlay"),
        ({"vni": [300, 300]}, "vni", "name each number once"),
        ({"vni": 0}, "vni", "a number from 1 to 16777215"),
        ({"scope": "host"}, "scope", "did you mean"),
        ({"icc": False}, "icc", "only a network of driver bridge has this key"),
    ],
)
def test_one_problem(raw: dict[str, Any], path: str, words: str) -> None:
    _found, wrong = parse_declaration({"ov": {**OV, **raw}}, {})
    assert [one.path for one in wrong] == [f"cnm_networks.ov.{path}"]
    assert words in wrong[0].message or path == "scope"


def test_who_needs_a_way_out() -> None:
    networks = {"ov": OV, "closed": {**OV, "internal": True}, "front": {}, "back": {"internal": True}}
    found = parsed(networks, a=["ov"], b=["closed"], c=["ov", "front"], d=["ov", "back"], e=["front"])
    assert {name for name, box in found.sandboxes.items() if any(leg.network == "cnm_gwbridge" for leg in box.endpoints)} == {"a", "d"}
    assert not found.networks["cnm_gwbridge"].icc
    gateways = {name: gateway_endpoint(found, box) for name, box in found.sandboxes.items()}
    assert {name: leg and leg.network for name, leg in gateways.items()} == {"a": "cnm_gwbridge", "b": None, "c": "front", "d": "cnm_gwbridge", "e": "front"}


def test_without_an_overlay_there_is_no_way_out() -> None:
    assert "cnm_gwbridge" not in parsed({"closed": {**OV, "internal": True}, "front": {}}, b=["closed"], e=["front"]).networks


def test_the_way_out_may_be_declared_but_never_opens() -> None:
    found = parsed({"ov": OV, "cnm_gwbridge": {"mtu": 1400, "icc": True}}, a=["ov"])
    assert (found.networks["cnm_gwbridge"].mtu, found.networks["cnm_gwbridge"].icc) == (1400, False)
    closed = parsed({"ov": OV, "cnm_gwbridge": {"internal": True}}, a=["ov"])
    assert [one.path for one in check_declaration(closed)] == ["cnm_networks.cnm_gwbridge"]


def test_what_only_a_ledger_gives() -> None:
    found = parsed({"ov": {**OV, "ipam": {"config": [SUBNET]}}})
    assert [one.path for one in check_resolved(found)] == ["cnm_networks.ov.vni"]
    many = parsed({"ov": {**OV, "vni": [1, 2], "ipam": {"config": [SUBNET]}}})
    assert [one.path for one in check_declaration(many)] == ["cnm_networks.ov.vni"]


@pytest.mark.parametrize(
    ("peers", "path"),
    [
        ({"host2": {"underlay_address": "198.18.0"}}, "peers.ov1.host2.underlay_address"),
        ({"host2": {"sandboxes": {"b": {}}}}, "peers.ov1.host2.sandboxes.b"),
        ({"host2": {"sandboxes": {"b": {"ipv4_address": "10.0.0.3", "aliases": ["a b"]}}}}, "peers.ov1.host2.sandboxes.b.aliases[0]"),
        ({"host2": []}, "peers.ov1.host2"),
    ],
)
def test_peers_that_cannot_be_read(peers: Any, path: str) -> None:
    assert [one.path for one in problems(peers=peers)] == [path]


def test_other_options_that_cannot_be_read() -> None:
    assert [one.path for one in problems(underlay_address="x")] == ["underlay_address"]
    assert [one.path for one in parse_topology({"peers": {"ov9": {}}})[1]] == ["peers.ov9"]


@pytest.mark.parametrize(("address", "wrong"), [("198.18.0.11", 0), ("198.18.0.99", 1), (None, 1)])
def test_overlays_send_from_an_address_of_the_host(address: str | None, wrong: int) -> None:
    found = check_vtep(declaration(underlay_address=address), ["127.0.0.1", "198.18.0.11"])
    assert [one.path for one in found] == ["cnm_underlay_address"] * wrong
    assert check_vtep(declaration(underlay_address=None, sandboxes={}), []) == []
