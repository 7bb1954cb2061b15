# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which subnet each network of one host has: the declared one, that of the ledger, or a free one of the pools."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from ..model.declaration import Declaration, IPNetwork, Network, Subnet
from ..model.network import PLAIN_DRIVERS
from ..model.overlap import Span, last_overlap, outermost, span_of
from ..model.parent import PARENT_DRIVERS
from ..model.report import Report
from ..model.reserved import Reserved
from ..model.resolve import FAMILIES, address_in, families
from ..model.subnet import declared_at, subnet_in, with_gateways
from .ledger import Grant, Ledger, key_of
from .missing import NOT_IN_LEDGER, Missing
from .pools import AddressSpace, Pool, pools_in_words, pools_of

Want = tuple[str, int]  # a network and a family


def assign_subnets(
    report: Report, declaration: Declaration, ledger: Ledger, reserved: Reserved, pools: tuple[Pool, ...], fleet: str, missing: Missing
) -> dict[str, tuple[IPNetwork, ...]]:
    """The subnets of each network of the host's own that declares none of a family that it has, by name. What cannot be told is left out, and why
    is reported.
    """
    networks = declaration.networks
    wanting = [(name, family) for name, network in sorted(networks.items()) if wants_subnet(network) for family in lacking_families(network)]
    given = {want: subnet for want in wanting for subnet in granted(networks[want[0]], want[1], ledger.networks.get(key_of(report.host, want[0]), Grant()))}
    blocked = report_fixed_addresses(report, declaration, wanting, given) | report_clashes(report, given, networks, reserved)
    found = {want: subnet for want, subnet in given.items() if want not in blocked}
    lacking = [want for want in wanting if want not in given and want not in blocked]
    if missing is Missing.REFUSED:
        for name, _family in lacking:
            report.add(f"cnm_networks.{name}.ipam", "", NOT_IN_LEDGER.format(what="a subnet"))
    elif missing is Missing.GIVEN and lacking:
        held = [span_of(one.subnet, name) for name, network in networks.items() for one in network.subnets]
        held += [span_of(subnet, name) for (name, _family), subnet in given.items()]
        space = AddressSpace(held + reserved.spans())
        for name, family in lacking:
            own = pools_of(pools, family, f"{fleet}/{report.host}")
            subnet = space.take_subnet(own, name, dict(networks[name].sizes).get(family))
            if subnet is not None:
                found[name, family] = subnet
            else:
                report.add(f"cnm_networks.{name}.ipam", "", exhausted(networks[name], family, own, "cnm_address_pools"))
    return by_network(found)


def granted(network: Network, family: int, grant: Grant) -> Iterator[IPNetwork]:
    """What the ledger gave to a network in a family, unless it asks for another size now."""
    size = dict(network.sizes).get(family)
    for subnet in grant.subnets:
        if subnet.version == family and size in (None, subnet.prefixlen):
            yield subnet
            return


def by_network(found: Mapping[Want, IPNetwork]) -> dict[str, tuple[IPNetwork, ...]]:
    """Subnets by network, IPv4 first."""
    subnets: dict[str, tuple[IPNetwork, ...]] = {}
    for (name, _family), subnet in sorted(found.items(), key=lambda one: one[0]):
        subnets[name] = (*subnets.get(name, ()), subnet)
    return subnets


def exhausted(network: Network, family: int, pools: tuple[Pool, ...], variable: str) -> str:
    """The problem that no subnet is left."""
    size = dict(network.sizes).get(family)
    what = f"IPv{family} subnet" + (f" of /{size}" if size is not None else "")
    return f"no {what} is left for network {network.name} in the address pools ({pools_in_words(pools)}): declare one, or more {variable}"


def report_fixed_addresses(report: Report, declaration: Declaration, wanting: Collection[Want], given: Mapping[Want, IPNetwork]) -> set[Want]:
    """The networks without a declared subnet in which somebody declares an address. Docker refuses that too: the subnet is nobody's choice."""
    blocked = set()
    for sandbox in declaration.sandboxes.values():
        for endpoint in sandbox.endpoints:
            for family in FAMILIES:
                want, address = (endpoint.network, family), address_in(endpoint, family)
                if address is not None and want in wanting:
                    blocked.add(want)
                    path = f"cnm_sandboxes.{sandbox.name}.networks.{endpoint.network}.ipv{family}_address"
                    report.add(path, str(address), unchosen(endpoint.network, given.get(want)))
    return blocked


def unchosen(network: str, given: IPNetwork | None) -> str:
    """The problem of an address in a network that declares no subnet. given: the one that the ledger gave."""
    which = f" ({given} is the one that the ledger gave)" if given is not None else ""
    return f"network {network} declares no subnet, so no address in it can be chosen: declare its subnet{which}, or leave the address out"


def lacking_families(network: Network) -> tuple[int, ...]:
    """The families of a network in which it declares no subnet."""
    return tuple(family for family in families(network) if subnet_in(network, family) is None)


def wants_subnet(network: Network) -> bool:
    """Whether a network is one of the host's own with an address range."""
    return network.scope == "host" and network.driver not in PLAIN_DRIVERS


def report_clashes(report: Report, given: Mapping[Want, IPNetwork], networks: Mapping[str, Network], reserved: Reserved) -> set[Want]:
    """The networks whose subnet of the ledger overlaps what is declared, or what the host has got meanwhile."""
    blocked = set()
    declared = {span_of(one.subnet, name): one for name, network in networks.items() for one in network.subnets}
    declared_spans, reserved_spans = outermost(declared), reserved.spans()
    for (name, family), subnet in given.items():
        other = overlap(declared_spans, subnet)
        held = overlap(reserved_spans, subnet)
        if other is not None:
            blocked.add((name, family))
            message = f"it overlaps {subnet}, which the ledger gave to network {name} of this host: choose another subnet, or declare one for {name}"
            report.add(declared_at(other.holder, declared[other]), str(declared[other].subnet), message)
        elif held is not None:
            blocked.add((name, family))
            message = f"the ledger gave this subnet to network {name}, and it overlaps {held.holder} of the host: declare another subnet for {name}"
            report.add(f"cnm_networks.{name}.ipam", str(subnet), message)
    return blocked


def overlap(spans: list[Span], subnet: IPNetwork) -> Span | None:
    """One of the spans that overlaps the subnet."""
    wanted = span_of(subnet, "")
    return last_overlap(spans, wanted.first, wanted.last)


def with_subnets(network: Network, subnets: Iterable[IPNetwork]) -> Network:
    """The network with the subnets that it got beside those that it declares, IPv4 first, and with its gateways."""
    every = sorted((*network.subnets, *(Subnet(one, bare=network.driver in PARENT_DRIVERS) for one in subnets)), key=lambda one: one.subnet.version)
    sizes = tuple((family, size) for family, size in network.sizes if all(one.subnet.version != family for one in every))
    return with_gateways(replace(network, subnets=tuple(every), sizes=sizes))
