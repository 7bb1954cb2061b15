# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which address each endpoint of one network has: the declared one, that of the ledger, or the lowest free one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from typing import Callable

from ..model.declaration import Endpoint, IPAddress, IPNetwork, Network, Sandbox, Subnet
from ..model.overlap import Span, outermost, span_of
from ..model.report import Report
from ..model.resolve import address_in, families
from ..model.subnet import declared_at, gateway_of, given_range, lies_between, usable_range
from .ledger import key_of, place_of
from .missing import NOT_IN_LEDGER, Missing
from .shims import HOST_ITSELF, wants_family

Place = tuple[str, str]  # host and sandbox
Given = dict[Place, tuple[IPAddress, ...]]


def free_addresses(subnets: Iterable[Subnet], taken: Iterable[IPAddress], ranges: Iterable[IPNetwork] = ()) -> Iterator[IPAddress]:
    """The addresses that the subnets can give to endpoints, lowest first (Docker's rule), without the gateways, the aux_addresses and those that are
    taken. ranges: parts of the subnets that others give away.
    """
    used = {int(address) for address in taken}
    spans = outermost(span_of(one, "") for one in ranges)
    for subnet in subnets:
        gateway = gateway_of(subnet)
        kept = {int(address) for address in (gateway, *dict(subnet.aux_addresses).values()) if address is not None}
        first, last = given_range(subnet)
        kind = type(first)
        for low, high in _between(int(first), int(last), spans):
            yield from (kind(number) for number in range(low, high + 1) if number not in kept and number not in used)


def _between(first: int, last: int, spans: Iterable[Span]) -> Iterator[tuple[int, int]]:
    """What is left of the numbers from ``first`` to ``last`` beside sorted spans, as first and last of each part."""
    for span in spans:
        if span.last >= first and span.first <= last:
            yield first, span.first - 1
            first = span.last + 1
    yield first, last


def assign_addresses(
    reports: Mapping[str, Report],
    network: Network,
    legs: Mapping[Place, Endpoint],
    entries: Mapping[str, tuple[IPAddress, ...]],
    missing: Callable[[str], Missing],
    kept: Iterable[IPAddress] = (),
    ranges: Iterable[IPNetwork] = (),
) -> Given:
    """The addresses of each endpoint of ``network``, one of each family in which it declares none. What cannot be told is left out, and why is reported.

    network: with its subnets. legs: its endpoints. entries: what the ledger gave in it. missing: what to do about an endpoint of this host.
    kept: what endpoints hold that are not declared any more, but may still stand. ranges: parts of the subnets that Docker engines give away.
    """
    found: Given = {}
    for family in families(network):
        one = replace(network, subnets=tuple(subnet for subnet in network.subnets if subnet.subnet.version == family))
        for place, address in _of_family(reports, one, family, legs, entries, missing, set(kept), list(ranges)).items() if one.subnets else ():
            found[place] = (*found.get(place, ()), address)
    return found


def _of_family(
    reports: Mapping[str, Report],
    network: Network,
    family: int,
    legs: Mapping[Place, Endpoint],
    entries: Mapping[str, tuple[IPAddress, ...]],
    missing: Callable[[str], Missing],
    kept: set[IPAddress],
    ranges: list[IPNetwork],
) -> dict[Place, IPAddress]:
    """The same of one family. network: with the subnets of that family."""
    fixed = {place: address_in(endpoint, family) for place, endpoint in sorted(legs.items()) if wants_family(place[1], endpoint, family)}
    declared = {address: place for place, address in fixed.items() if address is not None}
    gateways = {gateway: one for one in network.subnets for gateway in [gateway_of(one)] if gateway is not None}
    found: dict[Place, IPAddress] = {}
    lacking = []
    for place in sorted(place for place, address in fixed.items() if address is None):
        # What lies outside was given in a subnet that the network had before.
        given = next((address for address in entries.get(key_of(*place), ()) if _is_inside(address, network)), None)
        if given is None:
            lacking.append(place)
        elif given in declared:
            holder = _words(place, declared[given])
            message = f"the ledger gave this address to sandbox {holder}: choose another one, or declare an address for {holder}"
            reports[declared[given][0]].add(path_of(declared[given][1], network, family), str(given), message)
        elif given in gateways:
            message = f"the ledger gave this address to sandbox {place[1]}: declare another gateway, or an address for {place[1]}"
            reports[place[0]].add(declared_at(network.name, gateways[given], "gateway"), str(given), message)
        else:
            found[place] = given
    moved = _moved(legs, entries)
    taken: set[IPAddress] = {*declared, *gateways, *found.values(), *kept}
    for place in lacking:
        brought = next((address for address in moved.get(place[1], ()) if address not in taken and _is_inside(address, network)), None)
        if brought is not None:
            found[place] = brought
            taken.add(brought)
    lacking = [place for place in lacking if place not in found]
    free = free_addresses(network.subnets, taken, ranges)
    for place in lacking:
        how = missing(place[0])
        address = next(free, None) if how is Missing.GIVEN else None
        if address is not None:
            found[place] = address
        elif how is Missing.REFUSED:
            reports[place[0]].add(path_of(place[1], network, family), "", NOT_IN_LEDGER.format(what="an address"))
        elif how is Missing.GIVEN:
            subnets = " and ".join(str(one.subnet if one.ip_range is None else f"{one.ip_range} (ip_range of {one.subnet})") for one in network.subnets)
            message = f"network {network.name} has no free address left in {subnets}: declare a larger subnet for it, or divide it"
            reports[place[0]].add(path_of(place[1], network, family), "", message)
    return found


def path_of(sandbox: str, network: Network, family: int) -> str:
    """Where an endpoint's address is declared."""
    if sandbox == HOST_ITSELF:
        return f"cnm_networks.{network.name}.host_shim"
    return f"cnm_sandboxes.{sandbox}.networks.{network.name}.ipv{family}_address"


def with_addresses(sandbox: Sandbox, addresses: Mapping[str, Mapping[Place, tuple[IPAddress, ...]]], host: str) -> Sandbox:
    """The sandbox with the addresses that its endpoints got. addresses: by network and place."""
    endpoints = []
    for endpoint in sandbox.endpoints:
        given = addresses.get(endpoint.network, {}).get((host, sandbox.name), ())
        v4 = next((address for address in given if isinstance(address, IPv4Address)), endpoint.ipv4_address)
        v6 = next((address for address in given if isinstance(address, IPv6Address)), endpoint.ipv6_address)
        endpoints.append(replace(endpoint, ipv4_address=v4, ipv6_address=v6) if given else endpoint)
    return replace(sandbox, endpoints=tuple(endpoints))


def _is_inside(address: IPAddress, network: Network) -> bool:
    """Whether one of the network's subnets can give this address."""
    return any(lies_between(address, *usable_range(one.subnet)) for one in network.subnets)


def _moved(legs: Mapping[Place, Endpoint], entries: Mapping[str, tuple[IPAddress, ...]]) -> dict[str, tuple[IPAddress, ...]]:
    """What the ledger gave to a sandbox that has left its host, by name: if it is on another host now, it takes its address along."""
    left = [(place_of(key)[1], addresses) for key, addresses in entries.items() if place_of(key) not in legs]
    times = Counter(sandbox for sandbox, _addresses in left)
    return {sandbox: addresses for sandbox, addresses in left if times[sandbox] == 1}


def _words(place: Place, seen_from: Place) -> str:
    """A sandbox as a problem of another one calls it."""
    return place[1] if place[0] == seen_from[0] else key_of(*place)
