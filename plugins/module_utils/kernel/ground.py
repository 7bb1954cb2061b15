# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's firewall is like before anything is changed."""

from __future__ import annotations

from ..firewall import run as firewall
from ..firewall.judge import DOCKER_TABLES, FAMILIES, Sight
from ..state.tag import NAME_PREFIX
from .nftables import read_forward_chains, read_tables
from .rules import read_saved


def read_sight() -> Sight:
    """What is to be seen of it. Tables that iptables keeps in nftables are read by iptables, those of Docker and ours are known."""
    tables = read_tables()
    tools = {family: firewall.find_tool(family, "restore") for family in FAMILIES}
    nft = firewall.find_nft() is not None
    forward = {(one.family, one.table, one.name): one.drops for one in read_forward_chains() if not _is_known(one.family, one.table, one.name)}
    return Sight(
        saved=read_saved(tables),
        installed={family: firewall.form_of(tool) for family, tool in tools.items() if tool},
        nft=nft,
        tables=frozenset(tables),
        forward=forward,
        listed={(family, table): firewall.list_table(family, table) for family, table, _name in forward} if nft else {},
    )


def _is_known(family: str, table: str, chain: str) -> bool:
    of_iptables = family in ("ip", "ip6") and chain == "FORWARD"
    return of_iptables or (family, table) in DOCKER_TABLES or (family == "inet" and table.startswith(f"{NAME_PREFIX}-"))
