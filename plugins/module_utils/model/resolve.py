# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from a declaration by rule alone: interface names, MACs, gateways, owners of namespaces. No ledger, no kernel."""

from __future__ import annotations

from ipaddress import IPv4Address
from itertools import count

from .declaration import Declaration, Endpoint, Network, Sandbox

EVERY_ADDRESS = IPv4Address("0.0.0.0")


def interface_names(sandbox: Sandbox) -> dict[str, str]:
    """The interface of each endpoint, by network: the given name, else the lowest free ethN in order of the networks' names."""
    names = {endpoint.network: endpoint.interface_name for endpoint in sandbox.endpoints if endpoint.interface_name is not None}
    taken = set(names.values())
    free = (name for name in (f"eth{number}" for number in count()) if name not in taken)
    for network in sorted(endpoint.network for endpoint in sandbox.endpoints if endpoint.interface_name is None):
        names[network] = next(free)
    return names


def effective_mac(endpoint: Endpoint) -> str | None:
    """The given MAC, else 02:42 and the four bytes of the IPv4 address (as Docker up to 27 and its overlay); None while there is no address."""
    if endpoint.mac_address is not None or endpoint.ipv4_address is None:
        return endpoint.mac_address
    return derived_mac(endpoint.ipv4_address)


def derived_mac(address: IPv4Address) -> str:
    """The MAC that goes with an IPv4 address: 02:42 and its four bytes."""
    return ":".join(f"{byte:02x}" for byte in b"\x02\x42" + address.packed)


def effective_mtu(network: Network, underlay_mtu: int | None = None) -> int:
    """The MTU in bytes: the given one, else that of the underlay, else Ethernet's 1500."""
    return network.mtu or underlay_mtu or 1500


def gateway_endpoint(declaration: Declaration, sandbox: Sandbox) -> Endpoint | None:
    """The endpoint that has the default route and the published ports; None without a network that leads outside.

    Docker's order (``Endpoint.Less``, moby 28): highest gw_priority, then the network's name; an internal network has no gateway.
    """
    leading_out = [
        endpoint for endpoint in sandbox.endpoints if endpoint.network in declaration.networks and not declaration.networks[endpoint.network].internal
    ]
    return min(leading_out, key=lambda endpoint: (-endpoint.gw_priority, endpoint.network), default=None)


def default_host_ip(declaration: Declaration, sandbox: Sandbox) -> IPv4Address:
    """Where the sandbox's ports are published that name no address: host_binding_ipv4 of its gateway network, else every address."""
    gateway = gateway_endpoint(declaration, sandbox)
    return EVERY_ADDRESS if gateway is None else declaration.networks[gateway.network].host_binding_ipv4


def namespace_owners(declaration: Declaration) -> dict[str, str | None]:
    """For each sandbox the one whose namespace it lives in: itself, or the end of its ``container:`` chain.

    None where the chain leads to no sandbox, or round in a circle.
    """
    owners: dict[str, str | None] = {}
    for start in declaration.sandboxes:
        chain: list[str] = []
        name: str | None = start
        while name is not None and name not in owners:
            sandbox = declaration.sandboxes.get(name)
            if sandbox is None:
                name = None
                break
            owners[name] = None  # what is met again before it is known is part of a circle
            chain.append(name)
            if sandbox.mode != "container":
                owners[name] = name
                break
            name = sandbox.joins
        owner = owners.get(name) if name is not None else None
        owners.update(dict.fromkeys(chain, owner))
    return owners
