# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a network cannot be one of Docker's too."""

from __future__ import annotations

from .declaration import Declaration, Network
from .docker_network import docker_range
from .report import Report
from .resolve import WAY_OUT, has_address

# What Docker itself calls networks of every engine, and what it takes for the first of them.
DOCKERS_OWN = ("bridge", "default", "host", "none")
# Room for Docker's gateway and a container.
LONGEST_PREFIX = 31


def check_docker_networks(report: Report, declaration: Declaration) -> None:
    """Docker can know the network, its range lies in the subnet, and no sandbox of the host is in there."""
    for name, network in declaration.networks.items():
        if network.docker_network is False:
            continue
        fault = docker_fault(network)
        if fault is not None:
            report.add(f"cnm_networks.{name}.docker_network", shown_range(network), fault)
            continue
        for sandbox in declaration.sandboxes.values():
            for endpoint in sandbox.endpoints:
                given = docker_range(network)
                if endpoint.network == name and given is not None and endpoint.ipv4_address is not None and endpoint.ipv4_address in given:
                    path = f"cnm_sandboxes.{sandbox.name}.networks.{name}.ipv4_address"
                    message = f"{given} of network {name} is what this host's Docker gives to its containers: choose another address"
                    report.add(path, str(endpoint.ipv4_address), message)


def check_ranges_resolved(report: Report, declaration: Declaration) -> None:
    """Every network of Docker's has its range, where no ledger can give one."""
    for name, network in declaration.networks.items():
        if network.docker_network is True:
            message = "it is open which addresses Docker gives to its containers: name a part of the subnet here, since there is no ledger that gives one"
            report.add(f"cnm_networks.{name}.docker_network", "true", message)


def docker_fault(network: Network) -> str | None:
    """Why the engine cannot know this network; None if it can."""
    subnets = [one.subnet for one in network.subnets if one.subnet.version == 4]
    given = docker_range(network)
    if network.name in DOCKERS_OWN:
        return f"every engine has its own network '{network.name}': choose another name"
    if network.name == WAY_OUT:
        return "this is the way out for sandboxes on overlays, and nothing else: leave it out"
    if not network.enable_ipv4:
        return "Docker's containers have IPv4 addresses in it: set enable_ipv4: true"
    if network.driver == "bridge" and network.enable_ipv6:
        return "Docker takes IPv6 addresses away from a bridge to which it gives IPv4 alone: set enable_ipv6: false, or leave this out"
    if len(subnets) > 1:
        return f"to Docker a network has one IPv4 subnet, and this one has {len(subnets)}: keep one"
    if network.driver == "bridge" and not has_address(network, 4):
        return "Docker gives the bridge the gateway's IPv4 address, and here it is to have none: leave out inhibit_ipv4, and gateway_mode: isolated"
    if given is not None and subnets and not (given.subnet_of(subnets[0]) and given.prefixlen <= LONGEST_PREFIX):
        return f"the containers of this host get addresses from a part of the subnet: choose a range of at least two addresses in {subnets[0]}"
    return None


def shown_range(network: Network) -> str:
    """What is declared, as it is written."""
    return str(network.docker_network).lower()
