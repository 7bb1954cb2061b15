# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that rest on a link of the host: who can share one, and where the host itself can have an address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .declaration import Declaration, Endpoint, IPAddress, Network, Sandbox
from .one_parent import Way, parent_fault
from .parent import PARENT_DRIVERS, effective_flag, effective_mode, has_own_macs
from .report import Report
from .resolve import address_in, effective_mac, families
from .subnet import gateway_of, lies_between, subnet_in, usable_range

Members = Mapping[str, Sequence[tuple[Sandbox, Endpoint]]]
CLOSED = {"private": "lets nobody on the same host reach the others", "passthru": "gives the whole interface to one sandbox"}


def check_parents(report: Report, declaration: Declaration, members: Members) -> None:
    """What the kernel refuses on one parent: two kinds of network, two modes of ipvlan, and anything beside passthru."""
    on_parent: dict[str, Network] = {}
    for name, network in sorted(declaration.networks.items()):
        if network.driver not in PARENT_DRIVERS:
            continue
        if network.parent is not None:
            first = on_parent.setdefault(network.parent, network)
            theirs = f"network {first.name} rests on {first.parent} too"
            fault = parent_fault(theirs, way_of(first), way_of(network)) if first is not network else None
            if fault is not None:
                report.add(f"cnm_networks.{name}.parent", network.parent, f"{fault}: choose another parent, or another VLAN of it ({network.parent}.40)")
        legs = members.get(name, ())
        if network.mode == "passthru" and len(legs) > 1:
            second = legs[1][0].name
            message = f"network {name} gives its whole parent to one sandbox (mode passthru), which is {legs[0][0].name}: choose another network or mode"
            report.add(f"cnm_sandboxes.{second}.networks.{name}", name, message)
        for sandbox, endpoint in legs if not has_own_macs(network) else ():
            if endpoint.mac_address is not None:
                what = "an ipvlan network" if network.driver == "ipvlan" else "a macvlan network in mode passthru"
                message = f"what is in {what} has the MAC address of its parent: leave it out, or choose driver macvlan in another mode"
                report.add(f"cnm_sandboxes.{sandbox.name}.networks.{name}.mac_address", endpoint.mac_address, message)


def check_macs(report: Report, declaration: Declaration, members: Members) -> None:
    """No two endpoints on one parent have one MAC address, in whichever networks they are. (Two in one network are seen with its other members.)"""
    holders: dict[tuple[str, str], tuple[str, str]] = {}
    for name, network in sorted(declaration.networks.items()):
        if network.driver not in PARENT_DRIVERS or network.parent is None or not has_own_macs(network):
            continue
        for sandbox, endpoint in members.get(name, ()):
            mac = effective_mac(endpoint)
            holder = (name, sandbox.name) if mac is None else holders.setdefault((network.parent, mac), (name, sandbox.name))
            if holder[0] != name:
                message = f"sandbox {holder[1]} has it in network {holder[0]}, which rests on {network.parent} too: choose another one"
                report.add(f"cnm_sandboxes.{sandbox.name}.networks.{name}.mac_address", mac, message)


def check_shims(report: Report, declaration: Declaration, members: Members) -> None:
    """The host has an address only where sandboxes of its own can reach it, and one that nobody else has."""
    for name, network in declaration.networks.items():
        shim, path = network.host_shim, f"cnm_networks.{name}.host_shim"
        if shim is False:
            continue
        way = effective_flag(network) if network.driver == "ipvlan" else effective_mode(network)
        if way in CLOSED:
            word = "flag" if network.driver == "ipvlan" else "mode"
            report.add(path, shim, f"{word} {way} {CLOSED[way]}, the host included: leave host_shim out, or choose another {word}")
            continue
        for address in shim if isinstance(shim, tuple) else ():
            fault = shim_fault(network, address, members.get(name, ()))
            if fault is not None:
                report.add(path, str(address), fault)


def shim_fault(network: Network, address: IPAddress, legs: Sequence[tuple[Sandbox, Endpoint]]) -> str | None:
    """Why the host cannot have this address in a network; None if it can."""
    if address.version not in families(network):
        return f"network {network.name} has no IPv{address.version}: set enable_ipv{address.version}: true for it, or leave the address out"
    if subnet_in(network, address.version) is None:
        return None  # the ledger gives it one, and says itself that no address in that can be chosen
    holder = next((sandbox.name for sandbox, endpoint in legs if address_in(endpoint, address.version) == address), None)
    if holder is not None:
        return f"sandbox {holder} has this address in network {network.name}: choose another one"
    if address in [gateway_of(subnet) for subnet in network.subnets]:
        return f"this is the gateway of network {network.name}: choose another address"
    if not any(lies_between(address, *usable_range(subnet.subnet)) for subnet in network.subnets):
        subnets = ", ".join(str(subnet.subnet) for subnet in network.subnets)
        return f"the host's address must be one that the network can give: choose one of {subnets}"
    return None


def check_shims_resolved(report: Report, declaration: Declaration) -> None:
    """The address of the host is known."""
    for name, network in declaration.networks.items():
        if network.host_shim is True:
            report.add(f"cnm_networks.{name}.host_shim", "true", "there is no ledger that gives the host an address: write the address in place of true")


def way_of(network: Network) -> Way:
    """What links of a network do with its parent."""
    return network.driver, effective_mode(network), effective_flag(network)
