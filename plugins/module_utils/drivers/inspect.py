# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A declaration as ``docker network inspect`` shows networks: the same keys, so that what reads one reads the other."""

from __future__ import annotations

from dataclasses import replace

from ..model.declaration import Declaration, Endpoint, Network, Subnet
from ..model.docker_network import docker_part
from ..model.options import subnet_options
from ..model.parent import has_own_macs
from ..model.resolve import FAMILIES, address_in, effective_mac
from .driver import driver_named

# The keys of ipam.config as Docker spells them here.
IPAM_KEYS = {"subnet": "Subnet", "ip_range": "IPRange", "gateway": "Gateway", "aux_addresses": "AuxiliaryAddresses"}


def inspect_networks(declaration: Declaration, fleet: str) -> list[dict[str, object]]:
    """The networks of a host with the endpoints that are in them. ``Id`` is the name of the link on the host."""
    return [_inspect(declaration, network, fleet) for _name, network in sorted(declaration.networks.items())]


def _inspect(declaration: Declaration, network: Network, fleet: str) -> dict[str, object]:
    driver = driver_named(network.driver)
    containers = {}
    for name, sandbox in sorted(declaration.sandboxes.items()):
        for endpoint in sandbox.endpoints:
            if endpoint.network == network.name:
                mac = effective_mac(endpoint) if has_own_macs(network) else None  # else all have that of the parent
                addresses = {f"IPv{family}Address": _address(network, endpoint, family) for family in FAMILIES}
                containers[name] = {"Name": name, "MacAddress": mac or "", **addresses}
    return {
        "Name": network.name,
        "Id": driver.network_id(fleet, network),
        "Scope": "local" if network.scope == "host" else "global",
        "Driver": network.driver,
        "EnableIPv4": network.enable_ipv4,
        "EnableIPv6": network.enable_ipv6,
        "Internal": network.internal,
        # As Docker has it of an overlay: containers that Swarm does not start can be on it.
        "Attachable": network.driver == "overlay",
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "IPAM": {"Driver": "default", "Options": {}, "Config": [_config(subnet, network) for subnet in network.subnets]},
        "Containers": containers,
        "Options": driver.docker_options(fleet, network),
        "Labels": {},
    }


def _address(network: Network, endpoint: Endpoint, family: int) -> str:
    """An endpoint's address with its prefix length; empty where there is none."""
    address = address_in(endpoint, family)
    subnet = next((one for one in network.subnets if address is not None and address in one.subnet), None)
    return "" if address is None else f"{address}/{subnet.subnet.prefixlen if subnet else address.max_prefixlen}"


def _config(subnet: Subnet, network: Network) -> dict[str, object]:
    """One entry of IPAM.Config; what is not known is left out, as Docker does. Where Docker knows the network, the range is that of its containers."""
    given = docker_part(network, subnet)
    return {IPAM_KEYS[key]: value for key, value in subnet_options(replace(subnet, ip_range=given or subnet.ip_range)).items()}
