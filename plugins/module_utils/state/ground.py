# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a host's firewall decides where rules of ours stand."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Blocker:
    """A base chain of somebody else's nftables table that drops what is forwarded. names: all names that occur in that table."""

    table: str
    chain: str
    names: frozenset[str] = frozenset()

    def knows(self, link: str) -> bool:
        """Whether the table names a link, itself or by a pattern (``cnm*``): then somebody has thought of it."""
        return any(name == link or (name.endswith("*") and link.startswith(name[:-1])) for name in self.names)


@dataclass(frozen=True)
class Ground:
    """backend: ``iptables`` or ``nftables``, which carries our rules. legacy: the families whose iptables is the legacy form.

    first: families in which some rule of the chain FORWARD drops all that is left, so that accepts must stand before it. dropping: chains of
    iptables, as (family, form, chain), that need accepts of ours since no chain of ours is behind them. blockers: chains that drop and that
    nobody can write accepts into. both: the families in which both forms of iptables hold rules of others, and where, in words: of nft, of legacy.
    closed: where others may drop what comes to the host itself, as (family, form, table, chain) of a Jump. isolating: chains, as (family, chain), in which
    Docker itself drops what is for its bridges.
    """

    backend: str = "iptables"
    legacy: frozenset[str] = frozenset()
    first: frozenset[str] = frozenset()
    dropping: tuple[tuple[str, str, str], ...] = ()
    blockers: tuple[Blocker, ...] = ()
    both: tuple[tuple[str, str, str], ...] = ()
    closed: tuple[tuple[str, str, str, str], ...] = ()
    isolating: tuple[tuple[str, str], ...] = ()

    def form(self, family: str) -> str:
        """The form of iptables that is in use."""
        return "legacy" if family in self.legacy else "nft"


# iptables in its nft form, and nobody else's rules.
PLAIN = Ground()
