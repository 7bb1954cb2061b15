# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which remembered UDP connections a change of rules makes wrong.

Conntrack decides once, at the first packet, where a connection leads. Who goes on sending to a port that has moved goes on
reaching where it led before (moby 8795, 53384), so what is remembered of it has to go.
"""

from __future__ import annotations

from collections.abc import Iterable

from .chain import Chain, Connections, Table
from .objects import Object
from .op import Op
from .rule import Rule

Placed = tuple[str, Rule]


def forget(ops: Iterable[Op]) -> list[Op]:
    """One step for each family in which ``ops`` change a published UDP port, or whom it is open to."""
    listed = list(ops)
    before = {one for op in listed for one in _of_udp_ports(op.before)}
    after = {one for op in listed for one in _of_udp_ports(op.after)}
    found = []
    for family in sorted({family for family, _rule in before ^ after}):
        changed = [rule for other, rule in before ^ after if other == family]
        ports = {(rule.destination or "", int(rule.port)) for rule in changed if rule.port is not None}
        left = {rule.to.rpartition(":")[0].strip("[]") for other, rule in before - after if other == family and rule.to}
        found.append(Op("forget", before=Connections(family, tuple(sorted(ports)), tuple(sorted(left)))))
    return found


def _of_udp_ports(one: Object | None) -> Iterable[Placed]:
    chains = one.parts if isinstance(one, Table) else (one,)
    for chain in chains:
        if isinstance(chain, Chain):
            for rule in chain.rules:
                if rule.protocol == "udp" and isinstance(rule.port, int) and (rule.target == "DNAT" or rule.local_destination):
                    yield chain.family, rule
