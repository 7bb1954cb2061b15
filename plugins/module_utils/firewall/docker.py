# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Docker's own rules tell about its networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..state.rule import Rule

ISOLATION = "DOCKER-ISOLATION-STAGE-2"
# Until 27, Docker leads what is for one of its bridges from FORWARD itself to its chain DOCKER, and drops what another of its bridges sends in STAGE-2, which
# 20.10 loses when firewalld is reloaded. Since 28 it drops what anybody sends to its bridges.
_SIGNS = (("FORWARD", "DOCKER"), (ISOLATION, "DROP"))


def open_bridges(chains: Mapping[str, Sequence[Rule]]) -> tuple[str, ...]:
    """The bridges that Docker closes to its own other bridges alone, so that they are open to those of others. chains: its table filter."""
    found = {rule.out_interface for chain, target in _SIGNS for rule in chains.get(chain, ()) if rule.target == target}
    return tuple(sorted(name for name in found if name and not name.startswith("!")))
