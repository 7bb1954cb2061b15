# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a network cannot be one of Docker's too."""

from __future__ import annotations

from .declaration import Declaration, Network
from .docker_network import docker_part, docker_range
from .report import Report
from .resolve import WAY_OUT, address_in, families, has_address
from .subnet import subnet_in

# What Docker itself calls networks of every engine, and what it takes for the first of them.
DOCKERS_OWN = ("bridge", "default", "host", "none")
# What leaves a bridge without the gateway's address.
WITHOUT_ADDRESS = {4: "inhibit_ipv4, and gateway_mode: isolated", 6: "gateway_mode_ipv6: isolated"}
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
        parts = [part for one in network.subnets for part in [docker_part(network, one)] if part is not None]
        legs = [(sandbox.name, endpoint) for sandbox in declaration.sandboxes.values() for endpoint in sandbox.endpoints if endpoint.network == name]
        for holder, leg in legs:
            for address, part in ((address_in(leg, part.version), part) for part in parts):
                if address is not None and address in part:
                    path = f"cnm_sandboxes.{holder}.networks.{name}.ipv{part.version}_address"
                    report.add(path, str(address), f"{part} of network {name} is what this host's Docker gives to its containers: choose another address")


def check_ranges_resolved(report: Report, declaration: Declaration) -> None:
    """Every network of Docker's has its range, where no ledger can give one."""
    for name, network in declaration.networks.items():
        if network.docker_network is True:
            message = "it is open which addresses Docker gives to its containers: name a part of the subnet here, since there is no ledger that gives one"
            report.add(f"cnm_networks.{name}.docker_network", "true", message)


def docker_fault(network: Network) -> str | None:
    """Why the engine cannot know this network; None if it can."""
    given = docker_range(network)
    if network.name in DOCKERS_OWN:
        return f"every engine has its own network '{network.name}': choose another name"
    if network.name == WAY_OUT:
        return "this is the way out for sandboxes on overlays, and nothing else: leave it out"
    if not network.enable_ipv4:
        return "Docker's containers have IPv4 addresses in it, perhaps beside IPv6: set enable_ipv4: true"
    for family in families(network):
        count = sum(one.subnet.version == family for one in network.subnets)
        if count > 1:
            return f"to Docker a network has one IPv{family} subnet, and this one has {count}: keep one"
        if network.driver == "bridge" and not has_address(network, family):
            return f"Docker gives the bridge the gateway's IPv{family} address, and here it is to have none: leave out {WITHOUT_ADDRESS[family]}"
    ipv4, ipv6 = subnet_in(network, 4), subnet_in(network, 6)
    if ipv4 is not None and ipv6 is not None and ipv6.subnet.num_addresses < ipv4.subnet.num_addresses:
        return f"a container has the same place in both subnets, and {ipv6.subnet} has fewer addresses than {ipv4.subnet}: choose a larger one"
    if given is not None and ipv4 is not None and (docker_part(network, ipv4) is None or given.prefixlen > LONGEST_PREFIX):
        return f"the containers of this host get addresses from a part of the subnet: choose a range of at least two addresses in {ipv4.subnet}"
    return None


def shown_range(network: Network) -> str:
    """What is declared, as it is written."""
    return str(network.docker_network).lower()
