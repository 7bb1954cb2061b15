# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that the Docker engine of each host knows too (``docker_network``): which addresses are Docker's.

Each host's Docker gives its containers addresses of a range of its own. On an overlay it is a gateway of its own too, with the first address of the range.
What is declared and kept is the range of IPv4; that of IPv6 lies in the same place of its subnet, so that each container finds one of both.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network

from .declaration import IPAddress, IPNetwork, Network, Subnet
from .report import Report
from .subnet import declared_at, given_range, subnet_in
from .values import read_boolean, read_ipv4_subnet


def read_docker_network(value: object) -> bool | IPv4Network:
    """Whether Docker knows the network, or which addresses are its on this host."""
    if isinstance(value, bool) or (isinstance(value, str) and value.lower() in ("true", "false")):
        return read_boolean(value)
    return read_ipv4_subnet(value)


def docker_range(network: Network) -> IPv4Network | None:
    """The IPv4 addresses that this host's Docker gives to containers; None where Docker does not know the network, and while the ledger has not chosen them."""
    return network.docker_network if isinstance(network.docker_network, IPv4Network) else None


def same_part(part: IPv4Network, subnet: IPNetwork, other: IPNetwork) -> IPNetwork | None:
    """What ``part`` is of ``subnet``, of ``other``: as many addresses, as far behind the first one; None where it does not lie in both."""
    size, behind = part.num_addresses, int(part.network_address) - int(subnet.network_address)
    if not (isinstance(subnet, IPv4Network) and part.subnet_of(subnet) and behind + size <= other.num_addresses):
        return None
    return type(other)((int(other.network_address) + behind, other.max_prefixlen - size.bit_length() + 1))


def docker_part(network: Network, subnet: Subnet) -> IPNetwork | None:
    """The addresses of one of the network's subnets that this host's Docker gives to containers; None where that is not known, or cannot be."""
    given, own = docker_range(network), subnet_in(network, 4)
    return None if given is None or own is None else same_part(given, own.subnet, subnet.subnet)


def docker_gateway(network: Network, subnet: Subnet) -> IPAddress | None:
    """The first address of a host's range of a subnet; None where there is none."""
    part = docker_part(network, subnet)
    return None if part is None else given_range(replace(subnet, ip_range=part))[0]


def with_docker_gateway(network: Network) -> Network:
    """The network with the gateways that an overlay has on a host where Docker knows it."""
    if network.driver != "overlay" or docker_range(network) is None:
        return network
    return replace(network, subnets=tuple(replace(one, gateway=docker_gateway(network, one) or one.gateway) for one in network.subnets))


def report_gateways(report: Report, network: Network) -> None:
    """A gateway that is declared for an overlay would be one for all hosts, where each host's Docker is its own."""
    for one in network.subnets if network.driver == "overlay" and network.docker_network is not False else ():
        if one.gateway not in (None, docker_gateway(network, one)):
            message = "with docker_network each host has a gateway of its own, the first address of its range: leave it out"
            report.add(declared_at(network.name, one, "gateway"), str(one.gateway), message)
