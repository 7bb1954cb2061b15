# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which part of a network's subnet the Docker engine of each host gives to its containers.

Sandboxes have their addresses outside of all of these, so that one which moves to another host can take its address along. They get the lowest
free ones; ranges are cut from the other end, so that the two grow towards each other. A range is one of IPv4; where the network has IPv6 too, the
same part of that subnet belongs to it.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Callable, Union

from ..model.declaration import Endpoint, IPAddress, IPNetwork, Network, Subnet
from ..model.docker_checks import docker_fault
from ..model.docker_network import same_part
from ..model.overlap import Span, last_overlap, outermost, span_of
from ..model.report import Report
from ..model.resolve import address_in
from ..model.subnet import gateway_of, subnet_in
from .addresses import Place, path_of
from .ledger import place_of
from .missing import NOT_IN_LEDGER, Missing

Wanted = Union[bool, IPv4Network]
# The largest range that is given: as many containers as a host will have. The smallest: Docker's gateway and some containers.
_LARGEST, _SMALLEST = 24, 30
# At least so many fit in a subnet, in bits.
_ROOM = 4


@dataclass(frozen=True)
class Ranges:
    """by_host: the range of each host that is in the network. given: what the ledger is to hold: those that are not declared, and those that others keep.

    every: all that no sandbox is given an address of.
    """

    by_host: dict[str, IPv4Network] = field(default_factory=dict)
    given: dict[str, IPNetwork] = field(default_factory=dict)
    every: list[IPNetwork] = field(default_factory=list)


def assign_ranges(
    reports: Mapping[str, Report],
    network: Network,
    wanted: Mapping[str, Wanted],
    legs: Mapping[Place, Endpoint],
    entries: Mapping[str, tuple[IPAddress, ...]],
    held: Mapping[str, IPNetwork],
    missing: Callable[[str], Missing],
) -> Ranges:
    """The range of each host in a network that Docker knows. What cannot be told is left out, and why is reported.

    network: with its subnets. wanted: by host, the declared range, or True. legs, entries: its endpoints, and what the ledger gave to such. held: what the
    ledger gave to hosts; those that are not in ``wanted`` may still have it. missing: what to do about a host that has none.
    """
    subnet = subnet_in(network, 4)
    hosts = {host: one for host, one in sorted(wanted.items()) if one is not False}
    if subnet is None or not (hosts or held) or docker_fault(network) is not None:
        return Ranges()
    declared = {host: one for host, one in hosts.items() if isinstance(one, IPv4Network) and _lies_in(one, subnet)}
    _report_overlaps(reports, network, declared)
    _report_addresses(reports, network, declared, legs, entries)
    kept = {host: one for host, one in held.items() if isinstance(one, IPv4Network) and _lies_in(one, subnet) and host not in declared}
    spans = outermost(span_of(one, host) for host, one in declared.items())
    given: dict[str, IPNetwork] = {}
    for host, one in kept.items():
        other = last_overlap(spans, *span_of(one, "")[:2])
        if other is None:
            given[host] = one
        else:
            message = f"the ledger gave {one} to host {host}: choose another range, or declare one for {host}"
            reports[other.holder].add(_path(network), str(declared[other.holder]), message)
    taken = outermost([*spans, *(span_of(one, host) for host, one in given.items()), *_others(network, subnet, legs, entries)])
    for host in [host for host, one in hosts.items() if one is True and host not in kept]:
        how = missing(host)
        found = _last_free(subnet, _lengths(subnet, len(hosts), network.scope), taken) if how is Missing.GIVEN else None
        if found is not None:
            given[host] = found
            insort(taken, span_of(found, host))
        elif how is Missing.REFUSED:
            reports[host].add(_path(network), "", NOT_IN_LEDGER.format(what="a range for Docker's containers"))
        elif how is Missing.GIVEN:
            message = f"no part of {subnet.subnet} is left for the containers of this host's Docker: declare a larger subnet, or a range here"
            reports[host].add(_path(network), "", message)
    by_host = {**{host: one for host, one in given.items() if isinstance(one, IPv4Network) and host in hosts}, **declared}
    _report_sandboxes(reports, network, by_host, legs)
    ranges = {**{host: one for host, one in given.items() if isinstance(one, IPv4Network)}, **by_host}
    return Ranges(by_host, given, [part for one in ranges.values() for part in _parts(network, one)])


def _parts(network: Network, given: IPv4Network) -> list[IPNetwork]:
    """A range, in each subnet of the network."""
    subnet = subnet_in(network, 4)
    found = (None if subnet is None else same_part(given, subnet.subnet, one.subnet) for one in network.subnets)
    return [part for part in found if part is not None]


