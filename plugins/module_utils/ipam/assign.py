# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one host gets for the networks of its own: its declaration with everything filled in, and the ledger's entries for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..model.declaration import Declaration, Endpoint, IPAddress, IPNetwork, Network
from ..model.report import Report
from ..model.reserved import Reserved
from .addresses import Place, assign_addresses, with_addresses
from .ledger import Grant, Ledger, key_of
from .missing import Missing
from .pools import Pool
from .ports import assign_ports, with_ports
from .ranges import Ranges, assign_ranges
from .shims import HOST_ITSELF, shim_legs, with_shim
from .subnets import assign_subnets, with_subnets

Addresses = dict[str, dict[str, tuple[IPAddress, ...]]]


def assign(report: Report, declaration: Declaration, ledger: Ledger, reserved: Reserved, pools: tuple[Pool, ...], fleet: str, missing: Missing) -> Assignment:
    """Fills in every subnet, gateway and address of the host's own networks, and every port of the host that was left open. The host is ``report.host``.

    What the ledger gave stays as it is; where that clashes with what is declared or reserved, the thing is left open and reported.
    """
    host = report.host
    subnets = assign_subnets(report, declaration, ledger, reserved, pools, fleet, missing)
    networks = {name: with_subnets(network, subnets.get(name, ())) for name, network in declaration.networks.items()}
    legs = endpoints_by_network(declaration, host)
    ranges = {name: _ranges(report, network, legs.get(name, {}), ledger, missing) for name, network in networks.items() if network.scope == "host"}
    addresses = {
        name: assign_addresses(
            {host: report}, networks[name], within, ledger.endpoints.get(key_of(host, name), {}), lambda _host: missing, ranges=ranges[name].every
        )
        for name, within in legs.items()
        if name in networks and networks[name].subnets
    }
    docker = {name: replace(networks[name], docker_network=its.by_host[host]) for name, its in ranges.items() if host in its.by_host}
    networks = {name: with_shim(network, addresses.get(name, {}), host) for name, network in {**networks, **docker}.items()}
    filled = replace(declaration, networks=networks, sandboxes={name: with_addresses(one, addresses, host) for name, one in declaration.sandboxes.items()})
    held = {name: ledger.ports.get(key_of(host, name), {}) for name in declaration.sandboxes}
    ports = assign_ports(report, filled, held, reserved, missing)
    return Assignment(
        replace(filled, sandboxes={name: with_ports(one, ports.get(name, {})) for name, one in filled.sandboxes.items()}),
        {key_of(host, name): Grant(given) for name, given in subnets.items()},
        {key_of(host, name): {key_of(*place): one for place, one in given.items()} for name, given in addresses.items() if given},
        {key_of(host, name): given for name, given in ports.items()},
        {key_of(host, name): its.given for name, its in ranges.items() if its.given},
    )


def _ranges(report: Report, network: Network, legs: Mapping[Place, Endpoint], ledger: Ledger, missing: Missing) -> Ranges:
    """The part of a network of the host's own that its Docker has."""
    host, key = report.host, key_of(report.host, network.name)
    held = ledger.ranges.get(key, {}) if network.docker_network is not False else {}
    return assign_ranges({host: report}, network, {host: network.docker_network}, legs, ledger.endpoints.get(key, {}), held, lambda _host: missing)


def endpoints_by_network(declaration: Declaration, host: str) -> dict[str, dict[Place, Endpoint]]:
    """The endpoint of each sandbox, and of the host itself, in the host's own networks, by network."""
    legs: dict[str, dict[Place, Endpoint]] = {}
    for name, sandbox in declaration.sandboxes.items():
        for endpoint in sandbox.endpoints:
            if endpoint.network in declaration.networks and declaration.networks[endpoint.network].scope == "host":
                legs.setdefault(endpoint.network, {})[host, name] = endpoint
    for name, endpoint in shim_legs(declaration).items():
        if declaration.networks[name].scope == "host":
            legs.setdefault(name, {})[host, HOST_ITSELF] = endpoint
    return legs


@dataclass(frozen=True)
class Assignment:
    """What one host gets. networks, endpoints, ports, ranges: all that the ledger is to hold for this host."""

    declaration: Declaration
    networks: dict[str, Grant] = field(default_factory=dict)
    endpoints: Addresses = field(default_factory=dict)
    ports: dict[str, dict[str, int]] = field(default_factory=dict)
    ranges: dict[str, dict[str, IPNetwork]] = field(default_factory=dict)
