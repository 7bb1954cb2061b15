# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a packet that no rule with a condition speaks of: where other people's chains end for everything."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..state.rule import Rule

_ENDS = ("ACCEPT", "DROP", "REJECT")
# How the comment of a rule of the policy of DOCKER-USER begins, of any fleet.
POLICY_MARK = re.compile(r"cnm:[^: ]+:docker_user( |$)")
_COUNTING = ("counter", "log", "comment")
Chains = Mapping[str, Sequence[Rule]]


def end_of(chains: Chains, name: str, depth: int = 0) -> str:
    """Where an iptables chain leads whatever comes: ``ACCEPT``, ``DROP`` or ``REJECT``; empty where it returns, to the policy in the end."""
    for rule in chains.get(name, ()):
        found = _verdict(chains, rule, depth)
        if found:
            return "" if found == "RETURN" else found
    return ""


def is_reached(chains: Chains, name: str, rule: Rule, table: str) -> bool:
    """Whether packets come as far as ``rule`` in a chain: none before it ends the way of all. Ours in filter accept, so an accept there is as good."""
    for other in chains.get(name, ()):
        if other == rule:
            return True
        found = _verdict(chains, other, 0)
        if found and not (found == "ACCEPT" and table == "filter"):
            return False
    return True


def _verdict(chains: Chains, rule: Rule, depth: int) -> str:
    target = _unconditional(rule)
    if target in _ENDS or target == "RETURN":
        # What the policy ends is meant to end: nothing of ours goes before it for its sake.
        return "" if target in _ENDS[1:] and POLICY_MARK.match(rule.said) else target
    return end_of(chains, target, depth + 1) if target in chains and depth < 32 else ""


def _unconditional(rule: Rule) -> str:
    """The target of a rule that has no condition, or nothing."""
    if rule == Rule(rule.target, comment=rule.comment, reject_with=rule.reject_with):
        words = rule.target.split()
        if len(words) == 1:
            return rule.target
        # Somebody else's, kept under its own text: the options of its target are no conditions.
        return words[3] if words[0] == "-A" and len(words) > 3 and words[2] == "-j" else ""
    return ""


def policies(text: str) -> dict[tuple[str, str], str]:
    """The policy of every built-in chain in what iptables-save printed, by table and chain."""
    found, table = {}, ""
    for line in text.split("\n"):
        if line.startswith("*"):
            table = line[1:].strip()
        elif line.startswith(":"):
            words = line[1:].split()
            found[(table, words[0])] = words[1]
    return found


def nft_end_of(listed: Sequence[Mapping[str, Any]], chain: str, depth: int = 0) -> str:
    """``end_of`` for a chain in what ``nft -j list table`` printed."""
    for one in listed:
        rule = one.get("rule")
        if rule is None or rule["chain"] != chain:
            continue
        said = [expression for expression in rule["expr"] if not set(expression) <= set(_COUNTING)]
        if len(said) != 1:
            continue
        ((word, body),) = said[0].items()
        if word.upper() in _ENDS:
            return str(word).upper()
        if word == "return":
            return ""
        if word in ("jump", "goto") and depth < 32:
            found = nft_end_of(listed, body["target"], depth + 1)
            if found or word == "goto":
                return found
    return ""


def names_in(value: Any) -> frozenset[str]:
    """Every text that occurs in a list of JSON."""
    if isinstance(value, str):
        return frozenset([value])
    if isinstance(value, Mapping):
        return frozenset().union(*(names_in(one) for one in value.values())) if value else frozenset()
    if isinstance(value, (list, tuple)):
        return frozenset().union(*(names_in(one) for one in value)) if value else frozenset()
    return frozenset()
