# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy of DOCKER-USER on this host: what is declared, with what only the host knows, as a state to converge to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from .drivers.policy_rules import places, policy_of, policy_state, raw_words, rules_of
from .firewall.judge import Sight, backend_in_use
from .firewall.run import as_printed
from .firewall.text import parse_save
from .kernel.sets import read_ipsets, read_nft_sets
from .model.policy import FAMILIES, PATH, PolicyRule, parse_policy, rule_options
from .model.problem import Problem
from .state.fault import Fault
from .state.inset import Inset
from .state.objects import HostState, desired_state
from .state.rule import Rule
from .state.tag import table_name


def find_policy(rules: object, fleet: str, position: str, sight: Sight) -> tuple[HostState, list[Problem]]:
    """The state that a list of rules asks for, and everything that is wrong with it. sight: which tools are there, and which does Docker use?"""
    policy, problems = parse_policy(rules)
    if problems or not policy:
        return HostState(), problems
    backend = backend_in_use(sight)
    families = FAMILIES if os.path.isdir("/proc/sys/net/ipv6") else FAMILIES[:1]
    where = places(fleet, position, families, (backend,))
    policy, problems = _of_their_sets(policy, backend, table_name(fleet))
    if backend == "nftables":
        problems += _unsaid(policy, families, fleet)
        return (HostState(), problems) if problems else (_in_nftables(policy_state(policy, fleet, where, {})), [])
    raw, wrong = _try_raw(policy, families, fleet)
    problems += wrong
    return (HostState(), problems) if problems else (policy_state(policy, fleet, where, raw), [])


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


def _in_nftables(state: HostState) -> HostState:
    from .firewall.nft_inset import in_nftables

    return desired_state(replace(one, rules=tuple(in_nftables(one.rules))) for one in state.objects.values() if isinstance(one, Inset))


def _unsaid(policy: Sequence[PolicyRule], families: Sequence[str], fleet: str) -> Iterator[Problem]:
    """What nftables has no words for."""
    from .firewall.nft_inset import unsaid

    for number, entry in enumerate(policy):
        if entry.raw is not None:
            message = "it holds words of iptables, and on this host Docker uses nftables: write it with the other keys, or as a rule of a table of your own"
            yield Problem("", f"{PATH}[{number}].raw", entry.raw, message)
            continue
        reasons = {unsaid(rule) for family in families for rule in rules_of(entry, family, fleet, {})}
        yield from (Problem("", f"{PATH}[{number}]", entry.comment or entry.log or "", reason) for reason in sorted(reasons - {""}))


def _of_their_sets(policy: Sequence[PolicyRule], backend: str, table: str) -> tuple[list[PolicyRule], list[Problem]]:
    """The rules, each for the families of the sets that it names, and the sets that are missing. table: that in which nftables looks for them."""
    wanted = {name.lstrip("!") for entry in policy for name in (entry.source_set, entry.destination_set) if name is not None}
    known = (read_nft_sets(table) if backend == "nftables" else read_ipsets(wanted)) if wanted else {}
    fitting, problems = [], []
    for number, entry in enumerate(policy):
        families = entry.families()
        for side, name in (("source", entry.source_set), ("destination", entry.destination_set)):
            if name is None:
                continue
            of_set = known.get(name.lstrip("!"), ())
            families = tuple(family for family in families if family in of_set)
            if not families:
                problems.append(Problem("", f"{PATH}[{number}].{side}_set", name, _missing(name.lstrip("!"), of_set, backend, table)))
                break
        fitting.append(replace(entry, family=families[0]) if len(families) == 1 and entry.families() != families else entry)
    return fitting, problems


def _missing(name: str, of_set: Sequence[str], backend: str, table: str) -> str:
    if of_set:
        return f"it is a set of {of_set[0]}, and the rule is for another family, or names a set of another one: write one rule for each family"
    if backend == "nftables":
        make = f"nft add table ip {table}; nft add set ip {table} {name} '{{ type ipv4_addr; flags interval; }}'"
        return f"Docker uses nftables on this host, and a rule there finds only sets of its own table: make it first ({make}; for IPv6 ip6 and ipv6_addr)"
    return "there is no ipset of this name on the host: make it first (ipset create)"
