# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is proven of networks that rest on a link of the host."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network

from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Network, Subnet
from ansible_collections.mooring.cnm.plugins.module_utils.proof.plan import WHOLE, proof_plan
from ansible_collections.mooring.cnm.tests.unit.proof.declared import find, host, network, on, prove

WIRE = {"driver": "macvlan", "scope": "fleet", "parent": "eth1"}


def lan(name: str, number: int, **options: object) -> Network:
    return replace(network(name, number), **{**WIRE, **options})


def test_a_network_on_a_parent_is_asked_where_the_declaration_alone_decides() -> None:
    declared = host(
        [network("front", 18), lan("lan", 30), lan("shut", 31, mode="private"), lan("seen", 32, host_shim=(IPv4Address("172.32.0.9"),), mode="vepa")],
        a=on("lan=172.30.0.2", "shut=172.31.0.2", "seen=172.32.0.2"),
        b=on("lan=172.30.0.3", "shut=172.31.0.3", "seen=172.32.0.3"),
        c=on("front=172.18.0.2"),
    )
    rows = prove(node1=declared, node2=host([]))
    asked = {(row.source[1], row.network): (row.expect, row.kind) for row in rows if row.target[1] == "b" and row.proto == "tcp"}
    assert asked == {
        ("a", "lan"): ("reached", "network"),
        ("a", "shut"): ("blocked", "private"),
        ("b", "shut"): ("reached", "itself"),
        ("", "seen"): ("reached", "host"),
    }
    # Isolation of the bridge holds for them too; whether they come out by the wire is not declared.
    assert {(row.target[1], row.kind) for row in rows if row.source == ("node1", "a") and row.network in ("front", "")} == {("c", "isolation")}
    whole = proof_plan({"node1": declared}, {"node1": None}, "full", "secret")[WHOLE]
    assert whole["pairs"] == {"chosen": whole["pairs"]["of"], "of": whole["pairs"]["of"]}
    assert {row.network for row in prove("sample", node1=declared)} == {"front", "lan", "shut", "seen"}


def test_a_routed_ipvlan_reaches_between_its_subnets_and_others_do_not() -> None:
    two = network("x", 30).subnets + network("x", 31).subnets
    boxes = {"a": on("lan=172.30.0.2"), "b": on("lan=172.31.0.2")}
    for mode, reached in (("l3", True), ("l2", False)):
        declared = host([lan("lan", 30, driver="ipvlan", mode=mode, subnets=two)], **boxes)
        assert bool(find(prove(node1=declared), "node1/a", "node1/b")) == reached


def test_ipv6_is_asked_as_ipv4_is_and_the_host_where_it_has_it() -> None:
    six = Subnet(IPv6Network("fd00::/64"), bare=True)
    for shim, families in (((IPv4Address("172.30.0.9"),), {4}), ((IPv6Address("fd00::9"),), {6}), (False, set())):
        one = lan("lan", 30, host_shim=shim)
        one = replace(one, enable_ipv6=True, subnets=(*one.subnets, six))
        declared = host([one], a=on("lan=172.30.0.2"), b=on("lan=172.30.0.3"))
        for number, name in enumerate("ab", start=2):
            box = declared.sandboxes[name]
            declared.sandboxes[name] = replace(box, endpoints=tuple(replace(end, ipv6_address=IPv6Address(f"fd00::{number}")) for end in box.endpoints))
        rows = prove(node1=declared)
        assert {row.address for row in find(rows, "node1/a", "node1/b")} == {"172.30.0.3", "fd00::3"}
        assert {6 if ":" in row.address else 4 for row in find(rows, "node1/", "node1/b")} == families
