# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which address each endpoint of one network has: the declared one, that of the ledger, or the lowest free one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv4Address

from ..model.declaration import Endpoint, Network, Sandbox, Subnet
from ..model.report import Report
from ..model.subnet import gateway_of, lies_between, usable_range
from .ledger import Ledger, key_of
from .missing import NOT_IN_LEDGER, Missing


def free_addresses(subnet: Subnet, taken: Iterable[IPv4Address]) -> Iterator[IPv4Address]:
    """The addresses that the subnet can give to endpoints, lowest first (Docker's rule), without the gateway and those that are taken."""
    used = {int(address) for address in taken}
    used.add(int(gateway_of(subnet)))
    first, last = usable_range(subnet.subnet)
    return (IPv4Address(number) for number in range(int(first), int(last) + 1) if number not in used)


def assign_addresses(report: Report, network: Network, legs: Mapping[str, Endpoint], ledger: Ledger, missing: Missing) -> dict[str, IPv4Address]:
    """The address of each sandbox that declares none in ``network``. What cannot be told is left out, and why is reported.

    network: with its subnet. legs: the endpoint in it of each sandbox.
    """
    subnet = network.subnets[0]
    first, last = usable_range(subnet.subnet)
    declared = {endpoint.ipv4_address: sandbox for sandbox, endpoint in sorted(legs.items()) if endpoint.ipv4_address is not None}
    entries = ledger.endpoints.get(key_of(report.host, network.name), {})
    found: dict[str, IPv4Address] = {}
    lacking = []
    for sandbox in sorted(name for name, endpoint in legs.items() if endpoint.ipv4_address is None):
        # What lies outside was given in a subnet that the network had before.
        given = next((address for address in entries.get(key_of(report.host, sandbox), ()) if lies_between(address, first, last)), None)
        if given is None:
            lacking.append(sandbox)
        elif given in declared:
            message = f"the ledger gave this address to sandbox {sandbox}: choose another one, or declare an address for {sandbox}"
            report.add(path_of(declared[given], network), str(given), message)
        elif given == gateway_of(subnet):
            message = f"the ledger gave this address to sandbox {sandbox}: declare another gateway, or an address for {sandbox}"
            report.add(f"cnm_networks.{network.name}.ipam.config[0].gateway", str(given), message)
        else:
            found[sandbox] = given
    free = free_addresses(subnet, [*declared, *found.values()])
    for sandbox in lacking if missing is not Missing.LEFT else ():
        address = next(free, None) if missing is Missing.GIVEN else None
        if address is not None:
            found[sandbox] = address
        elif missing is Missing.REFUSED:
            report.add(path_of(sandbox, network), "", NOT_IN_LEDGER.format(what="an address"))
        else:
            message = f"network {network.name} has no free address left in {subnet.subnet}: declare a larger subnet for it, or divide it"
            report.add(path_of(sandbox, network), "", message)
    return found


def path_of(sandbox: str, network: Network) -> str:
    """Where an endpoint's address is declared."""
    return f"cnm_sandboxes.{sandbox}.networks.{network.name}.ipv4_address"


def with_addresses(sandbox: Sandbox, addresses: Mapping[str, Mapping[str, IPv4Address]]) -> Sandbox:
    """The sandbox with the addresses that its endpoints got. addresses: by network and sandbox."""
    endpoints = []
    for endpoint in sandbox.endpoints:
        address = addresses.get(endpoint.network, {}).get(sandbox.name)
        endpoints.append(endpoint if address is None else replace(endpoint, ipv4_address=address))
    return replace(sandbox, endpoints=tuple(endpoints))
