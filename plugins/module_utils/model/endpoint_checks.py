# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the endpoints of one host show: in which networks they are, and whether they fit there beside each other."""

from __future__ import annotations

from .declaration import Declaration, Endpoint, IPAddress, Network, Sandbox
from .parent import PARENT_DRIVERS, has_own_macs
from .report import Report, suggestion
from .resolve import FAMILIES, address_in, bridge_mac, effective_mac, families
from .subnet import gateway_of, lies_between, subnet_of, usable_range

# The kernel gives a bridge 1,024 port numbers (BR_PORT_BITS 10), and port 0 is none.
BRIDGE_PORTS = 1023


def check_endpoints(report: Report, declaration: Declaration) -> dict[str, list[tuple[Sandbox, Endpoint]]]:
    """Every endpoint is in a known network and has an interface name of its own. Returns the endpoints by network."""
    members: dict[str, list[tuple[Sandbox, Endpoint]]] = {}
    for name in sorted(declaration.sandboxes):
        sandbox = declaration.sandboxes[name]
        interfaces: dict[str, str] = {}
        for endpoint in sandbox.endpoints:
            path = f"cnm_sandboxes.{name}.networks.{endpoint.network}"
            if endpoint.network in declaration.networks:
                members.setdefault(endpoint.network, []).append((sandbox, endpoint))
            else:
                report.add(path, endpoint.network, f"there is no network '{endpoint.network}': {suggestion(endpoint.network, declaration.networks)}")
            interface = endpoint.interface_name
            if interface is not None and interfaces.setdefault(interface, endpoint.network) != endpoint.network:
                message = f"the sandbox's interface in network {interfaces[interface]} has this name: give each interface its own"
                report.add(f"{path}.interface_name", interface, message)
    return members


def check_members(report: Report, network: Network, legs: list[tuple[Sandbox, Endpoint]]) -> None:
    """The endpoints of one network fit on its bridge, and each has an address of the subnet and a MAC of its own."""
    if network.driver not in PARENT_DRIVERS and len(legs) > BRIDGE_PORTS:
        message = f"{len(legs)} sandboxes are in the network, and a bridge of the kernel has {BRIDGE_PORTS} ports: divide it into several networks"
        report.add(f"cnm_networks.{network.name}", network.name, message)
    addresses: dict[IPAddress, str] = {}
    bridge = bridge_mac(network)
    macs = {} if bridge is None else {bridge: ""}
    for sandbox, endpoint in legs:
        path = f"cnm_sandboxes.{sandbox.name}.networks.{endpoint.network}"
        known = len(report.problems)
        for family in FAMILIES:
            address = address_in(endpoint, family)
            if address is None:
                continue
            if addresses.setdefault(address, sandbox.name) != sandbox.name:
                fault: str | None = f"sandbox {addresses[address]} has this address in network {network.name}: choose another one"
            else:
                fault = address_fault(address, network)
            if fault is not None:
                report.add(f"{path}.ipv{family}_address", str(address), fault)
        if len(report.problems) > known:
            continue  # the MAC that derives from the address says nothing new
        mac = effective_mac(endpoint) if has_own_macs(network) else None
        if mac is not None and macs.setdefault(mac, sandbox.name) != sandbox.name:
            holder = f"sandbox {macs[mac]}" if macs[mac] else "the bridge"
            message = f"{holder} has this MAC address in network {network.name} (given, or 02:42 and its address): choose another one"
            report.add(f"{path}.mac_address", mac, message)


def address_fault(address: IPAddress, network: Network) -> str | None:
    """Why the network's subnet cannot give this address to an endpoint; None if it can."""
    if address.version not in families(network):
        return f"network {network.name} has no IPv{address.version}: set enable_ipv{address.version}: true for it, or leave the address out"
    subnet = subnet_of(network, address)
    if subnet is None:
        return None
    first, last = usable_range(subnet.subnet)
    if address == gateway_of(subnet):
        return f"this is the gateway of network {network.name}: choose another address"
    if not lies_between(address, first, last):
        edge = "is the network or broadcast address" if address.version == 4 else "is that of every router in the subnet"
        what = edge if address in subnet.subnet else "lies outside the subnet"
        return f"the address {what} of network {network.name}, {subnet.subnet}: choose one from {first} to {last}"
    for name, reserved in subnet.aux_addresses:
        if address == reserved:
            return f"network {network.name} keeps this address for {name} (aux_addresses): choose another one"
    return None
