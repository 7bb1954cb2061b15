# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewall rules of ours as objects of a host: chains and tables, the ways into them, and what was remembered of rules before."""

from __future__ import annotations

from dataclasses import dataclass, field

from .objects import Key
from .rule import Rule


@dataclass(frozen=True)
class Chain:
    """A firewall chain of ours with all its rules. ``family``: ``ipv4`` or ``ipv6``. form: of iptables that holds it, ``nft`` or ``legacy``."""

    family: str
    table: str
    name: str
    rules: tuple[Rule, ...] = ()
    form: str = "nft"

    @property
    def key(self) -> Key:
        return ("chain", self.family, self.form, self.table, self.name)


@dataclass(frozen=True)
class Jump:
    """The way from a chain that is not ours into one of ours, or to a verdict.

    rules: all that lead there: one, and of accepts as many as are needed. position: where missing ones are put: ``first``, ``last``, or the
    number that they had ("2"). reached: whether no other rule before them ends the way of every packet.
    """

    family: str
    table: str
    chain: str
    target: str
    rules: tuple[Rule, ...]
    position: str = field(default="first", compare=False)
    form: str = "nft"
    reached: bool = True

    @property
    def key(self) -> Key:
        return ("jump", self.family, self.form, self.table, self.chain, self.target)


@dataclass(frozen=True)
class Table:
    """The nftables table of a fleet, family inet, with all that is in it: chains of ours, and the jumps to them from its base chains."""

    name: str
    parts: tuple[Chain | Jump, ...] = ()

    @property
    def key(self) -> Key:
        return ("table", self.name)


@dataclass(frozen=True)
class Connections:
    """What conntrack remembers of UDP (which has no end that it could see) to ports of the host, as (address or empty, port).

    addresses: where they led before.
    """

    family: str
    ports: tuple[tuple[str, int], ...] = ()
    addresses: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        return ("connections", self.family)