def _lengths(subnet: Subnet, hosts: int, scope: str) -> range:
    """The prefix lengths to try. A network of one host gives half of it to Docker; else a range leaves room for twice as many hosts as there are."""
    share = max(_ROOM, 1 + (hosts - 1).bit_length()) if scope == "fleet" else 1
    length = subnet.subnet.prefixlen + share
    return range(min(max(length, _LARGEST) if scope == "fleet" else length, _SMALLEST), _SMALLEST + 1)


def _last_free(subnet: Subnet, lengths: Iterable[int], taken: list[Span]) -> IPv4Network | None:
    """The last part of the subnet of the first of these prefix lengths in which nothing is taken."""
    for length in lengths:
        size = 1 << (32 - length)
        first = int(subnet.subnet.broadcast_address) + 1 - size
        while first >= int(subnet.subnet.network_address):
            other = last_overlap(taken, first, first + size - 1)
            if other is None:
                return IPv4Network((first, length))
            first = (other.first // size - 1) * size
    return None


def _others(network: Network, ipv4: Subnet, legs: Mapping[Place, Endpoint], entries: Mapping[str, tuple[IPAddress, ...]]) -> list[Span]:
    """What of the IPv4 subnet belongs to gateways, to sandboxes, to the part that sandboxes are given addresses of, and to nobody.

    An IPv6 address takes the place of IPv4 that has the same distance from the beginning.
    """
    held = [address for leg in legs.values() for address in (leg.ipv4_address, leg.ipv6_address)]
    held += [address for given in entries.values() for address in given]
    found = [] if ipv4.ip_range is None else [span_of(ipv4.ip_range, "")]
    for one in network.subnets:
        for address in (gateway_of(one), *dict(one.aux_addresses).values(), *held):
            if address is not None and address in one.subnet:
                place = int(ipv4.subnet.network_address) + int(address) - int(one.subnet.network_address)
                found.append(Span(place, place, ""))
    return found


def _report_overlaps(reports: Mapping[str, Report], network: Network, declared: Mapping[str, IPv4Network]) -> None:
    """No two hosts declare ranges that overlap."""
    for host, one in declared.items():
        other = next((name for name, its in declared.items() if name < host and its.overlaps(one)), None)
        if other is not None:
            message = f"it overlaps {declared[other]}, which is that of host {other}: choose another range"
            reports[host].add(_path(network), str(one), message)


def _report_addresses(
    reports: Mapping[str, Report],
    network: Network,
    declared: Mapping[str, IPv4Network],
    legs: Mapping[Place, Endpoint],
    entries: Mapping[str, tuple[IPAddress, ...]],
) -> None:
    """No declared range takes an address that the ledger gave to a sandbox."""
    parts = {host: _parts(network, one) for host, one in declared.items()}
    for key, addresses in entries.items() if parts else ():
        leg = legs.get(place_of(key))
        for address in (one for one in addresses if leg is not None and address_in(leg, one.version) is None):
            for host in (host for host, of_host in parts.items() if any(address in part for part in of_host)):
                message = f"the ledger gave {address} to sandbox {key}: choose another range, or declare an address for {key}"
                reports[host].add(_path(network), str(declared[host]), message)


def _report_sandboxes(reports: Mapping[str, Report], network: Network, by_host: Mapping[str, IPv4Network], legs: Mapping[Place, Endpoint]) -> None:
    """No sandbox declares an address of another host's Docker. (That of its own is seen by the checks of its host.)"""
    parts = {host: {part.version: part for part in _parts(network, one)} for host, one in by_host.items()}
    spans = outermost(span_of(part, host) for host, of_host in parts.items() for part in of_host.values())
    for place, leg in legs.items() if spans else ():
        for address in (leg.ipv4_address, leg.ipv6_address):
            within = None if address is None else last_overlap(spans, int(address), int(address))
            if address is not None and within is not None and within.holder != place[0]:
                part = parts[within.holder][address.version]
                message = f"{part} of network {network.name} is what Docker on host {within.holder} gives to its containers: choose another address"
                reports[place[0]].add(path_of(place[1], network, address.version), str(address), message)


def _lies_in(given: IPv4Network, subnet: Subnet) -> bool:
    return isinstance(subnet.subnet, IPv4Network) and given.subnet_of(subnet.subnet)


def _path(network: Network) -> str:
    return f"cnm_networks.{network.name}.docker_network"
