# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where datagrams of an overlay need accepts, which ones, and how nft and firewalld are told of them."""

from __future__ import annotations

import json

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.openings import openings
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.place import UNDERLAY
from ansible_collections.mooring.cnm.plugins.module_utils.firewall.judge import Sight, judge
from ansible_collections.mooring.cnm.plugins.module_utils.firewall.nft_accepts import accepts_text, read_accepts
from ansible_collections.mooring.cnm.plugins.module_utils.firewall.rich_rules import jumps_of, read_zones, rich_rule
from ansible_collections.mooring.cnm.plugins.module_utils.state.chain import Jump
from ansible_collections.mooring.cnm.plugins.module_utils.state.ground import Ground
from ansible_collections.mooring.cnm.plugins.module_utils.state.rule import Rule


def accept(source: str, port: int = 4789, comment: str | None = None) -> Rule:
    return Rule("ACCEPT", source=source, destination="192.0.2.1", protocol="udp", port=port, comment=comment)


@pytest.mark.parametrize(
    ("rules", "closed"),
    [
        (":INPUT ACCEPT [0:0]", False),
        (":INPUT DROP [0:0]", True),
        (":INPUT ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT", False),
        (":INPUT ACCEPT [0:0]\n-A INPUT -i eth0 -p udp -j DROP", True),
        (":INPUT ACCEPT [0:0]\n:a - [0:0]\n:b - [0:0]\n-A INPUT -i eth0 -m mark --mark 1 -g a\n-A a -j b\n-A b -m limit --limit 1/s -j REJECT", True),
        (":INPUT ACCEPT [0:0]\n:a - [0:0]\n-A a -j DROP", False),
        (":INPUT ACCEPT [0:0]\n:a - [0:0]\n-A INPUT -j a\n-A a -j a", False),
    ],
)
def test_whether_iptables_may_drop_what_is_for_the_host(rules: str, closed: bool) -> None:
    ground = judge(Sight({("ipv4", "nft"): f"*filter\n{rules}\nCOMMIT\n"}, {"ipv4": "nft"}), "auto", "default")
    assert ground.closed == ((("ipv4", "nft", "filter", "INPUT"),) if closed else ())


def test_which_tables_of_nftables_may() -> None:
    vmap = {"rule": {"chain": "in", "expr": [{"vmap": {"key": 1, "data": {"set": [[4789, {"drop": None}]]}}}]}}
    chains = {("inet", "a", "in"): True, ("ip6", "b", "in"): False, ("ip", "c", "in"): False, ("inet", "firewalld", "filter_INPUT"): False}
    listed = {(family, table): json.dumps({"nftables": [vmap] if table == "b" else []}) for family, table, _chain in chains}
    found = judge(Sight(nft=True, input=chains, listed=listed), "auto", "default").closed
    assert sorted(found) == [
        ("ipv4", "firewalld", "inet firewalld", "rich rules"),
        ("ipv4", "nftables", "inet a", "in"),
        ("ipv6", "firewalld", "inet firewalld", "rich rules"),
        ("ipv6", "nftables", "inet a", "in"),
        ("ipv6", "nftables", "ip6 b", "in"),
    ]
    assert judge(Sight(nft=False, input=chains), "auto", "default").closed == ()


def test_addresses_that_are_a_whole_prefix_are_one_rule() -> None:
    sources = ["192.0.2.9", "192.0.2.4", "192.0.2.5", "192.0.2.7", "192.0.2.6"]
    rules = {UNDERLAY: (*(accept(one) for one in sources), accept("192.0.2.4", 8472))}
    chain, jump = openings(rules, "default", Ground(closed=(("ipv4", "nft", "filter", "INPUT"),)))
    assert [(rule.source, rule.port) for rule in chain.rules] == [("192.0.2.4/30", 4789), ("192.0.2.9", 4789), ("192.0.2.4", 8472)]
    assert [(rule.target, rule.protocol, rule.port, rule.comment) for rule in jump.rules] == [
        ("CNM-INPUT", "udp", 4789, "cnm:default"),
        ("CNM-INPUT", "udp", 8472, "cnm:default"),
    ]
    assert list(openings({}, "default", Ground(closed=(("ipv4", "nft", "filter", "INPUT"),)))) == []
    assert list(openings(rules, "default", Ground())) == []


def match(protocol: str, field: str, value: object) -> dict:
    return {"match": {"op": "==", "left": {"payload": {"protocol": protocol, "field": field}}, "right": value}}


OURS = [match("ip", "saddr", "192.0.2.9"), match("ip", "daddr", "192.0.2.1"), match("udp", "dport", 4789), {"accept": None}]


def listed(*rules: tuple[str, list, str]) -> str:
    return json.dumps(
        {"nftables": [{"rule": {"chain": chain, "expr": expr, "comment": comment, "handle": at}} for at, (chain, expr, comment) in enumerate(rules)]}
    )


def test_accepts_in_a_table_of_others() -> None:
    text = listed(("in", [{"drop": None}], ""), ("other", OURS, "cnm:default"), ("in", OURS, "cnm:default"), ("in", OURS, "cnm:second"))
    (found,) = read_accepts(text, "inet theirs", "in", "cnm:default")
    assert found == Jump("ipv4", "inet theirs", "in", "ACCEPT", (accept("192.0.2.9", comment="cnm:default"),), form="nftables", reached=False)
    words = 'ip saddr 192.0.2.9 ip daddr 192.0.2.1 udp dport 4789 accept comment "cnm:default"'
    assert accepts_text(text, found, found) == f"delete rule inet theirs in handle 2\ninsert rule inet theirs in {words}\n"
    assert accepts_text(text, found, None) == "delete rule inet theirs in handle 2\n"
    assert read_accepts(listed(("in", OURS, "cnm:default"), ("in", [{"drop": None}], "")), "inet theirs", "in", "cnm:default")[0].reached


SHOWN = """public
  target: default
  interfaces: eth0 eth1
  rich rules:
\t{ours}
\trule family="ipv4" source address="192.0.2.9" accept

trusted (active)
  interfaces: cnmb+
"""


def test_rich_rules_of_firewalld_are_known_by_their_priority() -> None:
    rule = accept("192.0.2.8/30", comment="cnm:default")
    text = rich_rule(rule, "ipv4", "default")
    zones = read_zones(SHOWN.format(ours=text))
    assert zones["public"][0] == {"eth0", "eth1"} and zones["trusted"] == ({"cnmb+"}, [])
    lines = zones["public"][1]
    assert jumps_of(lines, lines, "default", True) == [Jump("ipv4", "inet firewalld", "rich rules", "ACCEPT", (rule,), form="firewalld")]
    assert jumps_of(lines, [], "default", True)[0].reached is False
    assert jumps_of(lines, lines, "second", True) == []
    assert jumps_of([f"{text} log"], [], "default", True) == []
