# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which subnet each network of one host has: the declared one, that of the ledger, or a free one of the pools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Network

from ..model.declaration import Declaration, IPNetwork, Network, Subnet
from ..model.network import PLAIN_DRIVERS
from ..model.overlap import Span, last_overlap, outermost, span_of
from ..model.report import Report
from ..model.reserved import Reserved
from ..model.subnet import gateway_of
from .ledger import Grant, Ledger, key_of
from .missing import NOT_IN_LEDGER, Missing
from .pools import AddressSpace, Pool, pools_in_words


def assign_subnets(
    report: Report, declaration: Declaration, ledger: Ledger, reserved: Reserved, pools: tuple[Pool, ...], missing: Missing
) -> dict[str, IPv4Network]:
    """The subnet of each network of the host's own that declares none, by name. A network whose subnet cannot be told is left out, and why is reported."""
    declared = {name: network.subnets[0].subnet for name, network in declaration.networks.items() if network.subnets}
    wanting = [name for name, network in sorted(declaration.networks.items()) if wants_subnet(network) and name not in declared]
    grants = {name: ledger.networks.get(key_of(report.host, name), Grant()).subnets for name in wanting}
    given = {name: subnets[0] for name, subnets in grants.items() if subnets}
    blocked = report_fixed_addresses(report, declaration, set(wanting), given) | report_clashes(report, given, declared, reserved)
    found = {name: subnet for name, subnet in given.items() if name not in blocked}
    lacking = [name for name in wanting if name not in given and name not in blocked]
    if missing is Missing.REFUSED:
        for name in lacking:
            report.add(f"cnm_networks.{name}.ipam", "", NOT_IN_LEDGER.format(what="a subnet"))
    elif missing is Missing.GIVEN and lacking:
        held = [span_of(subnet, name) for subnets in (declared, given) for name, subnet in subnets.items()]
        space = AddressSpace(held + reserved.spans())
        for name in lacking:
            subnet = space.take_subnet(pools, name)
            if subnet is not None:
                found[name] = subnet
                continue
            message = f"no subnet is left for network {name} in the address pools ({pools_in_words(pools)}): declare one, or more cnm_address_pools"
            report.add(f"cnm_networks.{name}.ipam", "", message)
    return found


def report_fixed_addresses(report: Report, declaration: Declaration, wanting: set[str], given: dict[str, IPv4Network]) -> set[str]:
    """The networks without a declared subnet in which somebody declares an address. Docker refuses that too: the subnet is nobody's choice."""
    blocked = set()
    for sandbox in declaration.sandboxes.values():
        for endpoint in sandbox.endpoints:
            name = endpoint.network
            if endpoint.ipv4_address is not None and name in wanting:
                blocked.add(name)
                report.add(f"cnm_sandboxes.{sandbox.name}.networks.{name}.ipv4_address", str(endpoint.ipv4_address), unchosen(name, given.get(name)))
    return blocked


def unchosen(network: str, given: IPv4Network | None) -> str:
    """The problem of an address in a network that declares no subnet. given: the one that the ledger gave."""
    which = f" ({given} is the one that the ledger gave)" if given is not None else ""
    return f"network {network} declares no subnet, so no address in it can be chosen: declare its subnet{which}, or leave the address out"


def wants_subnet(network: Network) -> bool:
    """Whether a network is one of the host's own with an address range."""
    return network.scope == "host" and network.driver not in PLAIN_DRIVERS


def report_clashes(report: Report, given: Mapping[str, IPNetwork], declared: Mapping[str, IPNetwork], reserved: Reserved) -> set[str]:
    """The networks whose subnet of the ledger overlaps what is declared, or what the host has got meanwhile."""
    blocked = set()
    declared_spans = outermost(span_of(subnet, name) for name, subnet in declared.items())
    reserved_spans = reserved.spans()
    for name, subnet in given.items():
        other = overlap(declared_spans, subnet)
        held = overlap(reserved_spans, subnet)
        if other is not None:
            blocked.add(name)
            message = f"it overlaps {subnet}, which the ledger gave to network {name} of this host: choose another subnet, or declare one for {name}"
            report.add(f"cnm_networks.{other.holder}.ipam.config[0].subnet", str(declared[other.holder]), message)
        elif held is not None:
            blocked.add(name)
            message = f"the ledger gave this subnet to network {name}, and it overlaps {held.holder} of the host: declare another subnet for {name}"
            report.add(f"cnm_networks.{name}.ipam", str(subnet), message)
    return blocked


def overlap(spans: list[Span], subnet: IPNetwork) -> Span | None:
    """One of the spans that overlaps the subnet."""
    wanted = span_of(subnet, "")
    return last_overlap(spans, wanted.first, wanted.last)


def with_subnet(network: Network, subnet: IPv4Network | None) -> Network:
    """The network with the subnet that it got, if it declares none, and with its gateway."""
    subnets = network.subnets or (() if subnet is None else (Subnet(subnet),))
    return replace(network, subnets=tuple(Subnet(one.subnet, gateway_of(one)) for one in subnets))
