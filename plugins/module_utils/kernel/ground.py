# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's firewall is like before anything is changed."""

from __future__ import annotations

from dataclasses import replace

from ..firewall import run as firewall
from ..firewall.judge import FAMILIES, Sight
from .nftables import foreign_chains, read_tables
from .rules import read_saved


def read_sight() -> Sight:
    """What is to be seen of it. Tables that iptables keeps in nftables are read by iptables, those of Docker and ours are known."""
    sight, chains = read_forms(), foreign_chains()
    return replace(
        sight,
        forward={(one.family, one.table, one.name): one.drops for one in chains if one.hook == "forward"},
        input={(one.family, one.table, one.name): one.drops for one in chains if one.hook == "input"},
        listed={where: firewall.list_table(*where) for where in sorted({(one.family, one.table) for one in chains})} if sight.nft else {},
    )


def read_forms() -> Sight:
    """What tells which tools are there, and which of them others use; without what others have in nftables itself."""
    tables = read_tables()
    tools = {family: firewall.find_tool(family, "restore") for family in FAMILIES}
    return Sight(
        saved=read_saved(tables),
        installed={family: firewall.form_of(tool) for family, tool in tools.items() if tool},
        nft=firewall.find_nft() is not None,
        tables=frozenset(tables),
    )
