# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which firewall a host uses, and where accepts of ours are needed, from what was seen of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.firewall.judge import Sight, judge, missing_package
from ansible_collections.mooring.cnm.plugins.module_utils.firewall.text import parse_save
from ansible_collections.mooring.cnm.plugins.module_utils.firewall.verdict import end_of, is_reached, nft_end_of
from ansible_collections.mooring.cnm.plugins.module_utils.state.ground import Blocker
from ansible_collections.mooring.cnm.plugins.module_utils.state.rule import Rule

BOTH = {"ipv4": "nft", "ipv6": "nft"}
OURS = (
    '*filter\n:FORWARD ACCEPT [0:0]\n:CNM-FORWARD - [0:0]\n-A FORWARD -m comment --comment "cnm:default" -j CNM-FORWARD\n'
    "-A CNM-FORWARD -i br0 -j ACCEPT\nCOMMIT\n"
)
DROPS = "*filter\n:FORWARD DROP [0:0]\nCOMMIT\n"
DOCKER = "*filter\n:FORWARD DROP [0:0]\n:DOCKER-USER - [0:0]\n-A FORWARD -j DOCKER-USER\n-A DOCKER-USER -j RETURN\nCOMMIT\n"
REJECTS = (
    "*filter\n:FORWARD ACCEPT [0:0]\n:END - [0:0]\n-A FORWARD -i lo -j ACCEPT\n-A FORWARD -j END\n"
    "-A END -j REJECT --reject-with icmp-port-unreachable\nCOMMIT\n"
)
EMPTY = "*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n"


@pytest.mark.parametrize(
    ("sight", "wanted", "backend"),
    [
        (Sight(installed=BOTH, nft=True), "auto", "iptables"),
        (Sight(installed=BOTH, nft=True), "nftables", "nftables"),
        (Sight(installed={}, nft=True), "auto", "nftables"),
        (Sight(installed={}, nft=False), "auto", "iptables"),
        (Sight(installed=BOTH, nft=True, tables=frozenset({("ip", "docker-bridges")})), "auto", "nftables"),
        (Sight(installed=BOTH, nft=False, tables=frozenset({("ip", "docker-bridges")})), "auto", "iptables"),
        (Sight(installed=BOTH, nft=True, tables=frozenset({("ip", "docker-bridges")})), "iptables", "iptables"),
    ],
)
def test_the_backend(sight: Sight, wanted: str, backend: str) -> None:
    assert judge(sight, wanted, "default").backend == backend


@pytest.mark.parametrize(
    ("nft", "legacy", "plain", "form"),
    [
        ("", "", "nft", "nft"),
        ("", "", "legacy", "legacy"),
        (OURS, "", "legacy", "legacy"),
        (EMPTY, DROPS, "nft", "legacy"),
        (REJECTS, EMPTY, "legacy", "nft"),
        (OURS, DROPS, "nft", "legacy"),
        (DROPS, REJECTS, "legacy", "legacy"),
    ],
)
def test_the_form_is_the_one_that_others_use(nft: str, legacy: str, plain: str, form: str) -> None:
    saved = {("ipv4", name): text for name, text in (("nft", nft), ("legacy", legacy)) if text}
    ground = judge(Sight(saved, {"ipv4": plain}), "auto", "default")
    assert ground.form("ipv4") == form and ground.form("ipv6") == "nft"
    assert ground.both == ((("ipv4", "filter FORWARD", "filter FORWARD, filter END"),) if (nft, legacy) == (DROPS, REJECTS) else ())


@pytest.mark.parametrize(
    ("text", "wanted", "first", "dropping"),
    [
        (DROPS, "iptables", False, None),
        (REJECTS, "iptables", True, None),
        (DOCKER, "iptables", False, None),
        (DROPS, "nftables", False, "FORWARD"),
        (REJECTS, "nftables", False, "FORWARD"),
        (DOCKER, "nftables", False, "DOCKER-USER"),
        (EMPTY, "nftables", False, None),
        (OURS, "nftables", False, None),
    ],
)
def test_where_accepts_are_needed(text: str, wanted: str, first: bool, dropping: str | None) -> None:
    ground = judge(Sight({("ipv6", "nft"): text}, BOTH, nft=True), wanted, "default")
    assert (ground.first, ground.dropping) == (frozenset(["ipv6"] if first else []), (("ipv6", "nft", dropping),) if dropping else ())


