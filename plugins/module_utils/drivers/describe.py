# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the state of a host back to the declaration that it stands for: ``before``, ``after``, and what topology_info shows.

What a picture does not hold (a default that was written out, which of two equal ways was declared) is told in its shortest form,
so that the result, declared again, changes nothing.
"""

from __future__ import annotations

from dataclasses import replace

from ..model.declaration import Declaration, Endpoint, Sandbox
from ..model.resolve import effective_mac, gateway_endpoint, interface_names
from ..state.objects import HostState
from .driver import DRIVERS
from .found import Found, sort_out
from .hosts_file import DIRECTORY, read_hosts, read_nameservers
from .published import WaysIn, published_ports, ways_in


def describe(state: HostState, fleet: str) -> Declaration:
    """The declaration that ``state`` (of which only what is owned counts) stands for. Sandboxes of mode ``host`` leave no trace."""
    found = sort_out(state)
    networks = {network.name: network for driver in DRIVERS.values() for network in driver.described(fleet, found)}
    ways = ways_in(fleet, found)
    declaration = Declaration(networks)
    for one in found.namespaces:
        sandbox = Sandbox(one.name, "container", one.joins) if one.joins else _sandbox(one.name, found, ways)
        declaration.sandboxes[one.name] = _shortest(declaration, sandbox, found.ways_out.get(one.name))
    return declaration


def _sandbox(name: str, found: Found, ways: WaysIn) -> Sandbox:
    names, extra = read_hosts(found.files.get(f"{DIRECTORY}/{name}/hosts", ""))
    endpoints = []
    for one, owner in found.endpoints.get(name, []):
        address = next((interface.ip for interface in found.addresses.get((name, one.name), [])), None)
        aliases = tuple(names.get(str(address), []))
        endpoints.append(Endpoint(owner.network, address, one.mac, one.name, aliases))
    return Sandbox(
        name,
        endpoints=tuple(sorted(endpoints, key=lambda endpoint: endpoint.network)),
        ports=published_ports(ways, [address for one in endpoints for address in (one.ipv4_address, one.ipv6_address) if address is not None]),
        sysctls=tuple(sorted(found.settings.get(name, []))),
        dns=tuple(read_nameservers(found.files.get(f"{DIRECTORY}/{name}/resolv.conf", ""))),
        extra_hosts=tuple(sorted(extra)),
    )


def _shortest(declaration: Declaration, sandbox: Sandbox, way_out: str | None) -> Sandbox:
    """``sandbox`` without what follows by itself: derived MACs, interface names in turn, a default route by the networks' order."""
    if not sandbox.endpoints:
        return replace(sandbox, mode="none") if sandbox.mode == "networks" else sandbox
    given = {endpoint.network: endpoint.interface_name for endpoint in sandbox.endpoints}
    plain = replace(sandbox, endpoints=tuple(replace(endpoint, interface_name=None) for endpoint in sandbox.endpoints))
    in_turn = interface_names(plain) == given
    gateway = gateway_endpoint(declaration, sandbox)
    endpoints = []
    for endpoint in sandbox.endpoints:
        derived = effective_mac(replace(endpoint, mac_address=None))
        chosen = endpoint.interface_name == way_out and gateway is not None and endpoint.network != gateway.network
        endpoints.append(
            replace(
                endpoint,
                interface_name=None if in_turn else endpoint.interface_name,
                mac_address=None if endpoint.mac_address == derived else endpoint.mac_address,
                gw_priority=1 if chosen else 0,
            )
        )
    return replace(sandbox, endpoints=tuple(endpoints))
