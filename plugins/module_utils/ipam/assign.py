# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one host gets: its declaration with everything filled in, and the ledger's entries for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address

from ..model.declaration import Declaration, Endpoint
from ..model.report import Report
from ..model.reserved import Reserved
from .addresses import assign_addresses, with_addresses
from .ledger import Grant, Ledger, key_of
from .missing import Missing
from .pools import Pool
from .subnets import assign_subnets, with_subnet

Addresses = dict[str, dict[str, tuple[IPv4Address, ...]]]


def assign(report: Report, declaration: Declaration, ledger: Ledger, reserved: Reserved, pools: tuple[Pool, ...], missing: Missing) -> Assignment:
    """Fills in every subnet, gateway and address of the host ``report.host``.

    What the ledger gave stays as it is; where that clashes with what is declared or reserved, the thing is left open and reported.
    """
    host = report.host
    subnets = assign_subnets(report, declaration, ledger, reserved, pools, missing)
    networks = {name: with_subnet(network, subnets.get(name)) for name, network in declaration.networks.items()}
    legs = endpoints_by_network(declaration)
    addresses = {name: assign_addresses(report, network, legs[name], ledger, missing) for name, network in networks.items() if network.subnets and name in legs}
    return Assignment(
        Declaration(networks, {name: with_addresses(sandbox, addresses) for name, sandbox in declaration.sandboxes.items()}),
        {key_of(host, name): Grant((subnet,)) for name, subnet in subnets.items()},
        {key_of(host, name): {key_of(host, sandbox): (address,) for sandbox, address in given.items()} for name, given in addresses.items() if given},
    )


def endpoints_by_network(declaration: Declaration) -> dict[str, dict[str, Endpoint]]:
    """The endpoint of each sandbox, by network."""
    legs: dict[str, dict[str, Endpoint]] = {}
    for name, sandbox in declaration.sandboxes.items():
        for endpoint in sandbox.endpoints:
            legs.setdefault(endpoint.network, {})[name] = endpoint
    return legs


@dataclass(frozen=True)
class Assignment:
    """What one host gets. networks, endpoints: all that the ledger is to hold for this host."""

    declaration: Declaration
    networks: dict[str, Grant] = field(default_factory=dict)
    endpoints: Addresses = field(default_factory=dict)
