# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A declaration as ``docker network inspect`` shows networks: the same keys, so that what reads one reads the other."""

from __future__ import annotations

from ..model.declaration import Declaration, Network
from ..model.resolve import effective_mac
from .driver import DRIVERS


def inspect_networks(declaration: Declaration, fleet: str) -> list[dict[str, object]]:
    """The networks of a host with the endpoints that are in them. ``Id`` and ``EndpointID`` are the names of the links on the host."""
    return [_inspect(declaration, network, fleet) for _name, network in sorted(declaration.networks.items())]


def _inspect(declaration: Declaration, network: Network, fleet: str) -> dict[str, object]:
    driver = DRIVERS[network.driver]
    length = network.subnets[0].subnet.prefixlen if network.subnets else 32
    containers = {}
    for name, sandbox in sorted(declaration.sandboxes.items()):
        for endpoint in sandbox.endpoints:
            if endpoint.network == network.name:
                address = f"{endpoint.ipv4_address}/{length}" if endpoint.ipv4_address else ""
                containers[name] = {"Name": name, "MacAddress": effective_mac(endpoint) or "", "IPv4Address": address, "IPv6Address": ""}
    return {
        "Name": network.name,
        "Id": driver.network_id(fleet, network),
        "Scope": "local" if network.scope == "host" else "global",
        "Driver": network.driver,
        "EnableIPv4": True,
        "EnableIPv6": False,
        "Internal": network.internal,
        "IPAM": {"Driver": "default", "Config": [{"Subnet": str(one.subnet), "Gateway": str(one.gateway)} for one in network.subnets]},
        "Containers": containers,
        "Options": driver.docker_options(fleet, network),
    }
