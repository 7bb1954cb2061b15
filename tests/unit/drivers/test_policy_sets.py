# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy whose sets are missing: it closes all that it closed, and each rule is what the table says."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.policy_sets import MissingSet, close, fit_to_sets, in_its_place, names_of_sets
from ansible_collections.mooring.cnm.plugins.module_utils.model.policy import ACTIONS, PolicyRule, parse_policy
from hypothesis import given
from hypothesis import strategies as st

BOTH, V4, V6 = ("ipv4", "ipv6"), ("ipv4",), ("ipv6",)
LEFT_OUT = "the rule is left out"


def read(*entries: dict[str, Any]) -> tuple[PolicyRule, ...]:
    policy, problems = parse_policy(list(entries))
    assert not problems
    return policy


# The rule, what is known, what it is in the end, and how that is told.
CASES: list[tuple[dict[str, Any], dict[str, tuple[str, ...]], dict[str, Any] | None, str]] = [
    ({"source_set": "office", "action": "return"}, {}, None, LEFT_OUT),
    ({"source_set": "office", "action": "accept", "log": "in "}, {}, None, LEFT_OUT),
    ({"source_set": "!office", "action": "accept"}, {}, None, LEFT_OUT),
    ({"source_set": "office", "log": True}, {}, None, LEFT_OUT),
    ({"source_set": "office", "action": "drop"}, {}, {"action": "drop"}, "the rule drops whatever its other conditions match"),
    ({"source_set": "!office", "published": 80, "action": "drop", "log": "x"}, {}, {"published": 80, "action": "drop", "log": "x"}, "the rule drops"),
    ({"destination_set": "a", "action": "reject", "family": "ipv6"}, {}, {"action": "reject", "family": "ipv6"}, "the rule rejects"),
    # one set of two, and the family of that which is there
    ({"source_set": "a", "destination_set": "b", "action": "drop"}, {"a": V4}, {"source_set": "a", "action": "drop", "family": "ipv4"}, "the rule drops"),
    ({"source_set": "a", "destination_set": "b", "action": "drop"}, {}, {"action": "drop"}, "the rule drops"),
    # one of the wrong family is as good as none
    ({"source_set": "a", "action": "drop", "family": "ipv4"}, {"a": V6}, {"action": "drop", "family": "ipv4"}, "the rule drops"),
]


@pytest.mark.parametrize(("entry", "known", "expected", "said"), CASES, ids=str)
def test_a_rule_whose_set_is_missing_is_closed(entry: dict[str, Any], known: dict[str, tuple[str, ...]], expected: dict[str, Any] | None, said: str) -> None:
    other = {"published": 443, "action": "return"}
    policy = read(other, entry, other)
    fitting, missing = fit_to_sets(policy, known)
    assert {one.number for one in missing} == {1}
    assert close(fitting, missing) == list(read(other, *([expected] if expected else []), other))
    assert in_its_place(policy[1]).startswith(said)


def test_a_rule_whose_sets_are_there_is_for_their_families() -> None:
    policy = read({"source_set": "a", "action": "drop"}, {"source_set": "!a", "destination_set": "b", "action": "accept"}, {"action": "return"})
    assert names_of_sets(policy) == {"a", "b"}
    assert fit_to_sets(policy, {"a": BOTH, "b": BOTH}) == (list(policy), [])
    fitting, missing = fit_to_sets(policy, {"a": BOTH, "b": V6})
    assert [one.family for one in fitting] == ["both", "ipv6", "both"] and not missing and close(fitting, missing) == fitting
    assert fit_to_sets(policy, {"a": V4, "b": V6})[1] == [MissingSet(1, "destination_set", "b", V6)]


NAMES = ("a", "b")
SETS = st.none() | st.sampled_from(["a", "!a", "b", "!b"])
RULES = st.builds(
    PolicyRule,
    source_set=SETS,
    destination_set=SETS,
    published=st.sampled_from([(), ("80",)]),
    log=st.none() | st.just("x"),
    action=st.none() | st.sampled_from(ACTIONS),
)
Packet = tuple[bool, bool, bool, bool, bool]  # whether its source is in a and in b, its destination is, and whether it is for port 80


def refused(policy: list[PolicyRule], packet: Packet) -> bool:
    sources, destinations = dict(zip(NAMES, packet[:2], strict=True)), dict(zip(NAMES, packet[2:4], strict=True))

    def matches(name: str | None, having: dict[str, bool]) -> bool:
        return name is None or having[name.lstrip("!")] != name.startswith("!")

    for rule in policy:
        if rule.action and matches(rule.source_set, sources) and matches(rule.destination_set, destinations) and (packet[4] or not rule.published):
            return rule.action in ("drop", "reject")
    return False


@given(st.lists(RULES, max_size=5), st.sets(st.sampled_from(NAMES)))
def test_nothing_passes_that_the_policy_with_its_sets_refuses(policy: list[PolicyRule], there: set[str]) -> None:
    closed = close(*fit_to_sets(policy, {name: BOTH for name in there}))
    assert names_of_sets(closed) <= there
    assert all(refused(closed, packet) for packet in product((False, True), repeat=5) if refused(policy, packet))
