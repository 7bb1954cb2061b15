# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver ``bridge``: what a network and an endpoint of it mean on one host (Docker's bridge driver)."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from ipaddress import IPv4Address, ip_address

from ..model.declaration import Endpoint, IPAddress, IPNetwork, Network, Sandbox, Subnet
from ..model.ipam import GATEWAY_NAMES
from ..model.resolve import address_in, bridge_mac, effective_mtu, has_address, leads_out
from ..model.subnet import gateway_of, subnet_in
from ..state.objects import Address, Link, Object, Route, Sysctl
from ..state.rule import Rule
from ..state.tag import Tag, altname
from . import bridge_rules, reachable
from .docker_network import BINDING_OPTION, engine_network, known_to_docker
from .found import DEFAULT_ROUTES, Found
from .place import Place
from .veth_pair import veth_pair

KIND = "bridge"
MODE_KEYS = {4: "gateway_mode", 6: "gateway_mode_ipv6"}
Leg = tuple[Sandbox, Endpoint]


def network_id(fleet: str, network: Network) -> str:
    """The name of the network's bridge on the host."""
    return reachable.bridge_of(fleet, network)


def network_objects(fleet: str, network: Network, members: Sequence[Leg], publishing: Sequence[Leg]) -> Iterator[Object]:
    """The bridge with its gateway addresses, and what the host needs to forward for it."""
    name = network_id(fleet, network)
    yield Link(
        netns="",
        name=name,
        kind=KIND,
        tag=str(Tag(fleet, network.name, "", "bridge")),
        altname=altname(fleet, network.name),
        # Given, since a bridge without one of its own takes that of a port, and changes it when ports come and go.
        mac=bridge_mac(network),
        mtu=effective_mtu(network),
        ipv6_link_local=has_address(network, 6),
        up=True,
    )
    for one in network.subnets:
        if has_address(network, one.subnet.version):
            yield Address("", name, f"{one.gateway}/{one.subnet.prefixlen}")
    # So that a port published on 127.0.0.1 can be answered: without it the kernel drops 127/8 on any link but lo. Docker may need it too.
    if publishing or network.docker_network is False:
        yield Sysctl("", f"net/ipv4/conf/{name}/route_localnet", "1" if publishing else "0")
    yield Sysctl("", "net/ipv4/ip_forward", "1")
    if network.enable_ipv6:
        # A sandbox could tell the host by a router advertisement to send it all that leaves.
        yield Sysctl("", f"net/ipv6/conf/{name}/accept_ra", "0")
        if leads_out(network, 6):
            yield Sysctl("", "net/ipv6/conf/all/forwarding", "1")
            yield Sysctl("", "net/ipv6/conf/default/forwarding", "1")
    # Who leaves it is hidden by our rules, containers too.
    options = {"com.docker.network.bridge.enable_icc": str(network.icc).lower(), "com.docker.network.bridge.enable_ip_masquerade": "false"}
    if network.host_binding_ipv4.version == 4:
        options[BINDING_OPTION] = str(network.host_binding_ipv4)
    yield from engine_network(fleet, network, name, options, guarded=True)


def endpoint_objects(fleet: str, network: Network, leg: Leg, interface: str, publishes: bool) -> Iterator[Object]:
    """The veth pair between the bridge and the sandbox, and the address in the sandbox. publishes: whether a port leads to it."""
    sandbox, endpoint = leg
    yield from veth_pair(
        fleet,
        network,
        leg,
        interface,
        bridge=("", network_id(fleet, network)),
        role="port",
        # With br_netfilter a sandbox that calls its own published port is answered through the port that it came from (as in Docker
        # without userland proxy). Without it, isolated ports are all that keeps neighbours apart.
        flags=(("hairpin", publishes and network.icc), ("isolated", not network.icc)),
        # In a sandbox that has IPv6 only on other links, nobody is to find it by this one.
        ipv6_link_local=endpoint.ipv6_address is not None if any(one.ipv6_address for one in sandbox.endpoints) else None,
    )
    for one in network.subnets:
        yield Address(sandbox.name, interface, f"{address_in(endpoint, one.subnet.version)}/{one.subnet.prefixlen}")


def default_route(network: Network, sandbox: Sandbox, interface: str, family: int) -> Iterator[Object]:
    """By the bridge's own address, or what is declared in its place."""
    subnet = subnet_in(network, family)
    if subnet is not None:
        gateway = dict(subnet.aux_addresses).get(GATEWAY_NAMES[family], subnet.gateway)
        yield Route(sandbox.name, DEFAULT_ROUTES[family], str(gateway), interface)


