# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewall rules, what was remembered of them, and what Docker knows, in words."""

from __future__ import annotations

from collections.abc import Iterator

from .chain import Chain, Connections, Jump, Table
from .engine import EngineNetwork
from .inset import Inset
from .objects import Object
from .rule import Rule

# So many ports are named in one line.
_FEW = 8


def name_of_rules(one: Object) -> str:
    """An object as a person would call it."""
    if isinstance(one, Chain):
        return f"chain {one.name} of table {one.table} ({_family(one)}, {_count(len(one.rules), 'rule')})"
    if isinstance(one, Table):
        return f"table inet {one.name} ({_count(sum(len(part.rules) for part in one.parts), 'rule')})"
    if isinstance(one, Inset):
        return f"{_inset_in_words(one)}, {_count(len(one.rules), 'rule')})"
    if isinstance(one, EngineNetwork):
        parts = [f"{pool.ip_range} of {pool.subnet}" for pool in one.pools if pool.ip_range]
        return f"Docker network {one.name}" + (f" ({', '.join(parts)})" if parts else "")
    if isinstance(one, Connections):
        named = ", ".join(f"{host}:{port}" if host else str(port) for host, port in one.ports[:_FEW])
        more = f" and {len(one.ports) - _FEW} more" if len(one.ports) > _FEW else ""
        return f"connections to udp {'port' if len(one.ports) == 1 else 'ports'} {named}{more} ({one.family})"
    if not isinstance(one, Jump):
        raise ValueError(f"no words for {one}")
    if one.target == "ACCEPT":
        return f"{_count(len(one.rules), 'accept')} in {one.chain} of table {one.table} ({_family(one)})"
    return f"jump from {one.chain} to {one.target} in table {one.table} ({_family(one)})"


def change_of_rules(before: Object, after: Object) -> str:
    """What a change of rules is about, and what differs."""
    if isinstance(before, Chain) and isinstance(after, Chain):
        return f"chain {after.name} of table {after.table} ({_family(after)}): {_rules_in_words(before.rules, after.rules)}"
    if isinstance(before, Table) and isinstance(after, Table):
        return f"table inet {after.name}: {'; '.join(_parts_in_words(before, after))}"
    if isinstance(before, Inset) and isinstance(after, Inset):
        return f"{_inset_in_words(after)}): {', '.join(_inset_changes(before, after))}"
    return name_of_rules(after)


def _rules_in_words(before: tuple[Rule, ...], after: tuple[Rule, ...]) -> str:
    was, now = set(before), set(after)
    plus, minus = sum(rule not in was for rule in after), sum(rule not in now for rule in before)
    return f"+{plus} -{minus} rules" if plus or minus else "order of the rules"


def _inset_in_words(one: Inset) -> str:
    return f"rules of ours in {one.chain}{'' if one.backend == 'iptables' else f' of {one.backend}'} ({one.family}"


def _inset_changes(before: Inset, after: Inset) -> Iterator[str]:
    if before.standing is None:
        yield "the chain is made"
    if not before.reached:
        yield f"{after.builtin} leads there first"
    if before.rules != after.rules:
        yield _rules_in_words(before.rules, after.rules)
    if before.position != after.position:
        yield f"{after.position} among those of others"


def _parts_in_words(before: Table, after: Table) -> Iterator[str]:
    """What differs between two tables, chain by chain."""
    was, now = ({part.key: part for part in one.parts} for one in (before, after))
    for key in sorted({*was, *now}):
        old, new = was.get(key), now.get(key)
        if new is None:
            yield f"without {name_of_rules(was[key])}"
        elif old is None:
            yield f"with {name_of_rules(new)}"
        elif old != new:
            yield f"{name_of_rules(new).split(' (')[0]} ({new.family}) {_rules_in_words(old.rules, new.rules)}"


def _family(one: Chain | Jump) -> str:
    return one.family if one.form == "nft" else f"{one.family}, {one.form}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
