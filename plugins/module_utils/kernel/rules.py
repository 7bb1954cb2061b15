# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firewall rules of the host: read from wherever they may be, and written where they should be."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator

from ..firewall import run as firewall
from ..firewall.lines import lines_of
from ..firewall.nft_table import parse_table, removing_text, replacing_text
from ..firewall.text import parse_save, restore_text
from ..firewall.verdict import is_reached
from ..state.inset import Inset
from ..state.objects import Chain, Jump, Object, Table
from ..state.op import Op
from ..state.rule import Rule
from ..state.tag import is_chain_of, table_name
from .nftables import read_tables

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
        yield Table(table_name(fleet), parse_table(firewall.list_table("inet", table_name(fleet)))), True
    for (family, form), text in read_saved(tables).items():
        for table, chains in parse_save(text).items():
            for name, rules in chains.items():
                yield Chain(family, table, name, rules, form), is_chain_of(fleet, name)
                marked = [rule for rule in rules if rule.comment == mark]
                for target in {rule.target for rule in marked}:
                    ours = tuple(rule for rule in marked if rule.target == target)
                    yield Jump(family, table, name, target, ours, _position(rules, ours[0]), form, is_reached(chains, name, ours[0], table)), True


def _position(rules: tuple[Rule, ...], ours: Rule) -> str:
    """Where a rule stands, so that it can be put back there: first, last, or its number."""
    at = rules.index(ours)
    return "first" if at == 0 else "last" if at == len(rules) - 1 else str(at + 1)


def write_rules(ops: list[Op]) -> None:
    """Carry out ``ops``: one transaction for each family and form of iptables, and one for nftables. What only removes comes last."""
    groups = [list(group) for _where, group in itertools.groupby(sorted(ops, key=_where), key=_where)]
    for group in sorted(groups, key=lambda ops: all(op.action == "remove" for op in ops)):
        one = group[0].subject
        if isinstance(one, Table):
            firewall.load(removing_text(one) if group[0].action == "remove" else replacing_text(one))
        elif isinstance(one, (Chain, Jump, Inset)):
            family, form = _where(group[0])
            firewall.restore(family, restore_text(lines_of(group)), form)


def _where(op: Op) -> tuple[str, str]:
    """Family and form of iptables; the form that the host itself uses where there is none, and nothing for nftables."""
    one = op.subject
    if isinstance(one, Table):
        return "", ""
    return one.key[1], one.form if isinstance(one, (Chain, Jump)) else ""
