# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of ours beside those of Docker: kept apart as two of Docker's are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from ..model.declaration import Network
from ..model.resolve import families
from ..state.rule import Rule
from ..state.tag import NAME_PREFIX
from .place import GUARD, Place

# Every bridge of ours that has no name of its own: see link_name.
_BRIDGES = f"{NAME_PREFIX}b+"


def rules(networks: Collection[Network], docker_bridges: Iterable[str]) -> Iterator[tuple[Place, int, Rule]]:
    """Nothing begins to talk from a network of ours to an address in one of Docker's; published ports stay open, as they are to everybody."""
    # One of ours has its own guard, also where Docker knows it.
    named = {network.bridge_name for network in networks}
    bridges = [name for name in docker_bridges if name not in named and not name.startswith(NAME_PREFIX)]
    for network in networks if bridges else ():
        for family in families(network) if network.driver == "bridge" else ():
            for name in bridges:
                yield GUARD.of(family), 3, Rule("DROP", in_interface=network.bridge_name or _BRIDGES, out_interface=name)
