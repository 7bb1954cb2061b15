# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the state of a host back to the declaration that it stands for: ``before``, ``after``, and what topology_info shows.

What a picture does not hold (a default that was written out, which of two equal ways was declared) is told in its shortest form,
so that the result, declared again, changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from itertools import permutations

from ..model.declaration import Declaration, Endpoint, Network, Sandbox
from ..model.parent import has_own_macs
from ..model.resolve import FAMILIES, gateway_endpoints, implied_mac, interface_names
from ..state.objects import HostState, Link
from ..state.relocate import relocated
from ..state.tag import read_tag
from .driver import standing_drivers
from .found import Found, sort_out
from .hosts_file import DIRECTORY, read_home, read_hosts, read_nameservers
from .published import WaysIn, published_ports, ways_in
from .setting import implied_settings, setting_name
from .tuning import described, with_interface_settings


def describe(state: HostState, fleet: str) -> Declaration:
    """The declaration that what is owned of ``state`` stands for; others' links tell which MTU follows by itself. Sandboxes of mode ``host`` leave no trace."""
    names = _names_of_places(state)
    found = sort_out(HostState({key: relocated(one, names) for key, one in state.objects.items()}, state.owned))
    networks = {network.name: network for driver in standing_drivers(found) for network in driver.described(fleet, found)}
    ways = ways_in(fleet, found)
    homes = (read_home(content) for path, content in sorted(found.files.items()) if path.endswith("/hosts"))
    declaration = Declaration(networks, host=next(filter(None, homes), ""))
    for one in found.namespaces:
        sandbox = Sandbox(one.name, "container", one.joins) if one.joins else _sandbox(one.name, networks, found, ways)
        declaration.sandboxes[one.name] = _shortest(declaration, sandbox, found)
    for path, name in names.items():
        sandbox = replace(_sandbox(name, networks, found, ways), mode="attached", namespace=("netns", path))
        declaration.sandboxes[name] = _shortest(declaration, sandbox, found)
    return declaration


def _names_of_places(state: HostState) -> dict[str, str]:
    """The sandboxes in namespaces of others, by the paths of these: the marks of our links there say which."""
    links = (one for one in (state.objects[key] for key in sorted(state.owned)) if isinstance(one, Link) and one.netns.startswith("/"))
    owners = ((one.netns, read_tag(one.tag)) for one in links)
    return {path: owner.sandbox for path, owner in owners if owner is not None}


def _sandbox(name: str, networks: Mapping[str, Network], found: Found, ways: WaysIn) -> Sandbox:
    names, extra = read_hosts(found.files.get(f"{DIRECTORY}/{name}/hosts", ""))
    endpoints: list[Endpoint] = []
    told: set[int] = set()
    for one, owner in found.endpoints.get(name, []):
        addresses = [interface.ip for interface in found.addresses.get((name, one.name), [])]
        v4 = next((address for address in addresses if isinstance(address, IPv4Address)), None)
        v6 = next((address for address in addresses if isinstance(address, IPv6Address)), None)
        aliases = tuple(names.get(str(v4 or v6), []))
        network = networks.get(owner.network)
        mac = one.mac if network is None or has_own_macs(network) else None
        families: set[int] = {address.version for address in (v4, v6) if address is not None}
        tuning = described(one, found, network, families - told)
        told |= families
        endpoints.append(Endpoint(owner.network, v4, mac, one.name, aliases, ipv6_address=v6, tuning=tuning))
    return Sandbox(
        name,
        endpoints=tuple(sorted(endpoints, key=lambda endpoint: endpoint.network)),
        ports=published_ports(ways, [address for one in endpoints for address in (one.ipv4_address, one.ipv6_address) if address is not None]),
        sysctls=tuple(sorted(found.settings.get(name, []))),
        dns=tuple(read_nameservers(found.files.get(f"{DIRECTORY}/{name}/resolv.conf", ""))),
        extra_hosts=tuple(sorted(extra)),
    )


def _shortest(declaration: Declaration, sandbox: Sandbox, found: Found) -> Sandbox:
    """``sandbox`` without what follows by itself: derived MACs, interface names in turn, a default route by the networks' order, settings."""
    implied = {(setting_name(path), value) for path, value in implied_settings(declaration, sandbox)}
    sandbox = with_interface_settings(sandbox, [one for one in sandbox.sysctls if one not in implied])
    if not sandbox.endpoints:
        return replace(sandbox, mode="none") if sandbox.mode == "networks" else sandbox
    priorities = _priorities(declaration, sandbox, found)
    endpoints = [
        replace(
            endpoint,
            interface_name=None,
            mac_address=None if endpoint.mac_address == implied_mac(endpoint) else endpoint.mac_address,
            gw_priority=priorities.get(endpoint.interface_name or "", 0),
        )
        for endpoint in sandbox.endpoints
    ]
    in_turn = replace(sandbox, endpoints=tuple(endpoints))
    given = {endpoint.network: endpoint.interface_name for endpoint in sandbox.endpoints}
    if interface_names(in_turn, declaration.networks) == given:
        return in_turn
    return replace(sandbox, endpoints=tuple(replace(endpoint, interface_name=given[endpoint.network]) for endpoint in endpoints))


def _priorities(declaration: Declaration, sandbox: Sandbox, found: Found) -> dict[str, int]:
    """By interface, the fewest priorities that lead each family's default route where it is: none where it would be there by itself.

    A network of one family may have to come before one of both, so the two interfaces need priorities of their own.
    """
    ways = {family: way.link for family in FAMILIES if (way := found.ways_out.get((sandbox.name, family))) is not None}
    links = sorted({link for link in ways.values() if link})
    orders = [dict(zip(order, range(count, 0, -1))) for count in range(len(links) + 1) for order in permutations(links, count)]

    def led(priorities: Mapping[str, int]) -> int:
        endpoints = (replace(one, gw_priority=priorities.get(one.interface_name or "", 0)) for one in sandbox.endpoints)
        gateways = gateway_endpoints(declaration, replace(sandbox, endpoints=tuple(endpoints)) if priorities else sandbox)
        return sum(family in ways and gateway.interface_name == ways[family] for family, gateway in gateways.items())

    best = next((order for order in orders if led(order) == len(ways)), None)
    return max(orders, key=led) if best is None else best
