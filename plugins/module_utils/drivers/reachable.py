# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which other networks may reach the sandboxes of a network at their own addresses: what is declared as ``reachable_from``, as rules and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..model.declaration import Network
from ..model.resolve import families
from ..state.rule import Rule
from ..state.tag import link_name
from .place import GUARD, Place

LINK = "link:"


def bridge_of(fleet: str, network: Network) -> str:
    """The name of a network's bridge on the host."""
    return network.bridge_name or link_name("b", fleet, network.name)


def rules(fleet: str, networks: Mapping[str, Network]) -> Iterator[tuple[Place, int, Rule]]:
    """Who is let in, before all others are refused. What is answered is let through anyway. Docker's networks are told by their links."""
    for network in networks.values():
        # By the links' names, so that it does not matter by which of its names a way in was declared.
        for link in sorted({_link(fleet, networks, one) for one in network.reachable_from}):
            for family in families(network):
                yield GUARD.of(family), 2, Rule("RETURN", in_interface=link, out_interface=bridge_of(fleet, network))


def _link(fleet: str, networks: Mapping[str, Network], name: str) -> str:
    return name[len(LINK) :] if name.startswith(LINK) else bridge_of(fleet, networks[name])


def read_back(bridge: str, guard: Iterable[Rule], names: Mapping[str, str]) -> tuple[str, ...]:
    """Who is let into ``bridge``. names: of our networks, by their bridges."""
    links = {rule.in_interface for rule in guard if rule == Rule("RETURN", in_interface=rule.in_interface, out_interface=bridge)}
    return tuple(sorted(names.get(link, LINK + link) for link in links if link))
