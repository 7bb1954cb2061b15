# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Over hosts the proof asks, too, by a packet as large as the network carries: where small ones come through and that one does not, TCP would hang."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration, Endpoint, Network, Subnet
from ansible_collections.mooring.cnm.plugins.module_utils.model.tuning import UNTUNED, Bandwidth, Tuning
from ansible_collections.mooring.cnm.plugins.module_utils.proof.packet import ask, filled, read_ask
from ansible_collections.mooring.cnm.plugins.module_utils.proof.row import REACHED, Outcome, Row
from ansible_collections.mooring.cnm.plugins.module_utils.proof.verdict import PROVEN, RED, judge, sentences
from ansible_collections.mooring.cnm.tests.unit.proof.declared import host, prove

OV = Network("ov", "overlay", "fleet", subnets=(Subnet(IPv4Network("10.0.0.0/24"), IPv4Address("10.0.0.1")),), vnis=(256,), mtu=1450)
LAN = Network("lan", "macvlan", "fleet", subnets=(Subnet(IPv4Network("192.0.2.0/24")),), parent="eth1")


def fleet(network: Network, **tuning: Any) -> list[Row]:
    """Two sandboxes on node1 and one on node2, which has the tuning."""
    base = network.subnets[0].subnet.network_address

    def on_one(number: int, own: Network, tuned: Tuning = UNTUNED) -> dict[str, Any]:
        return {"endpoints": (Endpoint(own.name, base + number, tuning=tuned),)}

    there = replace(network, mtu=tuning.pop("there", network.mtu))
    node1: Declaration = host([network], a=on_one(2, network), b=on_one(3, network))
    return prove(node1=node1, node2=host([there], c=on_one(4, there, Tuning(**tuning))))


def sizes(rows: list[Row]) -> dict[tuple[str, str], int]:
    return {(row.source[1], row.target[1]): row.size for row in rows if row.size}


def each_way(size: int) -> dict[tuple[str, str], int]:
    return {("a", "c"): size, ("b", "c"): size, ("c", "a"): size, ("c", "b"): size}


@pytest.mark.parametrize(
    ("network", "tuning", "expected"),
    [
        (OV, {}, each_way(1450)),
        (OV, {"there": 8950}, each_way(1450)),
        (OV, {"mtu": 1300}, each_way(1300)),
        # In a queue that keeps a low rate many large packets would wait for too long, or be dropped.
        (OV, {"bandwidth": Bandwidth(egress_rate=100_000)}, {}),
        # That of a parent is what the host finds it to be.
        (LAN, {}, {}),
        (replace(LAN, mtu=9000), {}, each_way(9000)),
        (replace(LAN, parent=None, mtu=1500), {}, {}),
    ],
)
def test_over_hosts_a_packet_is_as_large_as_both_ends_take(network: Network, tuning: dict[str, Any], expected: dict[tuple[str, str], int]) -> None:
    assert sizes(fleet(network, **tuning)) == expected


def test_a_large_packet_that_is_lost_is_red_and_says_what_to_do() -> None:
    rows = fleet(OV)
    (large,) = (row for row in rows if row.size and (row.source[1], row.target[1]) == ("a", "c"))
    outcomes = {row.id: Outcome(row.expect == REACHED and row.id != large.id, 0.3) for row in rows}
    found = judge(rows, outcomes)
    assert {one.row.id for one in found if one.word != PROVEN} == {large.id}
    assert sentences(found, RED) == [
        "node1/a should reach node2/c at 10.0.0.4 icmp of 1450 bytes (both are on ov), but did not, though smaller packets come through: what lies between "
        "the hosts carries less than the MTU of the network. Let it carry more, or declare what it carries (cnm_underlay_mtu of the hosts, or mtu of the "
        "network)"
    ]


def test_where_nothing_comes_through_that_is_told_once() -> None:
    rows = fleet(OV)
    silent = {row.id for row in rows if (row.source[1], row.target[1]) == ("a", "c")}
    found = judge(rows, {row.id: Outcome(row.expect == REACHED and row.id not in silent, 0.3) for row in rows})
    (told,) = sentences(found, RED)
    assert told.startswith("node1/a should reach node2/c at 10.0.0.4 icmp, icmp of 1450 bytes, tcp/47863, udp/47863 (both are on ov), but did not: ")


@pytest.mark.parametrize(("is_ipv6", "headers"), [(False, 28), (True, 48)])
def test_a_question_is_read_whatever_fills_it(is_ipv6: bool, headers: int) -> None:
    question = filled(ask("run", 7), 1450, is_ipv6)
    assert len(question) == 1450 - headers and read_ask("run", question) == 7
    assert filled(ask("run", 7), 0, is_ipv6) == ask("run", 7)
