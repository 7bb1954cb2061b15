# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy of DOCKER-USER on this host: what is declared, with what only the host knows, as a state to converge to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from .drivers.policy_rules import places, policy_of, policy_state, raw_words
from .firewall.run import as_printed, set_names
from .firewall.text import parse_save
from .model.policy import FAMILIES, PATH, PolicyRule, parse_policy, rule_options
from .model.problem import Problem
from .state.fault import Fault
from .state.inset import Inset
from .state.objects import HostState
from .state.rule import Rule


def find_policy(rules: object, fleet: str, position: str) -> tuple[HostState, list[Problem]]:
    """The state that a list of rules asks for, and everything that is wrong with it."""
    policy, problems = parse_policy(rules)
    if problems:
        return HostState(), problems
    families = FAMILIES if os.path.isdir("/proc/sys/net/ipv6") else FAMILIES[:1]
    raw, problems = _try_raw(policy, families, fleet)
    problems += _missing_sets(policy)
    return (HostState(), problems) if problems else (policy_state(policy, fleet, places(fleet, position, families), raw), [])


def describe_policy(state: HostState, position: str) -> dict[str, Any]:
    """The policy that stands, in the words of the module's options. position: that which holds where nothing stands."""
    insets = [one for one in state.objects.values() if isinstance(one, Inset) and one.rules]
    rules = [rule_options(entry) for entry in policy_of(state)]
    return {"position": insets[0].position if insets else position, "rules": rules, "state": "present" if rules else "absent"}


def _try_raw(policy: Sequence[PolicyRule], families: Sequence[str], fleet: str) -> tuple[dict[tuple[str, str], Rule], list[Problem]]:
    """The rules that are not typed as iptables writes them, by family and words, and what it refuses."""
    found: dict[tuple[str, str], Rule] = {}
    problems = []
    for number, entry in enumerate(policy):
        for family in (one for one in families if entry.raw is not None and one in entry.families()):
            words = raw_words(entry, fleet)
            try:
                [[rule]] = parse_save(f"*filter\n{as_printed(family, words)}")["filter"].values()
                found[(family, words)] = rule
            except Fault as fault:
                problems.append(Problem("", f"{PATH}[{number}].raw", str(entry.raw), f"{family}: {fault.cause}"))
    return found, problems


def _missing_sets(policy: Sequence[PolicyRule]) -> list[Problem]:
    wanted = [
        (f"{PATH}[{number}].{side}_set", name.lstrip("!"))
        for number, entry in enumerate(policy)
        for side, name in (("source", entry.source_set), ("destination", entry.destination_set))
        if name is not None
    ]
    known = (set_names() if wanted else None) or set()
    return [Problem("", path, name, "there is no ipset of this name on the host: make it first (ipset create)") for path, name in wanted if name not in known]
