# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof of IPv6, of gateway modes and of ports that are open to some: green where all is as declared, red where a rule is gone."""

from __future__ import annotations

import socket
from collections import Counter

from ansible_collections.mooring.cnm.plugins.module_utils.kernel.namespaces import inside
from ansible_collections.mooring.cnm.plugins.module_utils.model.checks import check_declaration, check_resolved
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration
from ansible_collections.mooring.cnm.plugins.module_utils.model.parse import parse_declaration
from ansible_collections.mooring.cnm.plugins.module_utils.proof.listener import COUNTING
from ansible_collections.mooring.cnm.plugins.module_utils.proof.verdict import PROVEN, RED, Verdict
from ansible_collections.mooring.cnm.tests.kernel.on_wire import both_families, wire
from ansible_collections.mooring.cnm.tests.kernel.proofs import Proof


def subnets(number: int, *families: int) -> dict[str, object]:
    given = {4: {"subnet": f"10.{number}.0.0/24", "gateway": f"10.{number}.0.1"}, 6: {"subnet": f"fd{number}::/64", "gateway": f"fd{number}::1"}}
    return {"enable_ipv4": 4 in families, "enable_ipv6": 6 in families, "ipam": {"config": [given[family] for family in families]}}


def legs(number: int, **networks: int) -> dict[str, dict[str, str]]:
    """Sandbox ``number`` on networks, each with its number and, behind the point, its families."""
    found = {}
    for name, at in networks.items():
        network = NETWORKS[name]
        found[name] = {"ipv4_address": f"10.{at}.0.{number}"} if network["enable_ipv4"] else {}
        found[name] |= {"ipv6_address": f"fd{at}::{number}"} if network["enable_ipv6"] else {}
    return found


NETWORKS: dict[str, dict[str, object]] = {
    "dual": subnets(10, 4, 6),
    "six": subnets(11, 6),
    "inner": {**subnets(12, 4, 6), "internal": True},
    "open": {**subnets(13, 4, 6), "gateway_mode": "routed", "gateway_mode_ipv6": "nat-unprotected"},
    "alone": {**subnets(14, 4, 6), "internal": True, "gateway_mode": "isolated", "gateway_mode_ipv6": "isolated"},
    "quiet": {**subnets(15, 4, 6), "icc": False},
}
SANDBOXES = {
    "web": {"networks": legs(2, dual=10, inner=12), "ports": ["8080:80", "8053:53/udp", "[fd10::1]:8443:443", "127.0.0.1:8444:443"]},
    "app": {"networks": legs(3, dual=10), "ports": [{"target": 81, "published": 8081, "allow_from": ["10.15.0.0/24", "fd15::/64"]}]},
    "only": {"networks": legs(2, six=11), "ports": ["8090:90"]},
    "db": {"networks": legs(3, inner=12)},
    "free": {"networks": legs(2, open=13)},
    "one": {"networks": legs(2, alone=14)},
    "two": {"networks": legs(3, alone=14)},
    "q1": {"networks": legs(2, quiet=15), "ports": ["8070:70"]},
    "q2": {"networks": legs(3, quiet=15)},
}


def declared() -> Declaration:
    declaration, problems = parse_declaration(NETWORKS, SANDBOXES)
    assert [*problems, *check_declaration(declaration), *check_resolved(declaration)] == []
    return declaration


def of_ipv6(verdicts: list[Verdict]) -> Counter[tuple[str, str]]:
    return Counter((one.row.kind, one.word) for one in verdicts if ":" in one.row.address)


def test_all_is_proven_in_both_families_and_a_rule_that_is_gone_is_seen(host) -> None:
    proof = Proof(host, declared())
    verdicts = proof.verdicts()
    assert [one.sentence for one in verdicts if one.word != PROVEN] == []
    assert {kind for kind, _word in of_ipv6(verdicts)} >= {"host", "network", "isolation", "icc", "published", "open", "hairpin", "allow_from"}
    assert {(one.row.kind, one.row.expect) for one in verdicts if ":" not in one.row.address} >= {("open", "reached"), ("allow_from", "blocked")}
    host.sh("ip6tables -t mangle -F CNM-FORWARD")
    broken = of_ipv6(proof.verdicts())
    assert broken[("isolation", RED)] > 0
    assert broken[("network", RED)] == 0


def test_a_network_on_a_wire_is_asked_in_both_families_with_the_host_s_own_address(host) -> None:
    wire(host)
    host.sh("sysctl -qw net.ipv6.conf.default.disable_ipv6=0 net.ipv6.conf.default.dad_transmits=0 net.ipv6.conf.wire.disable_ipv6=0")
    proof = Proof(host, both_families("macvlan"))
    assert {(one.word, one.row.kind, ":" in one.row.address) for one in proof.verdicts()} == {
        (PROVEN, kind, family) for kind in ("host", "network") for family in (True, False)
    }
    host.sh("ip -n b -6 addr del fd00::b/64 dev eth0")
    failed = [one.row for one in proof.verdicts() if one.word != PROVEN]
    assert {(row.source[1], row.target[1], ":" in row.address) for row in failed} == {("a", "b", True), ("", "b", True), ("b", "a", True)}


def test_what_arrives_at_a_service_is_counted_in_both_families(host) -> None:
    proof = Proof(host, declared())
    with inside("web"):
        service = socket.create_server(("::", 80), family=socket.AF_INET6, dualstack_ipv6=True)
    with service:
        verdicts = proof.verdicts()
    assert [one.sentence for one in verdicts if one.word != PROVEN] == []
    assert {name for name, state in proof.states.items() if state == COUNTING} == {"node1/web:80/tcp", "node1/web:80/tcp6"}
