# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses a subnet has for whom."""

from __future__ import annotations

from dataclasses import replace

from .declaration import IPAddress, IPNetwork, Network, Subnet


def usable_range(subnet: IPNetwork) -> tuple[IPAddress, IPAddress]:
    """First and last address that a host can have: all but the network and the broadcast address; IPv6 has no broadcast, and its first
    address is that of every router of the subnet (RFC 4291).

    A /31 and a /127 have two of them (RFC 3021, RFC 6164), a /32 and a /128 one.
    """
    if subnet.prefixlen >= subnet.max_prefixlen - 1:
        return subnet.network_address, subnet.broadcast_address
    return subnet.network_address + 1, subnet.broadcast_address - (1 if subnet.version == 4 else 0)


def given_range(subnet: Subnet) -> tuple[IPAddress, IPAddress]:
    """First and last address that is given away: those of ip_range, where there is one. Its own first and last address are given too, as in Docker."""
    first, last = usable_range(subnet.subnet)
    if subnet.ip_range is None:
        return first, last
    low, high = subnet.ip_range.network_address, subnet.ip_range.broadcast_address
    return (low if int(low) > int(first) else first), (high if int(high) < int(last) else last)


def gateway_of(subnet: Subnet) -> IPAddress | None:
    """The declared gateway, else the first address that can be given away, as Docker chooses it. An internal network has one too: its bridge's address.

    None where the gateway would be somebody else's on the wire, and none is declared.
    """
    if subnet.gateway is not None or subnet.bare:
        return subnet.gateway
    reserved = {address for _name, address in subnet.aux_addresses}
    first, last = given_range(subnet)
    while first in reserved and int(first) < int(last):
        first += 1
    return first


def with_gateways(network: Network) -> Network:
    """The network with the gateway of each subnet, where it has one, written out."""
    return replace(network, subnets=tuple(replace(one, gateway=gateway_of(one)) for one in network.subnets))


def declared_at(network: str, subnet: Subnet, key: str = "subnet") -> str:
    """The place in the variables where a network declares this of a subnet, or could."""
    path = f"cnm_networks.{network}.ipam"
    return path if subnet.entry is None else f"{path}.config[{subnet.entry}].{key}"


def subnet_in(network: Network, family: int) -> Subnet | None:
    """The network's subnet of one family."""
    return next((one for one in network.subnets if one.subnet.version == family), None)


def subnet_of(network: Network, address: IPAddress) -> Subnet | None:
    """The network's subnet that an address is in, else the first of its family."""
    return next((one for one in network.subnets if address in one.subnet), None) or subnet_in(network, address.version)


def lies_between(address: IPAddress, first: IPAddress, last: IPAddress) -> bool:
    """Whether an address is one of a range of its family."""
    return address.version == first.version and int(first) <= int(address) <= int(last)
