# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of ours where others have rules too, as an object of a host."""

from __future__ import annotations

from dataclasses import dataclass, field

from .rule import Rule


@dataclass(frozen=True)
class Inset:
    """Rules of ours in a chain that is not ours (DOCKER-USER), each with a comment that begins with ``mark``.

    backend: ``iptables``, or ``nftables``, where nobody else has such a chain: then it is a base chain of ours, and ``table`` is ours too.

    position: ``first`` before those of others, ``last`` after them, ``mixed``. The others keep their order, and a RETURN at the end of
    the chain stays there. reached: whether ``builtin`` leads into the chain once, and before all else.
    Seen only: standing: the whole chain, None where there is none. jumps: those that lead there. alone: whether nobody else needs it.
    """

    family: str
    table: str
    chain: str
    builtin: str
    mark: str
    rules: tuple[Rule, ...]
    position: str = "first"
    reached: bool = True
    backend: str = "iptables"
    standing: tuple[Rule, ...] | None = field(default=None, compare=False)
    jumps: tuple[Rule, ...] = field(default=(), compare=False)
    alone: bool = field(default=False, compare=False)

    @property
    def key(self) -> tuple[str, ...]:
        return ("inset", self.family, self.table, self.chain)
