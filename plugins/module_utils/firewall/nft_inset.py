# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy of DOCKER-USER where Docker has no such chain: a base chain of ours, in a table of ours for each family.

The table may hold sets, which an administrator makes for the rules to name, since a rule of nftables sees those of its own table alone: the chain is
replaced, they stay.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..state.inset import Inset
from ..state.objects import Object
from ..state.rule import NFT_FAMILIES as IP
from ..state.rule import Rule
from .nft_read import read_rule, unread
from .nft_rule import STATUS, comment_words, rule_words

# Where packets come after mangle (-150), and so after the guard of our own networks, and before every filter: Docker's base chains and those of iptables are
# at 0, firewalld's at 10. What another chain drops first would be neither logged nor rejected here.
_PRIORITY = -10
_LONGEST_COMMENT = 127  # bytes (libnftnl: NFTNL_UDATA_COMMENT_MAXLEN and a zero)
_BASE = ("filter", "forward", _PRIORITY, "accept")


def seen_in_table(wanted: Inset, text: str) -> Inset:
    """What stands of ``wanted`` in its table, of which ``nft -j list table`` printed ``text``."""
    listed: list[dict[str, Any]] = [one for one in json.loads(text)["nftables"] if "metainfo" not in one]
    chain = next((one["chain"] for one in listed if "chain" in one and one["chain"]["name"] == wanted.chain), None)
    rules = [one["rule"] for one in listed if "rule" in one and one["rule"]["chain"] == wanted.chain]
    found = tuple(_read(one, wanted.family) for one in rules)
    is_awake = not any("flags" in one["table"] for one in listed if "table" in one)
    return replace(
        wanted,
        rules=found,
        reached=is_awake and chain is not None and tuple(chain.get(key) for key in ("type", "hook", "prio", "policy")) == _BASE,
        standing=None if chain is None else found,
        alone=len(listed) == len(rules) + 1 + (chain is not None),
    )


def inset_text(before: Object | None, after: Object | None) -> str:
    """Input for one ``nft -f``, from what stands to what should; without rules, no chain."""
    one, wanted = after or before, isinstance(after, Inset) and bool(after.rules)
    if not isinstance(one, Inset):
        return ""
    table = f"{IP[one.family]} {one.table}"
    chain = f"{table} {one.chain}"
    if isinstance(before, Inset) and not before.alone:
        lines = [f"add chain {chain}", f"flush chain {chain}", f"delete chain {chain}"]
    else:
        lines = [f"add table {table}", f"delete table {table}", *([f"add table {table}"] if wanted else [])]
    if wanted:
        kind, hook, priority, policy = _BASE
        lines.append(f"add chain {chain} {{ type {kind} hook {hook} priority {priority}; policy {policy}; }}")
        lines += [f"add rule {chain} {_words(rule, one.family)}" for rule in one.rules]
    return "".join(f"{line}\n" for line in lines)


def _words(rule: Rule, family: str) -> str:
    """The table is of one family, so that no rule needs to say which."""
    return " ".join([rule_words(replace(rule, comment=None), family, ""), *comment_words(rule)])


def _read(body: dict[str, Any], family: str) -> Rule:
    found = read_rule(body["expr"], family, "", None)
    return unread(body) if found is None else replace(found, comment=body.get("comment"))


def in_nftables(rules: tuple[Rule, ...]) -> Iterator[Rule]:
    """Rules that say what ``rules`` say: where iptables asks for one of several states, those of translated addresses are another question to nft."""
    for rule in rules:
        plain, translated = (tuple(one for one in rule.states if (one in STATUS) == is_status) for is_status in (False, True))
        yield from (replace(rule, states=plain), replace(rule, states=translated)) if plain and translated else (rule,)


def unsaid(rule: Rule) -> str:
    """Why nftables cannot hold a rule; empty where it can."""
    if '"' in f"{rule.comment}{rule.log_prefix}":
        return "nft has no '\"' in a comment or in what is logged"
    if len((rule.comment or "").encode()) > _LONGEST_COMMENT:
        return f"nft has at most {_LONGEST_COMMENT} bytes of a comment, and our mark is one of them"
    return ""
