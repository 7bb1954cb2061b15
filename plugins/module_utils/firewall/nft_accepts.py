# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accepts of ours in a base chain of somebody else's nftables table: read from what ``nft -j list table`` printed, and put there and away by ``nft -f``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ..state.chain import Jump
from ..state.rule import Rule
from .nft_read import read_rule
from .nft_rule import rule_words
from .verdict import nft_end_of

Json = dict[str, Any]
FORM = "nftables"
FAMILIES = ("ipv4", "ipv6")


def read_accepts(text: str, table: str, chain: str, mark: str) -> list[Jump]:
    """The accepts with the comment ``mark`` in a chain. table: its family and name, as in a Jump of this form."""
    listed = json.loads(text)["nftables"]
    found = []
    for family in FAMILIES:
        ours = list(_ours(listed, chain, family, mark))
        if ours:
            before = [one for one in listed if "rule" in one][: ours[0][0]]
            reached = nft_end_of(before, chain) not in ("DROP", "REJECT")
            found.append(Jump(family, table, chain, "ACCEPT", tuple(rule for _at, _handle, rule in ours), "first", FORM, reached))
    return found


def accepts_text(text: str, before: Jump | None, after: Jump | None) -> str:
    """Input for one ``nft -f`` that takes ``before`` away and puts ``after`` first. text: as for read_accepts, at this moment."""
    lines = []
    if before is not None:
        mark = str(before.rules[0].comment)
        gone = _ours(json.loads(text)["nftables"], before.chain, before.family, mark)
        lines += [f"delete rule {before.table} {before.chain} handle {handle}" for _at, handle, _rule in gone]
    if after is not None:
        lines += [f"insert rule {after.table} {after.chain} {rule_words(rule, after.family, 'filter')}" for rule in reversed(after.rules)]
    return "".join(f"{line}\n" for line in lines)


def _ours(listed: Sequence[Json], chain: str, family: str, mark: str) -> Iterator[tuple[int, int, Rule]]:
    """Each rule of ours of a family, with its place among all rules of the table, and its handle."""
    for at, one in enumerate(rule["rule"] for rule in listed if "rule" in rule):
        if one["chain"] == chain and one.get("comment") == mark:
            rule = read_rule(one["expr"], family, "filter", mark)
            if rule is not None:
                yield at, one["handle"], replace(rule, comment=mark)
