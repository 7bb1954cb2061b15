# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firewall rules of the host, read from wherever they may be."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ..firewall import run as firewall
from ..firewall.closed import FIREWALLD
from ..firewall.text import parse_save
from ..firewall.verdict import is_reached
from ..state.chain import Chain, Jump, Table
from ..state.objects import Object
from ..state.rule import Rule
from ..state.tag import is_chain_of, table_name
from .nftables import foreign_chains, read_tables

Saved = dict[tuple[str, str], str]
_FAMILIES = {"ipv4": ("ip", "/proc/thread-self/net/ip_tables_names"), "ipv6": ("ip6", "/proc/thread-self/net/ip6_tables_names")}
_TABLES = ("filter", "nat", "mangle", "raw", "security")


def read_saved(tables: set[tuple[str, str]]) -> Saved:
    """What iptables-save prints, by family and form, of the forms that hold tables. tables: those of nftables."""
    found = {}
    for family, (name, legacy) in _FAMILIES.items():
        if any((name, table) in tables for table in _TABLES):
            found[(family, "nft")] = firewall.save(family, "nft")
        with contextlib.suppress(FileNotFoundError), open(legacy, encoding="ascii") as file:
            if file.read().strip():
                found[(family, "legacy")] = firewall.save(family, "legacy")
    return found


def read_rules(fleet: str) -> Iterator[tuple[Object, bool]]:
    """Every chain and table, each with whether it is the fleet's, and the fleet's jumps in other chains."""
    mark, tables = f"cnm:{fleet}", read_tables()
    if ("inet", table_name(fleet)) in tables:
        from ..firewall.nft_table import parse_table

        yield Table(table_name(fleet), parse_table(firewall.list_table("inet", table_name(fleet)))), True
    if FIREWALLD in tables:
        from .firewalld import read_rich_rules

        yield from ((jump, True) for jump in read_rich_rules(fleet))
    yield from ((jump, True) for jump in _accepts_of_nft(mark, tables))
    for (family, form), text in read_saved(tables).items():
        for table, chains in parse_save(text).items():
            for name, rules in chains.items():
                yield Chain(family, table, name, rules, form), is_chain_of(fleet, name)
                marked = [rule for rule in rules if rule.comment == mark]
                for target in {rule.target for rule in marked}:
                    ours = tuple(rule for rule in marked if rule.target == target)
                    yield Jump(family, table, name, target, ours, _position(rules, ours[0]), form, is_reached(chains, name, ours[0], table)), True


def _accepts_of_nft(mark: str, tables: set[tuple[str, str]]) -> Iterator[Jump]:
    """Accepts of ours in tables of others: looked for in chains at the hook input."""
    chains = [one for one in foreign_chains() if one.hook == "input" and (one.family, one.table) != FIREWALLD] if tables and firewall.find_nft() else []
    for one in chains:
        from ..firewall.nft_accepts import read_accepts

        yield from read_accepts(firewall.list_table(one.family, one.table), f"{one.family} {one.table}", one.name, mark)


def _position(rules: tuple[Rule, ...], ours: Rule) -> str:
    """Where a rule stands, so that it can be put back there: first, last, or its number."""
    at = rules.index(ours)
    return "first" if at == 0 else "last" if at == len(rules) - 1 else str(at + 1)
