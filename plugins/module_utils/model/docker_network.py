# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that the Docker engine of each host knows too (``docker_network``): which addresses are Docker's.

Each host's Docker gives its containers addresses of a range of its own. On an overlay it is a gateway of its own too, with the first address of the range.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network

from .declaration import IPAddress, Network, Subnet
from .report import Report
from .subnet import declared_at, given_range
from .values import read_boolean, read_ipv4_subnet


def read_docker_network(value: object) -> bool | IPv4Network:
    """Whether Docker knows the network, or which addresses are its on this host."""
    if isinstance(value, bool) or (isinstance(value, str) and value.lower() in ("true", "false")):
        return read_boolean(value)
    return read_ipv4_subnet(value)


def docker_range(network: Network) -> IPv4Network | None:
    """The addresses that this host's Docker gives to containers; None where Docker does not know the network, and while the ledger has not chosen them."""
    return network.docker_network if isinstance(network.docker_network, IPv4Network) else None


def docker_gateway(subnet: Subnet, given: IPv4Network) -> IPAddress:
    """The first address of a host's range of a subnet."""
    return given_range(replace(subnet, ip_range=given))[0]


def with_docker_gateway(network: Network) -> Network:
    """The network with the gateway that an overlay has on a host where Docker knows it."""
    given = docker_range(network)
    if network.driver != "overlay" or given is None:
        return network
    subnets = tuple(replace(one, gateway=docker_gateway(one, given)) if one.subnet.version == 4 else one for one in network.subnets)
    return replace(network, subnets=subnets)


def report_gateways(report: Report, network: Network) -> None:
    """A gateway that is declared for an overlay would be one for all hosts, where each host's Docker is its own."""
    given = docker_range(network)
    for one in network.subnets if network.driver == "overlay" and network.docker_network is not False else ():
        if one.gateway is not None and one.subnet.version == 4 and (given is None or one.gateway != docker_gateway(one, given)):
            message = "with docker_network each host has a gateway of its own, the first address of its range: leave it out"
            report.add(declared_at(network.name, one, "gateway"), str(one.gateway), message)
