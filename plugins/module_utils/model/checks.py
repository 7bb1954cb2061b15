# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the declaration of one host shows by itself: whether it can be carried out at all."""

from __future__ import annotations

from .declaration import Declaration, Network
from .docker_checks import check_docker_networks, check_ranges_resolved
from .endpoint_checks import check_endpoints, check_members
from .network import PLAIN_DRIVERS
from .options import port_words
from .overlap import overlapping_pairs, span_of
from .overlay_checks import check_overlays, check_vnis
from .parent import PARENT_DRIVERS
from .parent_checks import check_macs, check_parents, check_shims, check_shims_resolved
from .port_checks import check_ports
from .problem import Problem
from .report import Report, suggestion
from .resolve import (
    LEAST_IPV6_MTU,
    address_in,
    families,
    gateway_endpoints,
    gateway_mode,
    has_address,
    host_addresses,
    namespace_owners,
)
from .subnet import declared_at, subnet_in
from .tuning_checks import check_inherited_mtus, check_tuning


def check_declaration(declaration: Declaration, host: str = "") -> list[Problem]:
    """Every problem of one host's declaration, whether or not subnets and addresses are resolved yet."""
    report = Report(host)
    check_networks(report, declaration)
    members = check_endpoints(report, declaration)
    for name, legs in members.items():
        check_members(report, declaration.networks[name], legs)
    check_parents(report, declaration, members)
    check_macs(report, declaration, members)
    check_shims(report, declaration, members)
    check_joins(report, declaration)
    check_ports(report, declaration)
    check_overlays(report, declaration)
    check_docker_networks(report, declaration)
    check_tuning(report, declaration)
    return report.problems


def check_resolved(declaration: Declaration, host: str = "") -> list[Problem]:
    """What is still open where no ledger can give it: networks without a subnet, endpoints without an address, ports without a number."""
    report = Report(host)
    inhabited = {endpoint.network for sandbox in declaration.sandboxes.values() for endpoint in sandbox.endpoints}
    for name, network in declaration.networks.items():
        host_takes_part = network.driver not in PARENT_DRIVERS
        for family in families(network) if network.driver not in PLAIN_DRIVERS else ():
            if subnet_in(network, family) is None and (name in inhabited or (host_takes_part and has_address(network, family))):
                message = f"the network has no {'subnet' if family == 4 else 'IPv6 subnet'}: declare one here, since there is no ledger that gives one"
                report.add(f"cnm_networks.{name}.ipam", "", message)
    check_shims_resolved(report, declaration)
    check_vnis(report, declaration)
    check_ranges_resolved(report, declaration)
    check_inherited_mtus(report, declaration)
    for name, sandbox in declaration.sandboxes.items():
        for endpoint in sandbox.endpoints:
            for family in families(declaration.networks[endpoint.network]) if endpoint.network in declaration.networks else ():
                if address_in(endpoint, family) is None:
                    message = f"the endpoint has no {'address' if family == 4 else 'IPv6 address'}: declare one here, since there is no ledger that gives one"
                    report.add(f"cnm_sandboxes.{name}.networks.{endpoint.network}.ipv{family}_address", "", message)
        gateways = gateway_endpoints(declaration, sandbox) if sandbox.ports else {}
        for port in sandbox.ports:
            if not port.published and host_addresses(declaration, gateways, port):
                message = "the port of the host is left open: name one here, since there is no ledger that gives one"
                report.add(f"cnm_sandboxes.{name}.ports", port_words(port), message)
    return report.problems


def check_networks(report: Report, declaration: Declaration) -> None:
    """No two networks have one bridge, or subnets that overlap."""
    bridges: dict[str, str] = {}
    places = {}
    for name in sorted(declaration.networks):
        network = declaration.networks[name]
        bridge = network.bridge_name
        if bridge is not None and bridges.setdefault(bridge, name) != name:
            report.add(f"cnm_networks.{name}.bridge_name", bridge, f"network {bridges[bridge]} has this bridge: give each network its own")
        for family in families(network) if not network.internal else ():
            if gateway_mode(network, family) == "isolated":
                message = "the host takes no part in a network of mode isolated, which is possible only with internal: true"
                report.add(f"cnm_networks.{name}.{'gateway_mode' if family == 4 else 'gateway_mode_ipv6'}", "isolated", message)
        if network.enable_ipv6 and network.mtu is not None and network.mtu < LEAST_IPV6_MTU:
            message = f"IPv6 needs an MTU of at least {LEAST_IPV6_MTU} bytes: choose that, or set enable_ipv6: false"
            report.add(f"cnm_networks.{name}.mtu", network.mtu, message)
        places.update({span_of(subnet.subnet, name): (name, index) for index, subnet in enumerate(network.subnets)})
        check_reachable(report, declaration, network)
    for pair in overlapping_pairs(places):
        (first, index), (second, other_index) = sorted(places[span] for span in pair)
        overlapped, subnet = declaration.networks[first].subnets[index].subnet, declaration.networks[second].subnets[other_index]
        message = f"the subnet overlaps {overlapped} of network {first} on the same host: choose another subnet"
        report.add(declared_at(second, subnet), str(subnet.subnet), message)


def check_reachable(report: Report, declaration: Declaration, network: Network) -> None:
    """Every network that may reach this one is there, and both have a way to the host."""
    path = f"cnm_networks.{network.name}.reachable_from"
    if network.reachable_from and network.internal:
        report.add(path, ", ".join(network.reachable_from), "an internal network is reached by nobody outside: leave out one of internal and reachable_from")
    for name in (one for one in network.reachable_from if ":" not in one):
        source = declaration.networks.get(name)
        if source is None:
            message = f"there is no network '{name}' (one of Docker's is called docker:{name}): {suggestion(name, declaration.networks)}"
        elif source is network:
            message = "the sandboxes of one network reach each other by icc: leave it out"
        elif source.driver != "bridge":
            message = f"network {name} is of driver {source.driver}, whose packets come over no bridge of this host: name networks of driver bridge"
        elif source.internal:
            message = f"network {name} is internal, so that its sandboxes have no way out of it: leave out internal there, or this name here"
        else:
            continue
        report.add(path, name, message)


def check_joins(report: Report, declaration: Declaration) -> None:
    """Every ``container:`` names a sandbox, and none leads back to itself."""
    owners = namespace_owners(declaration)
    for name, owner in sorted(owners.items()):
        if owner is not None and owner != name and declaration.sandboxes[owner].namespace is not None:
            message = f"the namespace of {owner} is somebody else's and gets no second name here: join it by the means of who made it"
            report.add(f"cnm_sandboxes.{name}.network_mode", f"container:{declaration.sandboxes[name].joins}", message)
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
