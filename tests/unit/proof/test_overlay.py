# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who should reach whom over hosts: on an overlay yes, off it no, and who shows that the listener stood."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Network, Subnet
from ansible_collections.mooring.cnm.plugins.module_utils.proof.row import BLOCKED, REACHED, Row
from ansible_collections.mooring.cnm.tests.unit.proof.declared import find, host, network, on, prove


def overlay(name: str, number: int, **options: Any) -> Network:
    subnet = Subnet(IPv4Network(f"10.0.{number}.0/24"), IPv4Address(f"10.0.{number}.1"))
    return Network(name, "overlay", "fleet", subnets=(subnet,), vnis=(256 + number,), **options)


NETWORKS = [overlay("ov1", 0), overlay("ov2", 1), network("front", 18), network("cnm_gwbridge", 17, icc=False)]
NODE1 = host(NETWORKS, bbox1=on("ov1=10.0.0.2", "cnm_gwbridge=172.17.0.2"), bbox3=on("ov2=10.0.1.2", "cnm_gwbridge=172.17.0.3"))
NODE2 = host(NETWORKS, bbox2=on("ov1=10.0.0.3", "cnm_gwbridge=172.17.0.2"), local=on("front=172.18.0.2"))
ROWS = prove(node1=NODE1, node2=NODE2)
SAMPLE = prove("sample", node1=NODE1, node2=NODE2)


def one(source: str, target: str, proto: str, address: str, rows: list[Row] = ROWS) -> Row:
    found = [row for row in find(rows, source, target, proto) if row.address == address]
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize("proto", ["icmp", "tcp", "udp"])
@pytest.mark.parametrize(
    ("source", "target", "address", "expect", "kind"),
    [
        ("node1/bbox1", "node2/bbox2", "10.0.0.3", REACHED, "network"),
        ("node2/bbox2", "node1/bbox1", "10.0.0.2", REACHED, "network"),
        ("node1/bbox3", "node2/bbox2", "10.0.0.3", BLOCKED, "isolation"),
        ("node1/bbox3", "node1/bbox1", "10.0.0.2", BLOCKED, "isolation"),
        ("node2/local", "node1/bbox1", "10.0.0.2", BLOCKED, "isolation"),
        ("node2/local", "node1/bbox3", "10.0.1.2", BLOCKED, "isolation"),
        ("node1/bbox1", "node1/bbox3", "172.17.0.3", BLOCKED, "icc"),
    ],
)
def test_over_hosts(source: str, target: str, address: str, expect: str, kind: str, proto: str) -> None:
    row = one(source, target, proto, address)
    assert (row.expect, row.kind) == (expect, kind)


def test_what_is_blocked_has_a_member_of_the_network_as_control() -> None:
    blocked = one("node1/bbox3", "node2/bbox2", "tcp", "10.0.0.3")
    (control,) = (ROWS[number] for number in blocked.controls)
    assert (control.source, control.target, control.listener, control.expect) == (("node1", "bbox1"), blocked.target, blocked.listener, REACHED)


def test_who_is_alone_in_its_network_is_its_own_control() -> None:
    blocked = one("node1/bbox1", "node1/bbox3", "udp", "10.0.1.2")
    (control,) = (ROWS[number] for number in blocked.controls)
    assert (control.source, control.expect) == (("node1", "bbox3"), REACHED)


def test_a_host_is_not_asked_about_overlays() -> None:
    assert [row for row in ROWS if not row.source[1] and row.address.startswith("10.0.")] == []


@pytest.mark.parametrize(("source", "target", "address"), [("node1/bbox1", "node2/bbox2", "10.0.0.3"), ("node1/bbox3", "node1/bbox1", "10.0.0.2")])
def test_a_sample_has_each_pair_of_hosts_and_of_networks(source: str, target: str, address: str) -> None:
    assert one(source, target, "tcp", address, SAMPLE) in ROWS
