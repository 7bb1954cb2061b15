# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a plan: each host's part in the words of the module topology, and each fleet network's table of endpoints, which is held once."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from ansible.errors import AnsibleActionFail

from ...module_utils.ipam.fleet import HostInput
from ...module_utils.model.declaration import Declaration, Network, Sandbox
from ...module_utils.model.options import declaration_options
from ...module_utils.model.peers import endpoint_words
from ...module_utils.model.resolve import effective_mac, effective_mtu
from .inventory import Fleet
from .underlay import Underlay

Members = dict[str, dict[str, list[Sandbox]]]


def plan_files(fleet: Fleet, declarations: Mapping[str, Declaration], underlay: Mapping[str, Underlay]) -> dict[str, Any]:
    """Every file by name: the parameters of topology for each host that this run works on, and who is in each network of scope fleet.

    declarations: fully resolved, with their MTUs.
    """
    members = fleet_members(declarations)
    files: dict[str, Any] = {}
    for host in sorted(fleet.at_work):
        policy = dict(fleet.policies.get(host, {}))
        places = _places(fleet.hosts[host], policy.pop("places", ()))
        files[host_file(host)] = {
            "fleet": fleet.name,
            "firewall": fleet.firewall,
            "host": host,
            **declaration_options(declarations[host]),
            **_on_the_underlay(fleet, underlay[host], [name for name, hosts in members.items() if host in hosts]),
            **({"docker_user": policy} if policy else {}),
            "places": places,
        }
    for name, hosts in members.items():
        files[network_file(name)] = {host: _host_words(name, sandboxes, underlay[host]) for host, sandboxes in hosts.items()}
    return files


def fleet_members(declarations: Mapping[str, Declaration]) -> Members:
    """The sandboxes that are in each network of scope fleet, by network and host. A host whose Docker knows the network is in it without any."""
    found: Members = {}
    for host, declaration in sorted(declarations.items()):
        for name, network in sorted(declaration.networks.items()):
            if network.scope == "fleet" and network.docker_network is not False:
                found.setdefault(name, {})[host] = []
        for _name, sandbox in sorted(declaration.sandboxes.items()):
            for endpoint in sandbox.endpoints:
                if endpoint.network in declaration.networks and declaration.networks[endpoint.network].scope == "fleet":
                    found.setdefault(endpoint.network, {}).setdefault(host, []).append(sandbox)
    return found


def with_mtus(declarations: Mapping[str, Declaration], underlay: Mapping[str, Underlay]) -> dict[str, Declaration]:
    """The declarations, where each MTU that follows the underlay is filled in."""
    mtus = {name: min(underlay[host].mtu or 1500 for host in hosts) for name, hosts in fleet_members(declarations).items()}
    return {
        host: replace(declared, networks={name: _with_mtu(one, underlay[host], mtus.get(name)) for name, one in declared.networks.items()})
        for host, declared in declarations.items()
    }


def _places(given: HostInput, rules: Sequence[str]) -> dict[str, str]:
    """Where in the variables that stands which a host tells of by the plain variable's name. rules: the place of each rule of the policy."""
    found = {f"cnm_docker_user[{index}]": place for index, place in enumerate(rules)}
    for plain, variables in (("cnm_networks", given.networks), ("cnm_sandboxes", given.sandboxes)):
        for variable, held in variables.items():
            found.update({f"{plain}.{name}": f"{variable}.{name}" for name in held} if isinstance(held, Mapping) and variable != plain else {})
    return {told: place for told, place in found.items() if told != place}


def at_their_places(problems: Sequence[Mapping[str, Any]], folder: str, host: str) -> list[dict[str, Any]]:
    """What a host told, where it stands in the variables."""
    places = _read(folder, host_file(host), host)["places"] if problems else {}
    found = []
    for one in problems:
        match = re.match(r"cnm_docker_user\[[0-9]+\]|cnm_(?:networks|sandboxes)\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*", one["path"])
        told = match[0] if match else ""
        while told and told not in places:
            told = told.rpartition(".")[0]
        found.append({**one, "path": places[told] + one["path"][len(told) :] if told else one["path"]})
    return found


def _on_the_underlay(fleet: Fleet, underlay: Underlay, joined: list[str]) -> dict[str, Any]:
    """What a host needs that has an endpoint in a network of scope fleet. joined: these networks."""
    if not joined:
        return {}
    return {"joined": joined, "underlay_address": str(underlay.address) if underlay.address else None, "vxlan_port": fleet.vxlan_port}


def _host_words(network: str, sandboxes: list[Sandbox], underlay: Underlay) -> dict[str, Any]:
    """The endpoints that one host has in a network, as the others are told of them."""
    words = {}
    for sandbox in sandboxes:
        endpoint = next(one for one in sandbox.endpoints if one.network == network)
        addresses = [str(one or "") for one in (endpoint.ipv4_address, endpoint.ipv6_address)]
        if any(addresses):
            words[sandbox.name] = endpoint_words(*addresses, effective_mac(endpoint) or "", endpoint.aliases)
    return {**({"underlay_address": str(underlay.address)} if underlay.address else {}), "sandboxes": words}


def _with_mtu(network: Network, underlay: Underlay, smallest: int | None) -> Network:
    """An MTU that follows the underlay is filled in: for a network of the whole fleet the smallest of all its hosts.

    What rests on a parent follows that by itself; the drivers host and none have no links.
    """
    if network.driver not in ("bridge", "overlay"):
        return network
    return replace(network, mtu=effective_mtu(replace(network, underlay_address=underlay.address), smallest or underlay.mtu))


def host_file(host: str) -> str:
    """What a host's part of the plan is called."""
    return f"host-{quote(host, safe='', errors='surrogatepass')}.json"


def network_file(network: str) -> str:
    """What the table of a network of scope fleet is called."""
    return f"network-{network}.json"


def read_slice(folder: str, host: str) -> dict[str, Any]:
    """A host's part of the plan, joined with what it must know of other hosts."""
    part: dict[str, Any] = _read(folder, host_file(host), host)
    del part["places"]
    joined = part.pop("joined", ())
    if joined:
        tables = {name: _read(folder, network_file(name), host) for name in joined}
        part["peers"] = {name: {other: words for other, words in table.items() if other != host} for name, table in tables.items()}
    return part


def hosts_on(folder: str, network: str) -> list[str]:
    """Every host with an endpoint in a network of scope fleet; none where the plan has no such network any more."""
    path = os.path.join(folder, network_file(network))
    return sorted(_read(folder, network_file(network), "")) if os.path.exists(path) else []


def _read(folder: str, name: str, host: str) -> Any:
    try:
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        raise AnsibleActionFail(
            f"The plan in {folder} has no part for {host}: it was made without this host, or in another run. Run fleet_plan first."
        ) from None
