# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which address each endpoint of one network has: the declared one, that of the ledger, or the lowest free one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Callable

from ..model.declaration import Endpoint, IPAddress, Network, Sandbox, Subnet
from ..model.report import Report
from ..model.subnet import gateway_of, lies_between, usable_range
from .ledger import key_of, place_of
from .missing import NOT_IN_LEDGER, Missing

Place = tuple[str, str]  # host and sandbox
Given = dict[Place, IPv4Address]


def free_addresses(subnets: Iterable[Subnet], taken: Iterable[IPAddress]) -> Iterator[IPv4Address]:
    """The addresses that the subnets can give to endpoints, lowest first (Docker's rule), without the gateways and those that are taken."""
    used = {int(address) for address in taken}
    for subnet in subnets:
        gateway = int(gateway_of(subnet))
        first, last = usable_range(subnet.subnet)
        yield from (IPv4Address(number) for number in range(int(first), int(last) + 1) if number != gateway and number not in used)


def assign_addresses(
    reports: Mapping[str, Report],
    network: Network,
    legs: Mapping[Place, Endpoint],
    entries: Mapping[str, tuple[IPv4Address, ...]],
    missing: Callable[[str], Missing],
    kept: Iterable[IPv4Address] = (),
) -> Given:
    """The address of each endpoint of ``network`` that declares none. What cannot be told is left out, and why is reported.

    network: with its subnets. legs: its endpoints. entries: what the ledger gave in it. missing: what to do about an endpoint of this host.
    kept: what endpoints hold that are not declared any more, but may still stand.
    """
    kept = set(kept)
    declared = {endpoint.ipv4_address: place for place, endpoint in sorted(legs.items()) if endpoint.ipv4_address is not None}
    gateways = {gateway_of(subnet): index for index, subnet in enumerate(network.subnets)}
    found: Given = {}
    lacking = []
    for place in sorted(place for place, endpoint in legs.items() if endpoint.ipv4_address is None):
        # What lies outside was given in a subnet that the network had before.
        given = next((address for address in entries.get(key_of(*place), ()) if _is_inside(address, network)), None)
        if given is None:
            lacking.append(place)
        elif given in declared:
            holder = _words(place, declared[given])
            message = f"the ledger gave this address to sandbox {holder}: choose another one, or declare an address for {holder}"
            reports[declared[given][0]].add(path_of(declared[given][1], network), str(given), message)
        elif given in gateways:
            message = f"the ledger gave this address to sandbox {place[1]}: declare another gateway, or an address for {place[1]}"
            reports[place[0]].add(f"cnm_networks.{network.name}.ipam.config[{gateways[given]}].gateway", str(given), message)
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
    free = free_addresses(network.subnets, taken)
    for place in lacking:
        how = missing(place[0])
        address = next(free, None) if how is Missing.GIVEN else None
        if address is not None:
            found[place] = address
        elif how is Missing.REFUSED:
            reports[place[0]].add(path_of(place[1], network), "", NOT_IN_LEDGER.format(what="an address"))
        elif how is Missing.GIVEN:
            subnets = " and ".join(str(one.subnet) for one in network.subnets)
            message = f"network {network.name} has no free address left in {subnets}: declare a larger subnet for it, or divide it"
            reports[place[0]].add(path_of(place[1], network), "", message)
    return found


def path_of(sandbox: str, network: Network) -> str:
    """Where an endpoint's address is declared."""
    return f"cnm_sandboxes.{sandbox}.networks.{network.name}.ipv4_address"


def with_addresses(sandbox: Sandbox, addresses: Mapping[str, Mapping[Place, IPv4Address]], host: str) -> Sandbox:
    """The sandbox with the addresses that its endpoints got. addresses: by network and place."""
    endpoints = []
    for endpoint in sandbox.endpoints:
        address = addresses.get(endpoint.network, {}).get((host, sandbox.name))
        endpoints.append(endpoint if address is None else replace(endpoint, ipv4_address=address))
    return replace(sandbox, endpoints=tuple(endpoints))


def _is_inside(address: IPv4Address, network: Network) -> bool:
    """Whether one of the network's subnets can give this address."""
    return any(lies_between(address, *usable_range(one.subnet)) for one in network.subnets)


def _moved(legs: Mapping[Place, Endpoint], entries: Mapping[str, tuple[IPv4Address, ...]]) -> dict[str, tuple[IPv4Address, ...]]:
    """What the ledger gave to a sandbox that has left its host, by name: if it is on another host now, it takes its address along."""
    left = [(place_of(key)[1], addresses) for key, addresses in entries.items() if place_of(key) not in legs]
    times = Counter(sandbox for sandbox, _addresses in left)
    return {sandbox: addresses for sandbox, addresses in left if times[sandbox] == 1}


def _words(place: Place, seen_from: Place) -> str:
    """A sandbox as a problem of another one calls it."""
    return place[1] if place[0] == seen_from[0] else key_of(*place)
