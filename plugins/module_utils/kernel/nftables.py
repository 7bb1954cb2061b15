# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tables and base chains nftables holds in this namespace, asked of the kernel itself: no tool is needed, and no rule is read."""

from __future__ import annotations

import errno
import struct
from dataclasses import dataclass

from ..firewall.closed import DOCKER_TABLES
from ..state.tag import NAME_PREFIX
from .netlink import NETLINK_NETFILTER, Attributes, Refused, RouteSocket, attributes

# linux/netfilter/nf_tables.h. The attributes of a chain: its table, name, hook (number, priority) and policy.
_SUBSYSTEM = 10
_GET_TABLE, _GET_CHAIN = (_SUBSYSTEM << 8) | 1, (_SUBSYSTEM << 8) | 4
_TABLE_NAME = 1
_CHAIN_TABLE, _CHAIN_NAME, _CHAIN_HOOK, _CHAIN_POLICY = 1, 3, 4, 5
_HOOK_NUMBER = 1
_HOOKS = {1: "input", 2: "forward"}
_DROP = 0
_HEADER = struct.Struct("=BBH")
_NUMBER = struct.Struct("!I")
_FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}


@dataclass(frozen=True)
class BaseChain:
    """A base chain that sees what is forwarded, or for the host itself. family, hook: as nft calls them. drops: whether its policy is drop."""

    family: str
    table: str
    name: str
    hook: str
    drops: bool


def read_tables() -> set[tuple[str, str]]:
    """Family and name of every table."""
    return {(family, _text(found, _TABLE_NAME)) for family, found in _dump(_GET_TABLE)}


def foreign_chains() -> list[BaseChain]:
    """The base chains of others. Tables that iptables keeps in nftables are read by iptables, those of Docker and ours are known."""
    return [one for one in read_base_chains() if not _is_known(one)]


def _is_known(one: BaseChain) -> bool:
    of_iptables = one.family in ("ip", "ip6") and one.name in ("FORWARD", "INPUT")
    return of_iptables or (one.family, one.table) in DOCKER_TABLES or (one.family in ("inet", "ip", "ip6") and one.table.startswith(f"{NAME_PREFIX}-"))


def read_base_chains() -> list[BaseChain]:
    """The base chains at the hooks input and forward, in every family."""
    chains = []
    for family, found in _dump(_GET_CHAIN):
        hook = attributes(found[_CHAIN_HOOK], 0) if _CHAIN_HOOK in found else {}
        at = _HOOKS.get(_NUMBER.unpack(hook[_HOOK_NUMBER])[0], "") if _HOOK_NUMBER in hook else ""
        if at and family in ("inet", "ip", "ip6", "bridge"):
            drops = _CHAIN_POLICY in found and _NUMBER.unpack(found[_CHAIN_POLICY])[0] == _DROP
            chains.append(BaseChain(family, _text(found, _CHAIN_TABLE), _text(found, _CHAIN_NAME), at, drops))
    return chains


def _dump(kind: int) -> list[tuple[str, Attributes]]:
    """(family, attributes) of each; nothing where the kernel has no nftables."""
    try:
        with RouteSocket(NETLINK_NETFILTER) as netlink:
            bodies = list(netlink.dump(kind, _HEADER.pack(0, 0, 0)))
    except OSError as error:
        if isinstance(error, Refused) or error.errno == errno.EPROTONOSUPPORT:
            return []
        raise
    return [(_FAMILIES.get(body[0], ""), attributes(body, _HEADER.size)) for body in bodies]


def _text(found: Attributes, number: int) -> str:
    return found.get(number, b"").rstrip(b"\0").decode(errors="surrogateescape")
