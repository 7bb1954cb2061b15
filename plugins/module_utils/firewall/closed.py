# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where others may drop what is for the host itself, so that datagrams of an overlay need accepts there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..state.rule import Rule

INPUT = "INPUT"
# Where Docker has its rules when it uses nftables (moby 29, nftabler).
DOCKER_TABLES = (("ip", "docker-bridges"), ("ip6", "docker-bridges"))
FIREWALLD = ("inet", "firewalld")
# Table and chain of a Jump that stands for rich rules of firewalld.
RICH_RULES = ("inet firewalld", "rich rules")
# The families of packets that a table of nftables sees.
_SEES = {"inet": ("ipv4", "ipv6"), "ip": ("ipv4",), "ip6": ("ipv6",)}
_DROPS = ("DROP", "REJECT")


def drops_input(chains: Mapping[str, Sequence[Rule]], policy: str) -> bool:
    """Whether something in a table filter may drop what is for the host: the policy, or a rule that INPUT leads to, whatever its conditions."""
    reached, waiting = {INPUT}, [INPUT]
    while waiting:
        for rule in chains.get(waiting.pop(), ()):
            target = _target(rule)
            if target in _DROPS:
                return True
            if target in chains and target not in reached:
                reached.add(target)
                waiting.append(target)
    return policy not in ("", "ACCEPT")


def _target(rule: Rule) -> str:
    """Where a rule leads, also one of somebody else's, which is kept under its own text."""
    words = rule.target.split()
    return next((words[at + 1] for at, word in enumerate(words[:-1]) if word in ("-j", "-g")), rule.target)


def closed_tables(chains: Mapping[tuple[str, str, str], bool], listed: Mapping[tuple[str, str], Sequence[Any]]) -> Iterator[tuple[str, str, str, str]]:
    """(family, form, table, chain) of a Jump for each base chain of nftables that may drop.

    chains: those at the hook input, each with whether its policy is drop. listed: what ``nft -j list table`` prints, by family and name of the table.
    The table of firewalld belongs to it alone: it is asked by its own commands.
    """
    for (kind, table, chain), drops in sorted(chains.items()):
        for family in _SEES.get(kind, ()):
            if (kind, table) == FIREWALLD:
                yield family, "firewalld", *RICH_RULES
            elif drops or _says(listed.get((kind, table), ()), ("drop", "reject")):
                yield family, "nftables", f"{kind} {table}", chain


def _says(value: Any, words: tuple[str, ...]) -> bool:
    """Whether one of ``words`` is a key anywhere in JSON."""
    if isinstance(value, Mapping):
        return any(word in value for word in words) or any(_says(one, words) for one in value.values())
    return isinstance(value, (list, tuple)) and any(_says(one, words) for one in value)