def rules(fleet: str, network: Network, publishing: Sequence[Leg]) -> Iterator[tuple[Place, int, Rule]]:
    """The rules of a network and of the ports that lead into it: where, before which others (rank), and what."""
    yield from bridge_rules.rules(network_id(fleet, network), network, publishing)


def described(fleet: str, found: Found) -> Iterator[Network]:
    """The bridge networks that stand in a picture."""
    names = {one.name: owner.network for one, owner in found.links.get(KIND, [])}
    for one, owner in found.links.get(KIND, []):
        options = bridge_rules.options_of(one.name, fleet, found, names)
        held = found.addresses.get(("", one.name), [])
        legs = [(end.netns, end.name) for end, its in found.links.get("endpoint", []) if its.network == owner.network]
        subnets = {at.version: Subnet(at.network, at.ip) for at in held}
        hidden = bridge_rules.hidden_subnets(one.name, fleet, found)
        inside = [at for leg in legs for at in found.addresses.get(leg, [])]
        for subnet in [*(at.network for at in inside), *hidden]:
            if subnet.version not in subnets:
                subnets[subnet.version] = Subnet(subnet, _gateway_without_address(one, subnet, {at.ip for at in inside}))
        enabled = bridge_rules.families_of(one.name, fleet, found) | subnets.keys() or {4}
        bare = enabled - {at.version for at in held}
        if options["internal"]:
            options.update({MODE_KEYS[family]: "isolated" for family in bare})
        network = Network(owner.network, **options)
        whole = replace(
            network,
            subnets=tuple(_with_way_out(subnets[family], legs, found) for family in sorted(subnets)),
            enable_ipv4=4 in enabled,
            enable_ipv6=6 in enabled,
            inhibit_ipv4=4 in bare and not network.internal,
            mtu=one.mtu if one.mtu != effective_mtu(network) else None,
            bridge_name=one.name if one.name != network_id(fleet, network) else None,
        )
        yield known_to_docker(whole, found)


def _gateway_without_address(bridge: Link, subnet: IPNetwork, taken: Collection[IPAddress]) -> IPAddress | None:
    """The gateway of a network whose bridge has no address: an IPv4 one stands in the bridge's MAC. An IPv6 one leaves no trace; it is any that no
    sandbox has.
    """
    mac = bytes.fromhex((bridge.mac or "").replace(":", ""))
    if subnet.version == 4 and mac[:2] == b"\x02\x42" and IPv4Address(mac[2:]) in subnet:
        return IPv4Address(mac[2:])
    first = gateway_of(Subnet(subnet))
    return next((one for one in subnet.hosts() if one not in taken), None) if subnet.version == 6 and first in taken else None


def _with_way_out(subnet: Subnet, legs: list[tuple[str, str]], found: Found) -> Subnet:
    """The subnet with the gateway that its sandboxes have in place of the bridge, if they have one."""
    family = subnet.subnet.version
    for netns, interface in legs:
        way = found.ways_out.get((netns, family))
        if way is not None and way.link == interface and way.gateway and way.gateway != str(subnet.gateway):
            with contextlib.suppress(ValueError):
                return replace(subnet, aux_addresses=((GATEWAY_NAMES[family], ip_address(way.gateway)),))
    return subnet


def docker_options(fleet: str, network: Network) -> dict[str, str]:
    """What ``docker network inspect`` shows under Options."""
    given = {"host_ipv4": network.host_ipv4, "host_ipv6": network.host_ipv6, "bridge.trusted_host_interfaces": ":".join(network.trusted_host_interfaces)}
    return {
        **{f"com.docker.network.{key}": str(value) for key, value in given.items() if value},
        "com.docker.network.bridge.name": network_id(fleet, network),
        "com.docker.network.bridge.enable_icc": str(network.icc).lower(),
        "com.docker.network.bridge.enable_ip_masquerade": str(network.masquerade).lower(),
        "com.docker.network.bridge.gateway_mode_ipv4": network.gateway_mode,
        "com.docker.network.bridge.gateway_mode_ipv6": network.gateway_mode_ipv6,
        "com.docker.network.bridge.inhibit_ipv4": str(network.inhibit_ipv4).lower(),
        "com.docker.network.driver.mtu": str(effective_mtu(network)),
    }
