# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of the firewall's rules, carried out where the rules stand."""

from __future__ import annotations

import itertools

from ..firewall import run as firewall
from ..firewall.lines import lines_of
from ..firewall.text import restore_text
from ..state.chain import Chain, Jump, Table
from ..state.inset import Inset
from ..state.op import Op

# What stands for all of nftables where others have their family and form.
_NFTABLES = ("", "")


def write_rules(ops: list[Op]) -> None:
    """Carry out ``ops``: one transaction for each family and form of iptables, and one for nftables. What only removes comes last."""
    groups = [list(group) for _where, group in itertools.groupby(sorted(ops, key=_where), key=_where)]
    for group in sorted(groups, key=lambda ops: all(op.action == "remove" for op in ops)):
        one = group[0].subject
        if _where(group[0]) == _NFTABLES:
            firewall.load("".join(map(_nft_text, group)))
        elif isinstance(one, Jump) and one.form == "firewalld":
            from .firewalld import write_rich_rules

            write_rich_rules(group)
        elif isinstance(one, Jump) and one.form == "nftables":
            _accept_in_tables(group)
        elif isinstance(one, (Chain, Jump, Inset)):
            family, form = _where(group[0])
            firewall.restore(family, restore_text(lines_of(group)), form)


def _accept_in_tables(ops: list[Op]) -> None:
    from ..firewall.nft_accepts import accepts_text

    texts = []
    for op in ops:
        if isinstance(op.subject, Jump):
            before, after = (one if isinstance(one, Jump) else None for one in (op.before, op.after))
            texts.append(accepts_text(firewall.list_table(*op.subject.table.split(" ", 1)), before, after))
    firewall.load("".join(texts))


def _nft_text(op: Op) -> str:
    if isinstance(op.subject, Inset):
        from ..firewall.nft_inset import inset_text

        return inset_text(op.before, op.after)
    from ..firewall.nft_table import removing_text, replacing_text

    one = op.subject
    if not isinstance(one, Table):
        return ""
    return removing_text(one) if op.action == "remove" else replacing_text(one)


def _where(op: Op) -> tuple[str, str]:
    """Family and form of iptables; the form that the host itself uses where there is none."""
    one = op.subject
    if isinstance(one, Table) or (isinstance(one, Inset) and one.backend == "nftables"):
        return _NFTABLES
    return one.key[1], one.form if isinstance(one, (Chain, Jump)) else ""