def rule(chain: str, *said: dict[str, Any]) -> dict[str, Any]:
    return {"rule": {"chain": chain, "expr": list(said)}}


IF = {"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": {"set": ["lan0", "cnm*"]}}}
LISTED = [
    rule("fw", IF, {"accept": None}),
    rule("fw", {"counter": {"packets": 1}}, {"jump": {"target": "back"}}),
    rule("back", {"return": None}),
    rule("fw", {"jump": {"target": "end"}}),
    rule("end", {"log": None}, {"reject": None}),
]


def test_the_chain_in_which_docker_closes_its_own_networks() -> None:
    docker = DOCKER.replace(":DOCKER-USER", ":DOCKER-ISOLATION-STAGE-2 - [0:0]\n:DOCKER-USER")
    sight = Sight({("ipv4", "nft"): docker, ("ipv6", "nft"): EMPTY, ("ipv4", "legacy"): EMPTY}, BOTH, True)
    assert judge(sight, "auto", "default").isolating == (("ipv4", "DOCKER-ISOLATION-STAGE-2"),)
    # A rule of nftables cannot lead there
    assert judge(sight, "nftables", "default").isolating == ()


def test_a_table_of_others_that_drops_is_a_blocker_with_the_names_that_it_knows() -> None:
    sight = Sight(forward={("inet", "theirs", "fw"): False}, listed={("inet", "theirs"): json.dumps({"nftables": LISTED})})
    (blocker,) = judge(sight, "auto", "default").blockers
    assert (blocker.table, blocker.chain) == ("inet theirs", "fw")
    assert blocker.knows("cnmb123") and blocker.knows("lan0") and not blocker.knows("lan01") and not blocker.knows("br0")
    assert judge(Sight(forward={("ip", "x", "y"): False}), "auto", "default").blockers == ()
    assert judge(Sight(forward={("ip", "x", "y"): True}), "auto", "default").blockers == (Blocker("ip x", "y"),)


def test_where_a_chain_of_nftables_ends() -> None:
    assert [nft_end_of(LISTED, name) for name in ("fw", "back", "end", "none")] == ["REJECT", "", "REJECT", ""]
    assert nft_end_of([rule("a", {"accept": None}), rule("a", {"drop": None})], "a") == "ACCEPT"
    assert nft_end_of([rule("a", {"jump": {"target": "a"}})], "a") == ""


def test_where_a_chain_of_iptables_ends() -> None:
    chains = parse_save(REJECTS)["filter"]
    assert (end_of(chains, "FORWARD"), end_of(chains, "END")) == ("REJECT", "REJECT")
    loop = parse_save("*filter\n:A - [0:0]\n-A A -j A\n-A A -j DROP\nCOMMIT\n")["filter"]
    assert end_of(loop, "A") == "DROP"
    ours = Rule("CNM-FORWARD", comment="cnm:default")
    for before, table, reached in (("ACCEPT", "filter", True), ("ACCEPT", "mangle", False), ("DROP", "filter", False)):
        assert is_reached({"FORWARD": [Rule(before), ours]}, "FORWARD", ours, table) is reached
    assert is_reached({"FORWARD": [Rule("DROP", in_interface="lo"), ours, Rule("DROP")]}, "FORWARD", ours, "filter")


@pytest.mark.parametrize("target", ["DROP", "REJECT"])
def test_what_the_policy_ends_is_meant_to_end(target: str) -> None:
    """Ours does not go before it, as it does before a drop of somebody else's, in the policy's own chain too."""
    ours, mark = Rule("CNM-FORWARD", comment="cnm:default"), "cnm:other:docker_user"
    jump, drop, theirs = Rule("DOCKER-USER", comment=mark), Rule(target, comment=f"{mark} the rest"), Rule(target)
    for rules, end in (([drop], ""), ([drop, theirs], target), ([Rule("RETURN", comment=mark), theirs], "")):
        chains = {"FORWARD": [jump, ours], "DOCKER-USER": rules}
        assert end_of(chains, "FORWARD") == end and is_reached(chains, "FORWARD", ours, "filter") == (not end)


def test_the_package_that_is_missing() -> None:
    nothing = Sight()
    assert [missing_package(nothing, wanted) for wanted in ("auto", "iptables", "nftables")] == ["iptables", "iptables", "nftables"]
    assert missing_package(Sight(installed=BOTH), "auto") == missing_package(Sight(nft=True), "nftables") == ""
