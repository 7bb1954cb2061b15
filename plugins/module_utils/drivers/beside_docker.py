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
from .place import FORWARD, GUARD, Place

# Every bridge of ours that has no name of its own: see link_name.
_BRIDGES = f"{NAME_PREFIX}b+"


def rules(networks: Collection[Network], docker_bridges: Iterable[str], isolating: Iterable[tuple[str, str]]) -> Iterator[tuple[Place, int, Rule]]:
    """Nothing begins to talk from a network of ours to an address in one of Docker's; published ports stay open, as they are to everybody.

    docker_bridges: those that Docker does not close itself. isolating: where it drops, by family, what its own other bridges send to one of them. It keeps
    that chain up to date, so what ours send is led there too: a network that it makes later is closed as well.
    """
    # One of ours has its own guard, also where Docker knows it.
    named = {network.bridge_name for network in networks}
    bridges = [name for name in docker_bridges if name not in named and not name.startswith(NAME_PREFIX)]
    chains = dict(isolating)
    for network in networks:
        ours = network.bridge_name or _BRIDGES
        for family in families(network) if network.driver == "bridge" else ():
            for name in bridges:
                yield GUARD.of(family), 3, Rule("DROP", in_interface=ours, out_interface=name)
            place = FORWARD.of(family)
            if place.family in chains:
                yield place, -2, Rule("ACCEPT", out_interface=ours)
                yield place, -2, Rule("ACCEPT", in_interface=ours, states=("DNAT",))
                yield place, -1, Rule(chains[place.family], in_interface=ours, states=("NEW",))
