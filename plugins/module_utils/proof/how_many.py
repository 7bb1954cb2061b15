# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many pairs there are to prove, by arithmetic: of a large fleet they are never enumerated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..model.declaration import IPNetwork
from ..model.parent import is_routed
from ..model.resolve import gateway_mode, has_address
from .askers import askers, local_sources, ways_out
from .on_wire import is_cut_off, is_on_wire, subnet_on_wire
from .site import Door, Group, Site, endpoint_doors, published_doors


@dataclass(frozen=True)
class Abroad:
    """Of the doors in one subnet of a wire: how many sandboxes have no route there, and are in its network, by host."""

    cut_off: dict[str, int]
    members: dict[str, int]

    def askers(self, door: Door) -> int:
        """Those of other hosts that are asked about a door."""
        reaching = 0 if door.declared is None or is_routed(door.declared) else _elsewhere(self.members, door.host)
        return _elsewhere(self.cut_off, door.host) + reaching


def count(sites: Sequence[Site]) -> int:
    """How many pairs ``every_pair`` would yield."""
    total = 0
    everybody = sum(len(site.sandboxes) for site in sites)
    abroad: dict[tuple[Group, IPNetwork | None], Abroad] = {}
    for site in sites:
        for door in endpoint_doors(site):
            if door.witness and not is_on_wire(door.declared):
                total += everybody - 1
                continue
            if door.is_wide:
                subnet = subnet_on_wire(site.declared[door.network], door.address)
                if (door.group, subnet) not in abroad:
                    abroad[door.group, subnet] = _abroad(sites, door, subnet)
                total += abroad[door.group, subnet].askers(door)
            network = site.declared[door.network]
            family = door.address.version
            is_plain = not is_on_wire(network) and has_address(network, family) and gateway_mode(network, family) == "nat" and not network.reachable_from
            total += len(site.sandboxes) if is_plain else sum(1 for _pair in askers((site,), door))
        for door in published_doors(site):
            total += len(local_sources(site, door))
            if door.address == site.underlay:
                total += len(sites) - 1
        total += sum(1 for _pair in ways_out(site))
    return total


def _abroad(sites: Sequence[Site], door: Door, subnet: IPNetwork | None) -> Abroad:
    """Each sandbox of the fleet is looked at once for a subnet."""
    members = {host: len(found) for host, found in sites[0].members[door.group].items()}
    cut_off = {
        site.host: sum(1 for name in site.sandboxes if subnet is not None and door.network not in site.networks[name] and is_cut_off(site, name, subnet))
        for site in sites
    }
    return Abroad(cut_off, members)


def _elsewhere(numbers: dict[str, int], host: str) -> int:
    return sum(numbers.values()) - numbers.get(host, 0)
