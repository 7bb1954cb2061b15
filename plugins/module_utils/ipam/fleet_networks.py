# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of scope ``fleet``: what each is, the same on all hosts, and who is in it on which host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ..model.declaration import Declaration, Endpoint, Network
from ..model.options import network_options
from ..model.report import Report, shown
from .addresses import Place, path_of
from .shims import HOST_ITSELF, shim_legs

# What may differ from host to host.
OF_A_HOST = ("host_shim", "mtu", "parent")


def fleet_networks(declarations: Mapping[str, Declaration], reports: Mapping[str, Report]) -> dict[str, FleetNetwork]:
    """Every network of scope fleet by name, with all its endpoints. Where two hosts declare it differently, that is reported at the second one."""
    found: dict[str, FleetNetwork] = {}
    holders = _holders(declarations)
    for name, hosts in sorted(holders.items()):
        first = next((host for host in hosts if declarations[host].networks[name].scope == "fleet"), None)
        if first is None:
            continue
        network = declarations[first].networks[name]
        for other in hosts:
            for key, here, there in _differences(network, declarations[other].networks[name]):
                message = f"network {name} is one network on all hosts of the fleet, and {first} has {here}: make them the same, or choose another name"
                reports[other].add(f"cnm_networks.{name}.{key}", there, message)
        # Which range a host declares is its own affair.
        found[name] = FleetNetwork(replace(network, docker_network=network.docker_network is not False), tuple(hosts), {})
    for host, declaration in sorted(declarations.items()):
        for sandbox_name, sandbox in declaration.sandboxes.items():
            for endpoint in sandbox.endpoints:
                if endpoint.network in found:
                    found[endpoint.network].members[host, sandbox_name] = endpoint
        for name, endpoint in shim_legs(declaration).items():
            if name in found:
                found[name].members[host, HOST_ITSELF] = endpoint
    return found


def check_members(network: FleetNetwork, reports: Mapping[str, Report]) -> None:
    """No two endpoints on different hosts declare one address, or one MAC. (Two on one host are seen by the checks of that host.)"""
    holders: dict[object, Place] = {}
    for place, endpoint in sorted(network.members.items()):
        for key, value in (("ipv4_address", endpoint.ipv4_address), ("ipv6_address", endpoint.ipv6_address), ("mac_address", endpoint.mac_address)):
            holder = place if value is None else holders.setdefault(value, place)
            if holder[0] != place[0]:
                who = f"host {holder[0]} itself" if holder[1] == HOST_ITSELF else f"sandbox {holder[1]} of host {holder[0]}"
                message = f"{who} has it in network {network.network.name}, which is one for all hosts: choose another one"
                path = path_of(place[1], network.network, 4).rpartition(".")[0]
                is_shim = place[1] == HOST_ITSELF
                reports[place[0]].add(f"{path}.{'host_shim' if is_shim else key}", str(value), message)


def _holders(declarations: Mapping[str, Declaration]) -> dict[str, list[str]]:
    """The hosts that declare each network, sorted."""
    found: dict[str, list[str]] = {}
    for host, declaration in sorted(declarations.items()):
        for name in declaration.networks:
            found.setdefault(name, []).append(host)
    return found


def _differences(one: Network, other: Network) -> Iterator[tuple[str, str, str]]:
    """(key, what one has, what the other has), in the words of the options, for all that must be the same."""
    if one == other:
        return
    first: Mapping[str, object] = _shared(one)
    second: Mapping[str, object] = _shared(other)
    if other.scope != one.scope:
        # All else may follow from that.
        first, second = {"driver": one.driver, "scope": one.scope}, {"driver": other.driver, "scope": other.scope}
    for key in sorted((first.keys() | second.keys()).difference(OF_A_HOST)):
        if first.get(key) != second.get(key):
            yield key, shown(first.get(key, "none")), shown(second.get(key, "none"))


def _shared(network: Network) -> dict[str, object]:
    """A network in option names. Whether Docker knows it is the same on all hosts; which range its Docker has is a host's own affair."""
    return {**network_options(network), "docker_network": network.docker_network is not False}


@dataclass(frozen=True)
class FleetNetwork:
    """network: as the first host declares it. hosts: all that declare it. members: its endpoints on all hosts, and the hosts' own."""

    network: Network
    hosts: tuple[str, ...]
    members: dict[Place, Endpoint]
