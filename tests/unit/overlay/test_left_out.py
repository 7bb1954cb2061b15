# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is told that a run left out hosts that must know of it, and by which addresses hosts reach each other."""

from __future__ import annotations

import json
from ipaddress import IPv4Address, ip_address
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.model.problem import Problem
from ansible_collections.mooring.cnm.plugins.module_utils.model.reserved import Reserved
from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.left_out import changed_overlays, sound, stale_peers
from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.report import stale_report
from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.underlay import Underlay, check_overlays, completed, underlay_of

NETWORKS = {"ov": {"driver": "overlay"}, "front": {"driver": "bridge"}}


def side(address: str = "10.0.0.2", vtep: str = "198.18.0.1", front: str = "172.17.0.2") -> dict[str, Any]:
    sandboxes = {"web": {"networks": {"ov": {"ipv4_address": address}, "front": {"ipv4_address": front}}}}
    return {"networks": NETWORKS, "sandboxes": sandboxes, "underlay_address": vtep}


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        (side(), side(), set()),
        (side(), side(front="172.17.0.3"), set()),
        (side(), side("10.0.0.3"), {"ov"}),
        (side(), side(vtep="198.18.0.9"), {"ov"}),
        ({}, side(), {"ov"}),
        (side(), {"networks": {}, "sandboxes": {}}, {"ov"}),
    ],
)
def test_what_others_must_know(before: dict[str, Any], after: dict[str, Any], changed: set[str]) -> None:
    assert changed_overlays({"before": before, "after": after}) == changed


def test_only_hosts_on_the_overlay_that_were_left_out(tmp_path: Path) -> None:
    (tmp_path / "network-ov.json").write_text(json.dumps(dict.fromkeys(["node1", "node2", "node3"], {})))
    said = {"node1": {"before": {}, "after": side()}, "node4": {"before": side(), "after": side()}}
    assert stale_peers(said, str(tmp_path), ["node2"]) == {"ov": ["node3"]}
    assert stale_peers({"node4": said["node4"]}, str(tmp_path), []) == {}
    assert "overlay ov: node3." in stale_report([], 2, {"ov": ["node3"]}).summary


def test_who_was_put_back_is_not_converged() -> None:
    said = {"node1": {"before": {}, "after": side()}, "node2": {"before": {}, "after": {}, "failed": True, "msg": "no"}, "node3": {"unreachable": True}}
    assert list(sound(said)) == ["node1"]


def underlay(report: Any, problems: list[Problem], **variables: Any) -> Underlay:
    return underlay_of("node1", variables.get, report, problems)


@pytest.mark.parametrize(
    ("variables", "address", "reached"),
    [
        ({}, "198.18.0.1", "198.18.0.1"),
        ({"ansible_host": "192.0.2.1"}, "192.0.2.1", "192.0.2.1"),
        ({"ansible_host": "shop.example"}, "198.18.0.1", "198.18.0.1"),
        ({"cnm_underlay_address": "192.0.2.2", "ansible_host": "192.0.2.1"}, "192.0.2.2", "192.0.2.2"),
        ({"cnm_underlay_address": "fd00::1", "ansible_host": "192.0.2.1"}, "fd00::1", "192.0.2.1"),
        # The controller itself, or a port of it that leads to a virtual machine.
        ({"ansible_host": "127.0.0.1"}, "198.18.0.1", "198.18.0.1"),
        ({"ansible_host": "::1"}, "198.18.0.1", "198.18.0.1"),
    ],
)
def test_the_place_of_a_host(variables: dict[str, Any], address: str, reached: str) -> None:
    assert underlay({"underlay_address": "198.18.0.1", "underlay_mtu": 1400}, [], **variables) == Underlay(ip_address(address), IPv4Address(reached), 1400)


@pytest.mark.parametrize(
    "variables",
    [*({"cnm_underlay_address": one} for one in ("x", "127.0.0.1", "0.0.0.0", "ff02::1", "fe80::1")), {"cnm_underlay_mtu": 100}, {"cnm_underlay_mtu": True}],
)
def test_what_is_no_place(variables: dict[str, Any]) -> None:
    problems: list[Problem] = []
    underlay(None, problems, **variables)
    assert [one.path for one in problems] == list(variables)


def test_a_host_that_was_seen_earlier_is_remembered() -> None:
    assert completed(Underlay(), Reserved(underlay_address=IPv4Address("198.18.0.1"), underlay_mtu=1400)) == Underlay(IPv4Address("198.18.0.1"), None, 1400)
    assert completed(Underlay(), None) == Underlay()


def test_the_hosts_of_an_overlay_have_one_family() -> None:
    places = {"a": Underlay(ip_address("192.0.2.1")), "b": Underlay(ip_address("fd00::2")), "c": Underlay()}
    assert check_overlays({"one": ["a", "c"], "other": ["b"]}, places) == []
    (problem,) = check_overlays({"both": ["a", "b", "c"]}, places)
    assert (problem.host, problem.path, problem.value) == ("b", "cnm_underlay_address", "fd00::2")


def test_each_host_of_an_overlay_has_an_address_of_its_own() -> None:
    """As where a line of the inventory was copied. Who shares no overlay may have one, as behind different routers."""
    places = {host: Underlay(ip_address("192.0.2.1")) for host in ("a", "b", "c")}
    assert check_overlays({"one": ["a"], "other": ["b"]}, places) == []
    (problem,) = check_overlays({"one": ["a", "b"], "other": ["b", "a"], "third": ["c"]}, places)
    assert (problem.host, problem.path, problem.value) == ("b", "cnm_underlay_address", "192.0.2.1")
    assert problem.message.startswith("a has this address too, and both are on overlay one")
