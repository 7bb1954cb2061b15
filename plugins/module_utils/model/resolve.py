# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from a declaration by rule alone: interface names, MACs, gateways, owners of namespaces. No ledger, no kernel."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address
from itertools import count

from .declaration import Declaration, Endpoint, IPAddress, Network, Port, Sandbox
from .parent import PARENT_DRIVERS, is_routed
from .subnet import gateway_of, subnet_in

EVERY_ADDRESS = IPv4Address("0.0.0.0")
EVERY_IPV6_ADDRESS = IPv6Address("::")
FAMILIES = (4, 6)
LEAST_IPV6_MTU = 1280  # bytes (RFC 8200)
# The network by which sandboxes on overlays get out; Docker's is called docker_gwbridge.
WAY_OUT = "cnm_gwbridge"
# What a frame in a VXLAN needs beside itself on the underlay, in bytes, by its family: outer Ethernet, IP, UDP and VXLAN (RFC 7348).
VXLAN_OVERHEAD = {4: 50, 6: 70}


def families(network: Network) -> tuple[int, ...]:
    """Which of IPv4 (4) and IPv6 (6) a network has."""
    return (4,) * network.enable_ipv4 + (6,) * network.enable_ipv6


def gateway_mode(network: Network, family: int) -> str:
    """The gateway mode of a network in one family."""
    return network.gateway_mode if family == 4 else network.gateway_mode_ipv6


def address_in(endpoint: Endpoint, family: int) -> IPAddress | None:
    """An endpoint's address of one family."""
    return endpoint.ipv4_address if family == 4 else endpoint.ipv6_address


def interface_names(sandbox: Sandbox, networks: Mapping[str, Network]) -> dict[str, str]:
    """The interface of each endpoint, by network: the given name, else ``eth`` (or the network's prefix) and its lowest free number, in order of the
    networks' names, the way out last. In a namespace of somebody else it is ``cnm`` and a number, since ``eth0`` is there already, or may come.
    """
    names = {endpoint.network: endpoint.interface_name for endpoint in sandbox.endpoints if endpoint.interface_name is not None}
    taken = set(names.values())
    for network in sorted((endpoint.network for endpoint in sandbox.endpoints if endpoint.interface_name is None), key=lambda name: (name == WAY_OUT, name)):
        prefix = networks[network].container_iface_prefix if network in networks else None
        prefix = prefix or ("cnm" if sandbox.mode == "attached" else "eth")
        names[network] = next(name for name in (f"{prefix}{number}" for number in count()) if name not in taken)
        taken.add(names[network])
    return names


def effective_mac(endpoint: Endpoint) -> str | None:
    """The given MAC, else the one that follows by itself."""
    return implied_mac(endpoint) if endpoint.mac_address is None else endpoint.mac_address


def implied_mac(endpoint: Endpoint) -> str | None:
    """The MAC that follows from the IPv4 address or, without one, from the IPv6 address; None while there is neither."""
    address = endpoint.ipv4_address or endpoint.ipv6_address
    return None if address is None else derived_mac(address)


def derived_mac(address: IPAddress) -> str:
    """The MAC that goes with an address: 02:42 and the four bytes of an IPv4 address (as Docker up to 27 and its overlay), or of a hash of an IPv6 one."""
    tail = address.packed if isinstance(address, IPv4Address) else hashlib.sha256(address.packed).digest()[:4]
    return (b"\x02\x42" + tail).hex(":")


def bridge_mac(network: Network) -> str | None:
    """The MAC of a network's bridge: that of its gateway's address, of IPv4 where it has that; None while it has no subnet, and where there is no bridge."""
    family = 4 if network.enable_ipv4 else 6
    subnet = subnet_in(network, family)
    gateway = gateway_of(subnet) if subnet is not None and network.driver not in PARENT_DRIVERS else None
    if subnet is not None and gateway is not None and family == 6 and not has_address(network, 6):
        gateway = subnet.subnet.network_address  # one that nobody has is not read back from the hash of it
    return None if gateway is None else derived_mac(gateway)


