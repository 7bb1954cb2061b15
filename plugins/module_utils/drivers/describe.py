# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the state of a host back to the declaration that it stands for: ``before``, ``after``, and what topology_info shows.

What a picture does not hold (a default that was written out, which of two equal ways was declared) is told in its shortest form,
so that the result, declared again, changes nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Interface

from ..model.declaration import Declaration, Endpoint, Network, Port, Sandbox, Subnet
from ..model.resolve import effective_mac, effective_mtu, gateway_endpoint, interface_names
from ..state.objects import Address, Chain, File, HostState, Link, Namespace, Route, Sysctl
from ..state.rule import Rule
from ..state.tag import Tag, chain_name, read_tag
from . import bridge
from .hosts_file import DIRECTORY, read_hosts, read_nameservers
from .place import GUARD, PORTS, SOURCES, Place
from .setting import setting_name

_ALWAYS_SET = (("net/ipv4/conf/all/arp_notify", "1"), ("net/ipv6/conf/all/disable_ipv6", "1"))


@dataclass
class _Found:
    """What a fleet owns in a picture, where it is looked for."""

    namespaces: list[Namespace] = field(default_factory=list)
    links: dict[str, list[tuple[Link, Tag]]] = field(default_factory=dict)
    endpoints: dict[str, list[tuple[Link, Tag]]] = field(default_factory=dict)
    addresses: dict[tuple[str, str], list[IPv4Interface]] = field(default_factory=dict)
    ways_out: dict[str, str | None] = field(default_factory=dict)
    settings: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    rules: dict[tuple[str, str], tuple[Rule, ...]] = field(default_factory=dict)


def describe(state: HostState, fleet: str) -> Declaration:
    """The declaration that ``state`` (of which only what is owned counts) stands for. Sandboxes of mode ``host`` leave no trace."""
    found = _sort_out(state)
    networks = {network.name: network for network in _networks(found, fleet)}
    ports: dict[IPv4Address | None, list[Port]] = {}
    for rule in _rules(found, fleet, PORTS):
        if rule.port is None or rule.protocol is None or rule.to is None:
            continue
        # Somebody may have changed the chain: what is not of our form publishes nothing that could be declared.
        with contextlib.suppress(ValueError):
            address, target = rule.to.split(":")
            published = Port(rule.port, int(target), rule.protocol, IPv4Address(rule.destination or "0.0.0.0"))
            ports.setdefault(IPv4Address(address), []).append(published)
    declaration = Declaration(networks)
    for one in found.namespaces:
        sandbox = Sandbox(one.name, "container", one.joins) if one.joins else _sandbox(one.name, found, ports)
        declaration.sandboxes[one.name] = _shortest(declaration, sandbox, found.ways_out.get(one.name))
    return declaration


def _sort_out(state: HostState) -> _Found:
    found = _Found()
    for key in sorted(state.owned):
        one = state.objects[key]
        if isinstance(one, Namespace):
            found.namespaces.append(one)
        elif isinstance(one, Link):
            owner = read_tag(one.tag)
            if owner is not None:
                found.links.setdefault(owner.role, []).append((one, owner))
                found.endpoints.setdefault(one.netns, []).append((one, owner))
        elif isinstance(one, Address) and ":" not in one.address:
            found.addresses.setdefault((one.netns, one.link), []).append(IPv4Interface(one.address))
        elif isinstance(one, Route) and one.destination == "default":
            found.ways_out[one.netns] = one.link
        elif isinstance(one, Sysctl) and (one.name, one.value) not in _ALWAYS_SET:
            found.settings.setdefault(one.netns, []).append((setting_name(one.name), one.value))
        elif isinstance(one, File):
            found.files[one.path] = one.content
        elif isinstance(one, Chain):
            found.rules[(one.table, one.name)] = one.rules
    return found


def _networks(found: _Found, fleet: str) -> Iterator[Network]:
    guard, sources = _rules(found, fleet, GUARD), _rules(found, fleet, SOURCES)
    hidden = {rule.out_interface for rule in sources if rule.target == "MASQUERADE"}
    for one, owner in found.links.get("bridge", []):
        network = Network(
            owner.network,
            internal=Rule("DROP", in_interface=one.name, out_interface=f"!{one.name}") in guard,
            subnets=tuple(Subnet(interface.network, interface.ip) for interface in found.addresses.get(("", one.name), [])),
            icc=Rule("DROP", in_interface=one.name, out_interface=one.name) not in guard,
        )
        yield replace(
            network,
            masquerade=network.internal or f"!{one.name}" in hidden,
            mtu=one.mtu if one.mtu != effective_mtu(network) else None,
            bridge_name=one.name if one.name != bridge.bridge_name(fleet, network) else None,
        )


def _sandbox(name: str, found: _Found, ports: dict[IPv4Address | None, list[Port]]) -> Sandbox:
    names, extra = read_hosts(found.files.get(f"{DIRECTORY}/{name}/hosts", ""))
    endpoints = []
    for one, owner in found.endpoints.get(name, []):
        address = next((interface.ip for interface in found.addresses.get((name, one.name), [])), None)
        aliases = tuple(names.get(str(address), []))
        endpoints.append(Endpoint(owner.network, address, one.mac, one.name, aliases))
    return Sandbox(
        name,
        endpoints=tuple(sorted(endpoints, key=lambda endpoint: endpoint.network)),
        ports=tuple(sorted(port for endpoint in endpoints for port in ports.get(endpoint.ipv4_address, []))),
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


def _rules(found: _Found, fleet: str, place: Place) -> tuple[Rule, ...]:
    return found.rules.get((place.table, chain_name(fleet, place.name)), ())
