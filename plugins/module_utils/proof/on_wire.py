# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the declaration alone says of networks that rest on a link of the host: their traffic goes over a wire whose other end nobody here knows."""

from __future__ import annotations

from ..model.declaration import Network
from ..model.parent import PARENT_DRIVERS, effective_flag, effective_mode, is_routed
from ..model.resolve import address_in
from .row import BLOCKED, REACHED
from .site import Door, Site


def is_on_wire(network: Network | None) -> bool:
    """Whether the traffic of a network passes the host by."""
    return network is not None and network.driver in PARENT_DRIVERS


def expected_on_wire(source: Site, name: str, door: Door) -> tuple[str, str] | None:
    """``expected`` at the address of a sandbox in such a network.

    Whoever is not in the network may come by the wire, and what a switch sends back (mode vepa) is its own affair: nothing is declared about that.
    """
    network, family = source.declared[door.network], door.address.version
    if not name:
        shim = network.host_shim if isinstance(network.host_shim, tuple) else ()
        return (REACHED, "host") if any(one.version == family for one in shim) else None
    if door.network not in source.networks[name]:
        return None
    way = effective_flag(network) if network.driver == "ipvlan" else effective_mode(network)
    if way == "private":
        return BLOCKED, "private"
    ends = {end.network: address_in(end, family) for end in source.sandboxes[name].endpoints}
    at = ends[door.network]
    own = [one for one in network.subnets if at is not None and at in one.subnet and door.address in one.subnet]
    return (REACHED, "network") if way in ("bridge", "l2") and (own or is_routed(network)) else None


def may_leave_by_wire(source: Site, name: str) -> bool:
    """Whether a sandbox is on a wire, so that addresses outside may be there or beyond: where its way out leads is not declared."""
    return any(is_on_wire(source.declared.get(network)) and source.declared[network].parent is not None for network in source.networks[name])
