# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is proven of networks that rest on a link of the host."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Network, Subnet
from ansible_collections.mooring.cnm.plugins.module_utils.model.tuning import FixedRoute, Tuning
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


def test_a_network_of_the_fleet_is_one_wire() -> None:
    for driver, ways, over_hosts in (
        ("macvlan", ({"mode": None}, {"mode": "private"}, {"mode": "vepa"}, {"mode": "passthru"}), True),
        ("ipvlan", ({"flag": None}, {"flag": "private"}, {"flag": "vepa"}), True),
        ("ipvlan", ({"mode": "l3"}, {"mode": "l3s"}), False),
    ):
        for way in ways:
            one, other = lan("lan", 30, driver=driver, **way), lan("lan", 30, driver=driver, parent="eth2", **way)
            rows = prove(node1=host([one], a=on("lan=172.30.0.2")), node2=host([other], b=on("lan=172.30.0.3")))
            assert {(row.expect, row.kind) for row in find(rows, "node1/a", "node2/b") + find(rows, "node2/b", "node1/a")} == {
                *[("reached", "network")] * over_hosts
            }
            rows = prove(node1=host([replace(one, scope="host")], a=on("lan=172.30.0.2")), node2=host([replace(other, scope="host")], b=on("lan=172.30.0.3")))
            assert not find(rows, "node1/a", "node2/b")


def test_nothing_is_asked_over_hosts_between_two_subnets_nor_of_a_host() -> None:
    two = network("x", 30).subnets + network("x", 31).subnets
    one = lan("lan", 30, subnets=two, host_shim=(IPv4Address("172.30.0.9"),))
    rows = prove(node1=host([one], a=on("lan=172.30.0.2")), node2=host([one], b=on("lan=172.31.0.3")))
    assert not find(rows, "node1/a", "node2/b") and not find(rows, "node1/", "node2/b")
    assert {row.kind for row in find(rows, "node1/", "node1/a") + find(rows, "node2/", "node2/b")} == {"host"}


def test_without_a_parent_no_other_host_is_reached() -> None:
    declared = {
        "node1": host([lan("lan", 30, parent=None)], a=on("lan=172.30.0.2"), c=on("lan=172.30.0.4")),
        "node2": host([lan("lan", 30)], b=on("lan=172.30.0.3")),
    }
    rows = prove(**declared)
    for source, target, witness in (("node1/a", "node2/b", ("node2", "b")), ("node2/b", "node1/a", ("node1", "c"))):
        (row,) = find(rows, source, target)
        assert (row.expect, row.kind) == ("blocked", "parentless")
        (control,) = (rows[number] for number in row.controls)
        assert (control.source, control.target, control.address, control.expect) == (witness, row.target, row.address, "reached")


def test_who_has_no_route_to_a_wire_reaches_nobody_on_it() -> None:
    """Neither from another wire nor from no network; with a way out, or a route that is declared, nobody knows."""
    bare = {"subnets": (Subnet(network("x", 31).subnets[0].subnet),)}
    networks = [lan("lan", 30), lan("other", 31, **bare), lan("out", 32)]
    far = host(networks, b=on("lan=172.30.0.3"), none={"mode": "none"}, c=on("other=172.31.0.3"), d=on("out=172.32.0.3"))
    rows = prove(node1=host(networks, a=on("lan=172.30.0.2"), c=on("other=172.31.0.2")), node2=far)
    for source in ("node1/c", "node2/none", "node2/c"):
        (row,) = find(rows, source, "node2/b")
        assert (row.expect, row.kind, rows[row.controls[0]].source) == ("blocked", "isolation", ("node1", "a"))
    assert not find(rows, "node2/d", "node2/b") and not find(rows, "node2/d", "node1/a")
    routed = [networks[0], replace(networks[1], tuning=Tuning(routes=(FixedRoute(IPv4Network("172.16.0.0/12")),))), networks[2]]
    assert not find(prove(node1=host(routed, a=on("lan=172.30.0.2"), c=on("other=172.31.0.2"))), "node1/c", "node1/a")


def test_a_private_network_has_a_control_on_another_host_if_it_can() -> None:
    declared = host([lan("lan", 30, mode="private")], a=on("lan=172.30.0.2"), b=on("lan=172.30.0.3"))
    for other, witness in (({}, ("node1", "b")), ({"c": on("lan=172.30.0.4")}, ("node2", "c"))):
        rows = prove(node1=declared, node2=host([lan("lan", 30, mode="private")], **other))
        (row,) = find(rows, "node1/a", "node1/b")
        assert (row.kind, [rows[number].source for number in row.controls]) == ("private", [witness])


def test_nobody_in_a_namespace_of_others_is_a_control() -> None:
    one = lan("lan", 30, mode="private")
    attached = on("lan=172.30.0.4", mode="attached")
    rows = prove(node1=host([one], a=on("lan=172.30.0.2"), b=on("lan=172.30.0.3")), node2=host([one], c=attached))
    assert not [row for row in rows if "c" in (row.source[1], row.target[1])]
