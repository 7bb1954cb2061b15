# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy of DOCKER-USER on this host: what is declared, with what only the host knows, as a state to converge to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .drivers.policy_rules import places, policy_of, policy_state, raw_words, rules_of
from .drivers.policy_sets import MissingSet, close, fit_to_sets, in_its_place, names_of_sets
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
    wanted, problems, missing = find_closed_policy(rules, fleet, position, sight)
    problems = [*(problem for problem, _instead in missing), *problems]
    return (HostState(), problems) if problems else (wanted, [])


def find_closed_policy(rules: object, fleet: str, position: str, sight: Sight) -> tuple[HostState, list[Problem], list[tuple[Problem, str]]]:
    """As ``find_policy``, but a set that is missing does not prevent the rest: told apart are which are, and what its rule does instead, in words."""
    policy, problems = parse_policy(rules)
    if problems or not policy:
        return HostState(), problems, []
    backend = backend_in_use(sight)
    families = FAMILIES if os.path.isdir("/proc/sys/net/ipv6") else FAMILIES[:1]
    where = places(fleet, position, families, (backend,))
    table = table_name(fleet)
    fitting, missing = fit_to_sets(policy, _families_of_sets(policy, backend, table))
    instead = [(Problem("", f"{PATH}[{one.number}].{one.side}", one.name, _missing(one, backend, table)), in_its_place(policy[one.number])) for one in missing]
    raw: dict[tuple[str, str], Rule] = {}
    if backend == "nftables":
        problems = list(_unsaid(fitting, families, fleet))
    else:
        raw, problems = _try_raw(fitting, families, fleet)
    if problems:
        return HostState(), problems, instead
    wanted = policy_state(close(fitting, missing), fleet, where, raw)
    return (_in_nftables(wanted) if backend == "nftables" else wanted), [], instead


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


def _families_of_sets(policy: Sequence[PolicyRule], backend: str, table: str) -> Mapping[str, Sequence[str]]:
    """Of those sets that the rules name and that there are. table: that in which nftables looks for them."""
    wanted = names_of_sets(policy)
    if not wanted:
        return {}
    return read_nft_sets(table) if backend == "nftables" else read_ipsets(wanted)


def _missing(one: MissingSet, backend: str, table: str) -> str:
    name = one.name.lstrip("!")
    if one.families:
        return f"it is a set of {one.families[0]}, and the rule is for another family, or names a set of another one: write one rule for each family"
    if backend == "nftables":
        make = f"nft add table ip {table}; nft add set ip {table} {name} '{{ type ipv4_addr; flags interval; }}'"
        return f"Docker uses nftables on this host, and a rule there finds only sets of its own table: make it first ({make}; for IPv6 ip6 and ipv6_addr)"
    return "there is no ipset of this name on the host: make it first (ipset create)"
