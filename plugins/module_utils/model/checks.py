# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the declaration of one host shows by itself: whether it can be carried out at all."""

from __future__ import annotations

from .declaration import Declaration, Endpoint, IPAddress, Network, Sandbox
from .overlap import overlapping_pairs, span_of
from .problem import Problem
from .report import Report, suggestion
from .resolve import derived_mac, effective_mac, gateway_endpoints, host_addresses, namespace_owners
from .subnet import gateway_of, lies_between, usable_range

# The kernel gives a bridge 1,024 port numbers (BR_PORT_BITS 10), and port 0 is none.
BRIDGE_PORTS = 1023


def check_declaration(declaration: Declaration, host: str = "") -> list[Problem]:
    """Every problem of one host's declaration, whether or not subnets and addresses are resolved yet."""
    report = Report(host)
    check_networks(report, declaration)
    members = check_endpoints(report, declaration)
    for name, legs in members.items():
        check_members(report, declaration.networks[name], legs)
    check_joins(report, declaration)
    check_ports(report, declaration)
    return report.problems


def check_resolved(declaration: Declaration, host: str = "") -> list[Problem]:
    """What is still open where no ledger can give it: networks without a subnet, endpoints without an address."""
    report = Report(host)
    for name, network in declaration.networks.items():
        if network.driver == "bridge" and not network.subnets:
            report.add(f"cnm_networks.{name}.ipam", "", "the network has no subnet: declare one here, since there is no ledger that gives one")
    for name, sandbox in declaration.sandboxes.items():
        for endpoint in sandbox.endpoints:
            if endpoint.ipv4_address is None:
                path = f"cnm_sandboxes.{name}.networks.{endpoint.network}.ipv4_address"
                report.add(path, "", "the endpoint has no address: declare one here, since there is no ledger that gives one")
    return report.problems


def check_networks(report: Report, declaration: Declaration) -> None:
    """No two networks have one bridge, or subnets that overlap."""
    bridges: dict[str, str] = {}
    for name in sorted(declaration.networks):
        bridge = declaration.networks[name].bridge_name
        if bridge is not None and bridges.setdefault(bridge, name) != name:
            report.add(f"cnm_networks.{name}.bridge_name", bridge, f"network {bridges[bridge]} has this bridge: give each network its own")
    subnets = [(subnet.subnet, name) for name, network in declaration.networks.items() for subnet in network.subnets]
    for one, other in overlapping_pairs(span_of(subnet, name) for subnet, name in subnets):
        first, second = sorted((one.holder, other.holder))
        overlapped = declaration.networks[first].subnets[0].subnet
        subnet = declaration.networks[second].subnets[0].subnet
        message = f"the subnet overlaps {overlapped} of network {first} on the same host: choose another subnet"
        report.add(f"cnm_networks.{second}.ipam.config[0].subnet", str(subnet), message)


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
    if len(legs) > BRIDGE_PORTS:
        message = f"{len(legs)} sandboxes are in the network, and a bridge of the kernel has {BRIDGE_PORTS} ports: divide it into several networks"
        report.add(f"cnm_networks.{network.name}", network.name, message)
    addresses: dict[IPAddress, str] = {}
    macs = {derived_mac(gateway_of(subnet)): "" for subnet in network.subnets}  # that of the bridge
    for sandbox, endpoint in legs:
        path = f"cnm_sandboxes.{sandbox.name}.networks.{endpoint.network}"
        address = endpoint.ipv4_address
        if address is not None:
            if addresses.setdefault(address, sandbox.name) != sandbox.name:
                message = f"sandbox {addresses[address]} has this address in network {network.name}: choose another one"
                report.add(f"{path}.ipv4_address", str(address), message)
                continue  # the derived MAC is the same too, and says nothing new
            fault = address_fault(address, network)
            if fault is not None:
                report.add(f"{path}.ipv4_address", str(address), fault)
                continue
        mac = effective_mac(endpoint)
        if mac is not None and macs.setdefault(mac, sandbox.name) != sandbox.name:
            holder = f"sandbox {macs[mac]}" if macs[mac] else "the bridge"
            message = f"{holder} has this MAC address in network {network.name} (given, or 02:42 and its address): choose another one"
            report.add(f"{path}.mac_address", mac, message)


def address_fault(address: IPAddress, network: Network) -> str | None:
    """Why the network's subnet cannot give this address to an endpoint; None if it can."""
    for subnet in network.subnets:
        first, last = usable_range(subnet.subnet)
        if address == gateway_of(subnet):
            return f"this is the gateway of network {network.name}: choose another address"
        if not lies_between(address, first, last):
            what = "is the network or broadcast address" if address in subnet.subnet else "lies outside the subnet"
            return f"the address {what} of network {network.name}, {subnet.subnet}: choose one from {first} to {last}"
    return None


def check_joins(report: Report, declaration: Declaration) -> None:
    """Every ``container:`` names a sandbox, and none leads back to itself."""
    owners = namespace_owners(declaration)
    walked = set()
    for name in sorted(name for name, owner in owners.items() if owner is None):
        joins = declaration.sandboxes[name].joins or ""
        if joins not in owners:
            message = f"there is no sandbox '{joins}': {suggestion(joins, owners)}"
            report.add(f"cnm_sandboxes.{name}.network_mode", f"container:{joins}", message)
        chain: list[str] = []
        while name in owners and name not in walked:
            walked.add(name)
            chain.append(name)
            name = declaration.sandboxes[name].joins or ""
        if name in chain:
            circle = sorted(chain[chain.index(name) :])
            names = ", ".join(circle[:10]) + (", ..." if len(circle) > 10 else "")
            message = f"sandboxes join each other in a circle ({names}): one of them must have a namespace of its own"
            report.add(f"cnm_sandboxes.{circle[0]}.network_mode", f"container:{declaration.sandboxes[circle[0]].joins}", message)


def check_ports(report: Report, declaration: Declaration) -> None:
    """A sandbox with ports has a gateway network, and no port of the host is published twice."""
    published: dict[tuple[str, int, int], dict[IPAddress, str]] = {}
    for name in sorted(declaration.sandboxes):
        sandbox = declaration.sandboxes[name]
        path = f"cnm_sandboxes.{name}.ports"
        known = all(endpoint.network in declaration.networks for endpoint in sandbox.endpoints)
        gateways = gateway_endpoints(declaration, sandbox)
        if sandbox.ports and known and not gateways:
            message = "ports are published through a network that leads outside, and the sandbox has none: join one that is not internal"
            report.add(path, f"{len(sandbox.ports)} ports", message)
        for port in sandbox.ports:
            for family, address in host_addresses(declaration, gateways, port).items():
                holders = published.setdefault((port.protocol, port.published, family), {})
                clash = [other for other in holders if other == address or other.is_unspecified or address.is_unspecified]
                if clash:
                    message = f"sandbox {holders[clash[0]]} publishes {port.protocol} port {port.published} of {clash[0]}: publish another one"
                    report.add(path, f"{written(address)}:{port.published}/{port.protocol}", message)
                    break
                holders[address] = name


def written(address: IPAddress) -> str:
    """An address as it stands before a port."""
    return str(address) if address.version == 4 else f"[{address}]"