def effective_mtu(network: Network, underlay_mtu: int | None = None) -> int:
    """The MTU in bytes: the given one, else what the underlay leaves to the network; without a known underlay Ethernet's 1500."""
    overhead = 0
    if network.driver == "overlay":
        overhead = VXLAN_OVERHEAD[4 if network.underlay_address is None else network.underlay_address.version]
    return network.mtu or (underlay_mtu or 1500) - overhead


def leads_out(network: Network, family: int) -> bool:
    """Whether sandboxes have a default route through the network. An overlay has a way out beside it (see ``way_out``).

    On a wire that is not ours: only where somebody else there is declared to be the gateway, or where none is needed.
    """
    if network.driver in PARENT_DRIVERS and (network.parent is None or not (is_routed(network) or gateway_on_wire(network, family))):
        return False
    return network.driver != "overlay" and not network.internal and family in families(network) and gateway_mode(network, family) != "isolated"


def _leads_out(network: Network, endpoint: Endpoint, family: int) -> bool:
    """The same of one endpoint: of several subnets on a wire, only some may have a gateway."""
    address = address_in(endpoint, family)
    if address is None or network.driver not in PARENT_DRIVERS or is_routed(network):
        return leads_out(network, family)
    return leads_out(network, family) and any(address in one.subnet and one.gateway is not None for one in network.subnets)


def gateway_on_wire(network: Network, family: int) -> IPAddress | None:
    """The declared gateway of one family in a network that rests on a parent: that of its first subnet that has one."""
    return next((one.gateway for one in network.subnets if one.gateway is not None and one.subnet.version == family), None)


def has_address(network: Network, family: int) -> bool:
    """Whether a bridge has the gateway's address of a family, so that the host takes part in the network."""
    if family == 4 and network.inhibit_ipv4:
        return False
    return family in families(network) and gateway_mode(network, family) != "isolated"


def gateway_endpoint(declaration: Declaration, sandbox: Sandbox, family: int = 4) -> Endpoint | None:
    """The endpoint that has the default route of a family, and its published ports; None without a network that leads outside.

    Docker's order (``Endpoint.Less``, moby 28): highest gw_priority, then a network that leads outside in both families, then the network's name.
    """
    leading_out = [
        endpoint
        for endpoint in sandbox.endpoints
        if endpoint.network in declaration.networks and _leads_out(declaration.networks[endpoint.network], endpoint, family)
    ]

    def rank(endpoint: Endpoint) -> tuple[int, bool, str]:
        network = declaration.networks[endpoint.network]
        return -endpoint.gw_priority, not all(_leads_out(network, endpoint, one) for one in FAMILIES), endpoint.network

    return min(leading_out, key=rank) if len(leading_out) > 1 else next(iter(leading_out), None)


def gateway_endpoints(declaration: Declaration, sandbox: Sandbox) -> dict[int, Endpoint]:
    """``gateway_endpoint`` of each family in which there is one."""
    found = {family: gateway_endpoint(declaration, sandbox, family) for family in FAMILIES}
    return {family: endpoint for family, endpoint in found.items() if endpoint is not None}


def default_host_ip(declaration: Declaration, sandbox: Sandbox) -> IPAddress | None:
    """Where the sandbox's ports are published that name no address: host_binding_ipv4 of its gateway network; None: on every address."""
    gateway = next(iter(gateway_endpoints(declaration, sandbox).values()), None)
    given = EVERY_ADDRESS if gateway is None else declaration.networks[gateway.network].host_binding_ipv4
    return None if given == EVERY_ADDRESS else given


def host_addresses(declaration: Declaration, gateways: Mapping[int, Endpoint], port: Port) -> dict[int, IPAddress]:
    """At which address of the host a port is published, by family; 0.0.0.0 and ``::`` are every one. gateways: the sandbox's, by family.

    A family in which the gateway's network is routed has none: there the sandbox's own address is reached, as in Docker.
    """
    found: dict[int, IPAddress] = {}
    for family, endpoint in gateways.items():
        network = declaration.networks.get(endpoint.network)
        if network is None or gateway_mode(network, family) == "routed" or (port.host_ip is not None and port.host_ip.version != family):
            continue
        found[family] = port.host_ip or (EVERY_ADDRESS if family == 4 else EVERY_IPV6_ADDRESS)
    return found


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
