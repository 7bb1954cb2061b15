# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the declaration of one host to the state that it should be in."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.declaration import Declaration, Endpoint, Network, Sandbox
from ..model.resolve import gateway_endpoint, interface_names, namespace_owners
from ..state.objects import Chain, HostState, Namespace, Object, Route, Sysctl, desired_state
from ..state.rule import Rule
from ..state.tag import Tag, chain_name
from . import bridge
from .hosts_file import name_files, network_names
from .place import IPV4, Place, jumps
from .setting import setting_path

Placed = tuple[Place, int, Rule]


def host_state(declaration: Declaration, fleet: str) -> HostState:
    """All that a fully resolved declaration (every subnet, gateway and address is there) puts on its host."""
    networks = {name: network for name, network in declaration.networks.items() if network.driver == bridge.KIND}
    publishing = _publishing(declaration)
    objects: list[Object] = []
    for name, network in sorted(networks.items()):
        objects.extend(bridge.network_objects(fleet, network, bool(publishing.get(name))))
    objects.extend(_sandboxes(declaration, networks, fleet))
    placed: list[Placed] = []
    for name, network in sorted(networks.items()):
        placed.extend(bridge.network_rules(fleet, network))
        placed.extend(bridge.published_rules(fleet, network, publishing.get(name, [])))
    objects.extend(_firewall(placed, fleet))
    return desired_state(objects)


def _sandboxes(declaration: Declaration, networks: dict[str, Network], fleet: str) -> Iterator[Object]:
    members: dict[str, list[Sandbox]] = {}
    for _name, sandbox in sorted(declaration.sandboxes.items()):
        for endpoint in sandbox.endpoints:
            members.setdefault(endpoint.network, []).append(sandbox)
    names = {network: network_names(network, within) for network, within in members.items()}
    owners = namespace_owners(declaration)
    for name, sandbox in sorted(declaration.sandboxes.items()):
        first = owners[name]
        if first is None or declaration.sandboxes[first].mode == "host":
            continue
        yield Namespace(name, str(Tag(fleet, "", first, "sandbox")), "" if first == name else first)
        yield from name_files(fleet, name, declaration.sandboxes[first], names)
        if first == name:
            yield from _inside(declaration, networks, sandbox, fleet)


def _inside(declaration: Declaration, networks: dict[str, Network], sandbox: Sandbox, fleet: str) -> Iterator[Object]:
    # Announce addresses when a link comes up, so that neighbours forget who had them before.
    yield Sysctl(sandbox.name, "net/ipv4/conf/all/arp_notify", "1")
    yield Sysctl(sandbox.name, "net/ipv6/conf/all/disable_ipv6", "1")
    for setting, value in sandbox.sysctls:
        yield Sysctl(sandbox.name, setting_path(setting), value)
    interfaces = interface_names(sandbox)
    way_out = gateway_endpoint(declaration, sandbox)
    for endpoint in sandbox.endpoints:
        publishes = bool(sandbox.ports) and endpoint == way_out
        yield from bridge.endpoint_objects(fleet, networks[endpoint.network], sandbox, endpoint, interfaces[endpoint.network], publishes)
    if way_out is not None:
        gateway = networks[way_out.network].subnets[0].gateway
        yield Route(sandbox.name, "default", str(gateway), interfaces[way_out.network])


def _publishing(declaration: Declaration) -> dict[str, list[tuple[Sandbox, Endpoint]]]:
    """The sandboxes that publish ports, by the network through which they do: that of their default route."""
    found: dict[str, list[tuple[Sandbox, Endpoint]]] = {}
    for _name, sandbox in sorted(declaration.sandboxes.items()):
        endpoint = gateway_endpoint(declaration, sandbox) if sandbox.ports else None
        if endpoint is not None:
            found.setdefault(endpoint.network, []).append((sandbox, endpoint))
    return found


def _firewall(placed: list[Placed], fleet: str) -> Iterator[Object]:
    """The chains with their rules by rank, each rule once, and the jumps to them."""
    rules: dict[Place, dict[Rule, None]] = {}
    for place, _rank, rule in sorted(placed, key=lambda one: one[1]):
        rules.setdefault(place, {})[rule] = None
    for place, in_order in sorted(rules.items()):
        yield Chain(IPV4, place.table, chain_name(fleet, place.name), tuple(in_order))
        yield from jumps(place, fleet)
