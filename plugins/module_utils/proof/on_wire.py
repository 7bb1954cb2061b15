# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the declaration alone says of networks that rest on a link of the host.

A network of scope ``fleet`` is one wire: whoever is in one subnet of it on two hosts is beside each other there. Of a wire beyond that nothing is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..model.declaration import IPAddress, IPNetwork, Network
from ..model.parent import PARENT_DRIVERS, effective_flag, effective_mode, is_routed
from ..model.resolve import address_in
from ..model.tuning import over
from .row import BLOCKED, REACHED

if TYPE_CHECKING:
    from .site import Door, Site


def is_on_wire(network: Network | None) -> bool:
    """Whether the traffic of a network passes the host by."""
    return network is not None and network.driver in PARENT_DRIVERS


def subnet_on_wire(network: Network, address: IPAddress | None) -> IPNetwork | None:
    """The subnet of a network that an address is in."""
    return next((one.subnet for one in network.subnets if address is not None and address in one.subnet), None)


def expected_on_wire(source: Site, name: str, door: Door) -> tuple[str, str] | None:
    """``expected`` at the address of a sandbox in such a network.

    Whoever is not in the network may come by the wire, unless no route of his leads there.
    """
    network, family, is_here = door.declared or Network(door.network), door.address.version, source.host == door.host
    if not name:
        shim = network.host_shim if is_here and isinstance(network.host_shim, tuple) else ()
        return (REACHED, "host") if any(one.version == family for one in shim) else None
    subnet = subnet_on_wire(network, door.address)
    if door.network not in source.networks[name]:
        return (BLOCKED, "isolation") if subnet is not None and is_cut_off(source, name, subnet) else None
    ends = {end.network: address_in(end, family) for end in source.sandboxes[name].endpoints}
    at = ends[door.network]
    return among_members(source.declared[door.network], network, is_here, at is not None and subnet is not None and at in subnet)


def among_members(asking: Network, asked: Network, is_here: bool, in_one_subnet: bool) -> tuple[str, str] | None:
    """The same of two who are in it. asking, asked: the network as the host of each declares it. is_here: both are on one host.

    What a switch sends back (mode vepa) is its own affair. Over hosts, what routes by itself (ipvlan l3) answers no ARP, and so is reached only by routes
    that others have set.
    """
    if not is_here:
        if is_routed(asked) or not in_one_subnet:
            return None
        return (REACHED, "network") if asking.parent and asked.parent else (BLOCKED, "parentless")
    way = effective_flag(asked) if asked.driver == "ipvlan" else effective_mode(asked)
    if way == "private":
        return BLOCKED, "private"
    return (REACHED, "network") if way in ("bridge", "l2") and (in_one_subnet or is_routed(asked)) else None


def is_cut_off(source: Site, name: str, subnet: IPNetwork) -> bool:
    """Whether no route of a sandbox leads to a subnet: it has no way out, and none of its networks is, or leads, there."""
    if subnet.version in source.gateways[name]:
        return False
    for end in source.sandboxes[name].endpoints:
        network = source.declared[end.network]
        ways = [one.destination for one in over(network.tuning, end.tuning).routes if one.type == "unicast"]
        if any(one.version == subnet.version and one.overlaps(subnet) for one in (*ways, *(held.subnet for held in network.subnets))):
            return False
    return True


def may_leave_by_wire(source: Site, name: str) -> bool:
    """Whether a sandbox is on a wire, so that addresses outside may be there or beyond: where its way out leads is not declared."""
    return name in source.wired
