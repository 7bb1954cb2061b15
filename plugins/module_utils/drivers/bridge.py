# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver ``bridge``: what a network and an endpoint of it mean on one host (Docker's bridge driver, gateway mode nat, IPv4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..model.declaration import Endpoint, Network, Sandbox, Subnet
from ..model.resolve import derived_mac, effective_mac, effective_mtu
from ..state.objects import Address, Link, Object, Route, Sysctl
from ..state.rule import Rule
from ..state.tag import Tag, altname, link_name
from . import bridge_rules
from .found import Found
from .place import Place

KIND = "bridge"
Leg = tuple[Sandbox, Endpoint]


def network_id(fleet: str, network: Network) -> str:
    """The name of the network's bridge on the host."""
    return network.bridge_name or link_name("b", fleet, network.name)


def port_name(fleet: str, network: str, sandbox: str) -> str:
    """The name of the host's end of an endpoint's veth."""
    return link_name("v", fleet, network, sandbox)


def network_objects(fleet: str, network: Network, members: Sequence[Leg], publishing: Sequence[Leg]) -> Iterator[Object]:
    """The bridge with its gateway address."""
    name = network_id(fleet, network)
    yield Link(
        netns="",
        name=name,
        kind=KIND,
        tag=str(Tag(fleet, network.name, "", "bridge")),
        altname=altname(fleet, network.name),
        # Given, since a bridge without one of its own takes that of a port, and changes it when ports come and go.
        mac=next((derived_mac(one.gateway) for one in network.subnets if one.gateway), None),
        mtu=effective_mtu(network),
        ipv6_link_local=False,
        up=True,
    )
    for one in network.subnets:
        yield Address("", name, f"{one.gateway}/{one.subnet.prefixlen}")
    # So that a port published on 127.0.0.1 can be answered: without it the kernel drops 127/8 on any link but lo.
    yield Sysctl("", f"net/ipv4/conf/{name}/route_localnet", "1" if publishing else "0")
    yield Sysctl("", "net/ipv4/ip_forward", "1")


def endpoint_objects(fleet: str, network: Network, leg: Leg, interface: str, publishes: bool) -> Iterator[Object]:
    """The veth pair between the bridge and the sandbox, and the address in the sandbox. publishes: whether a port leads to it."""
    sandbox, endpoint = leg
    host_end = ("", port_name(fleet, network.name, sandbox.name))
    sandbox_end = (sandbox.name, interface)
    yield Link(
        netns="",
        name=host_end[1],
        kind="veth",
        tag=str(Tag(fleet, network.name, sandbox.name, "port")),
        altname=altname(fleet, network.name, sandbox.name),
        mtu=effective_mtu(network),
        master=network_id(fleet, network),
        peer=sandbox_end,
        # With br_netfilter a sandbox that calls its own published port is answered through the port that it came from (as in Docker
        # without userland proxy). Without it, isolated ports are all that keeps neighbours apart.
        port=(("hairpin", publishes and network.icc), ("isolated", not network.icc)),
        ipv6_link_local=False,
        up=True,
    )
    yield Link(
        netns=sandbox.name,
        name=interface,
        kind="veth",
        tag=str(Tag(fleet, network.name, sandbox.name, "endpoint")),
        mac=effective_mac(endpoint),
        mtu=effective_mtu(network),
        peer=host_end,
        up=True,
    )
    for one in network.subnets:
        yield Address(sandbox.name, interface, f"{endpoint.ipv4_address}/{one.subnet.prefixlen}")


def default_route(network: Network, sandbox: Sandbox, interface: str) -> Iterator[Object]:
    """By the bridge's own address."""
    yield Route(sandbox.name, "default", str(network.subnets[0].gateway), interface)


def rules(fleet: str, network: Network, publishing: Sequence[Leg]) -> Iterator[tuple[Place, int, Rule]]:
    """The rules of a network and of the ports that lead into it: where, before which others (rank), and what."""
    yield from bridge_rules.rules(network_id(fleet, network), network, publishing)


def described(fleet: str, found: Found) -> Iterator[Network]:
    """The bridge networks that stand in a picture."""
    for one, owner in found.links.get(KIND, []):
        network = Network(
            owner.network,
            subnets=tuple(Subnet(interface.network, interface.ip) for interface in found.addresses.get(("", one.name), [])),
            **bridge_rules.options_of(one.name, fleet, found),
        )
        yield replace(
            network,
            mtu=one.mtu if one.mtu != effective_mtu(network) else None,
            bridge_name=one.name if one.name != network_id(fleet, network) else None,
        )


def docker_options(fleet: str, network: Network) -> dict[str, str]:
    """What ``docker network inspect`` shows under Options."""
    return {
        "com.docker.network.bridge.name": network_id(fleet, network),
        "com.docker.network.bridge.enable_icc": str(network.icc).lower(),
        "com.docker.network.bridge.enable_ip_masquerade": str(network.masquerade).lower(),
        "com.docker.network.driver.mtu": str(effective_mtu(network)),
    }
