# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Docker's own rules tell about its networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..state.rule import Rule

# Until 27, Docker drops here what one of its bridges sends to another one. Since 28 it drops what anybody sends to its bridges, elsewhere.
_STAGE_2 = "DOCKER-ISOLATION-STAGE-2"


def open_bridges(chains: Mapping[str, Sequence[Rule]]) -> tuple[str, ...]:
    """The bridges that Docker closes to its own other bridges alone, so that they are open to those of others. chains: its table filter."""
    return tuple(sorted({rule.out_interface for rule in chains.get(_STAGE_2, ()) if rule.target == "DROP" and rule.out_interface}))
