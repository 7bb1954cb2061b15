# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the declaration of one host to the state that it should be in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..model.declaration import Declaration, Endpoint, Network, Port, Sandbox
from ..model.resolve import EVERY_ADDRESS, EVERY_IPV6_ADDRESS, gateway_endpoints, interface_names, namespace_owners
from ..state.ground import PLAIN, Ground
from ..state.objects import HostState, Namespace, Object, Sysctl, desired_state
from ..state.relocate import relocated
from ..state.rule import Rule
from ..state.tag import Tag
from . import beside_docker, reachable
from .driver import DRIVERS, Leg, driver_named
from .firewall import firewall_objects
from .host_limits import host_limits
from .hosts_file import name_files, network_names
from .place import Place
from .setting import implied_settings, setting_path
from .tuning import tuned

Placed = tuple[Place, int, Rule]


def host_state(declaration: Declaration, fleet: str, docker_bridges: tuple[str, ...] = (), ground: Ground = PLAIN) -> HostState:
    """All that a fully resolved declaration (every subnet, gateway and address is there, and namespaces of others by their paths) puts on its host.

    docker_bridges: those of an engine on the host that does not close them itself. ground: what the host's firewall is like.
    """
    networks = {name: network for name, network in sorted(declaration.networks.items()) if network.driver in DRIVERS}
    there = replace(declaration, sandboxes={name: one for name, one in declaration.sandboxes.items() if not _is_missing(one)})
    members, publishing = _members(there), _publishing(there)
    objects: list[Object] = []
    placed: list[Placed] = []
    for name, network in networks.items():
        driver, within, ways_in = driver_named(network.driver), members.get(name, []), publishing.get(name, [])
        objects.extend(driver.network_objects(fleet, network, within, ways_in))
        placed.extend(driver.rules(fleet, network, ways_in))
    objects.extend(host_limits([(network, len(members.get(name, ()))) for name, network in networks.items()]))
    placed.extend(beside_docker.rules(networks.values(), docker_bridges, ground.isolating))
    placed.extend(reachable.rules(fleet, networks))
    objects.extend(_sandboxes(declaration, members, fleet))
    for name, legs in members.items():
        objects.extend(_endpoints(there, networks[name], legs, publishing.get(name, []), fleet))
    objects.extend(firewall_objects(placed, fleet, ground))
    places = {name: sandbox.namespace[1] for name, sandbox in declaration.sandboxes.items() if sandbox.namespace is not None}
    return desired_state(relocated(one, places) for one in objects)


def _is_missing(sandbox: Sandbox) -> bool:
    """Whether the namespace of somebody else that it names is not there. Then it has its files, which a container may need when it starts."""
    return sandbox.mode == "attached" and sandbox.namespace is None


def _members(declaration: Declaration) -> dict[str, list[Leg]]:
    """Who is in each network, in order of the sandboxes' names."""
    found: dict[str, list[Leg]] = {}
    for _name, sandbox in sorted(declaration.sandboxes.items()):
        for endpoint in sandbox.endpoints:
            found.setdefault(endpoint.network, []).append((sandbox, endpoint))
    return found


def _publishing(declaration: Declaration) -> dict[str, list[Leg]]:
    """The sandboxes that publish ports, by the network through which they do: that of their default route, in IPv4 and in IPv6.

    Each with those of its ports that lead in there, each at one address of the host (0.0.0.0 and ``::``: every one of its family).
    """
    found: dict[str, list[Leg]] = {}
    for _name, sandbox in sorted(declaration.sandboxes.items()):
        ways: dict[Endpoint, list[Port]] = {}
        for family, endpoint in gateway_endpoints(declaration, sandbox).items() if sandbox.ports else ():
            ways.setdefault(endpoint, []).extend(_at_one_address(sandbox.ports, family))
        for endpoint, ports in ways.items():
            if ports:
                found.setdefault(endpoint.network, []).append((replace(sandbox, ports=tuple(ports)), endpoint))
    return found


def _at_one_address(ports: tuple[Port, ...], family: int) -> Iterator[Port]:
    every = EVERY_ADDRESS if family == 4 else EVERY_IPV6_ADDRESS
    for port in ports:
        if port.host_ip is None or port.host_ip.version == family:
            yield replace(port, host_ip=port.host_ip or every)


def _sandboxes(declaration: Declaration, members: dict[str, list[Leg]], fleet: str) -> Iterator[Object]:
    """Every namespace with its names, its settings and its files."""
    host = declaration.host
    used = sorted({leg.network for sandbox in declaration.sandboxes.values() for leg in sandbox.endpoints})
    names = {name: network_names(declaration.networks[name], [sandbox for sandbox, _endpoint in members.get(name, [])], host) for name in used}
    owners = namespace_owners(declaration)
    for name, sandbox in sorted(declaration.sandboxes.items()):
        first = owners[name]
        if first is None or declaration.sandboxes[first].mode == "host":
            continue
        if sandbox.mode == "attached":
            yield from name_files(fleet, name, sandbox, names, host)
            yield from () if _is_missing(sandbox) else (Sysctl(name, setting, value) for setting, value in implied_settings(declaration, sandbox))
            continue
        yield Namespace(name, str(Tag(fleet, "", first, "sandbox")), "" if first == name else first)
        yield from name_files(fleet, name, declaration.sandboxes[first], names, host)
        if first == name:
            for setting, value in implied_settings(declaration, sandbox):
                yield Sysctl(name, setting, value)
            for setting, value in sandbox.sysctls:
                yield Sysctl(name, setting_path(setting), value)


def _endpoints(declaration: Declaration, network: Network, legs: list[Leg], publishing: list[Leg], fleet: str) -> Iterator[Object]:
    """The legs of one network, and the default routes that lead through it."""
    driver, lead_in = driver_named(network.driver), {sandbox.name for sandbox, _endpoint in publishing}
    for sandbox, endpoint in legs:
        interface = interface_names(sandbox, declaration.networks)[network.name]
        objects = driver.endpoint_objects(fleet, network, (sandbox, endpoint), interface, sandbox.name in lead_in)
        yield from tuned(fleet, network, sandbox, endpoint, interface, objects)
        for family, gateway in gateway_endpoints(declaration, sandbox).items():
            if endpoint == gateway and family not in sandbox.led_elsewhere:
                yield from driver.default_route(network, sandbox, interface, family)
