# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What networks of drivers macvlan and ipvlan have in common: a parent on the host, a link upon it in each sandbox, and perhaps one for the host.

Traffic goes from the sandbox over the parent's wire, and passes neither routes nor rules of the host.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import ip_address, ip_network

from ..model.declaration import Endpoint, IPAddress, IPNetwork, Network, Peer, Sandbox, Subnet
from ..model.parent import DEFAULT_MODES, effective_flag, effective_mode, has_own_macs, is_routed, vlan_of
from ..model.resolve import address_in, derived_mac, effective_mac, effective_mtu, families, leads_out
from ..state.objects import Address, Link, Object, Options, Route, Sysctl
from ..state.rule import Rule
from ..state.tag import Tag, altname, link_name
from .found import DEFAULT_ROUTES, Found
from .hosts_file import lines_of_network
from .place import Place

Leg = tuple[Sandbox, Endpoint]


def network_id(fleet: str, network: Network) -> str:
    """The name of the network's parent: a network without one has a dummy of its own."""
    return network.parent or link_name("d", fleet, network.name)


def shim_name(fleet: str, network: Network) -> str:
    """The name of the host's own link in the network."""
    return link_name("h", fleet, network.name)


def network_objects(fleet: str, network: Network, members: Sequence[Leg], publishing: Sequence[Leg]) -> Iterator[Object]:
    """The parent, where nobody else made it, and the host's own link with a route to each sandbox, if it is to have one."""
    vlan = vlan_of(network.parent or "")
    if network.parent is None:
        name, tag = network_id(fleet, network), str(Tag(fleet, network.name, "", "dummy"))
        yield Link("", name, "dummy", tag, altname(fleet, network.name), mtu=effective_mtu(network), ipv6_link_local=False, up=True)
    elif vlan is not None:
        # Several networks may rest on it, so it is none's. One that somebody else made is used as it is, and outlives the networks.
        tag = str(Tag(fleet, network.parent, "", "vlan"))
        yield Link("", network.parent, "vlan", tag, parent=("", vlan[0]), options=(("id", vlan[1]),), up=True, yields=True)
    if isinstance(network.host_shim, tuple):
        yield from _shim(fleet, network, network.host_shim, members)


def endpoint_objects(fleet: str, network: Network, leg: Leg, interface: str, publishes: bool) -> Iterator[Object]:
    """The sandbox's link upon the parent, with its address."""
    sandbox, endpoint = leg
    yield Link(
        netns=sandbox.name,
        name=interface,
        kind=network.driver,
        tag=str(Tag(fleet, network.name, sandbox.name, "endpoint")),
        mac=effective_mac(endpoint) if has_own_macs(network) else None,
        mtu=network.mtu,
        mtu_of_parent=network.mtu is None,
        parent=("", network_id(fleet, network)),
        options=_options(network),
        up=True,
    )
    for family in families(network):
        own = _subnet_of(network, address_in(endpoint, family))
        if own is not None:
            yield Address(sandbox.name, interface, f"{address_in(endpoint, family)}/{own.subnet.prefixlen}")


def default_route(network: Network, sandbox: Sandbox, interface: str, family: int) -> Iterator[Object]:
    """By the gateway on the wire, if one is declared for the sandbox's subnet; where the network routes by itself, by the link alone."""
    address = next((address_in(endpoint, family) for endpoint in sandbox.endpoints if endpoint.network == network.name), None)
    own = _subnet_of(network, address)
    if is_routed(network):
        yield Route(sandbox.name, DEFAULT_ROUTES[family], None, interface)
    elif own is not None and own.gateway is not None:
        yield Route(sandbox.name, DEFAULT_ROUTES[family], str(own.gateway), interface)


def rules(fleet: str, network: Network, publishing: Sequence[Leg]) -> Iterator[tuple[Place, int, Rule]]:
    """None: nothing of such a network passes the host's firewall."""
    yield from ()


def networks_on_parents(kind: str, fleet: str, found: Found) -> Iterator[Network]:
    """The networks of driver ``kind`` that stand in a picture: those that have a link in a sandbox, or for the host."""
    dummies = {owner.network: link for link, owner in found.links.get("dummy", [])}
    shims = {owner.network: link for link, owner in found.links.get("shim", []) if link.kind == kind}
    links = {owner.network: link for link, owner in found.links.get("endpoint", []) if link.kind == kind}
    for name, link in sorted({**shims, **links}.items()):
        has = dict(link.options)
        mode, flag = str(has.get("mode")), str(has.get("flag", "bridge"))
        shim = tuple(sorted((one.ip for one in found.addresses.get(("", shims[name].name), [])), key=lambda one: one.version)) if name in shims else ()
        subnets = tuple(_subnets(name, found))
        lost = [one for one in shim if subnets and not any(one in subnet.subnet for subnet in subnets)]
        subnets += tuple(Subnet(ip_network(one), bare=True) for one in lost)  # nobody here is in the host's own subnet, which so is not known
        versions = {one.subnet.version for one in subnets} | {one.version for one in shim}
        network = Network(
            name,
            kind,
            scope="fleet",
            subnets=subnets,
            enable_ipv4=4 in versions or not versions,
            enable_ipv6=6 in versions,
            mtu=_mtu(name, dummies.get(name) or shims.get(name), found),
            parent=None if name in dummies or link.parent is None else link.parent[1],
            mode=None if mode == DEFAULT_MODES[kind] else mode,
            flag=None if flag == "bridge" else flag,
            host_shim=shim or False,
            peers=tuple(sorted(_peers(name, found))),
        )
        yield replace(network, internal=_is_closed(network, found))


def _is_closed(network: Network, found: Found) -> bool:
    """Whether a sandbox has no default route though this network, which needs no gateway for that, would give it one. Where it needs one, there is none."""
    if not is_routed(network):
        return False
    spaces = [link.netns for link, owner in found.links.get("endpoint", []) if owner.network == network.name]
    return any((netns, family) not in found.ways_out for netns in spaces for family in families(network) if leads_out(network, family))


def _peers(network: str, found: Found) -> Iterator[Peer]:
    """Who is in the network on other hosts, as the hosts files of sandboxes here say. Nothing else on this host follows from it."""
    here = {
        str(at.ip) for link, owner in found.links.get("endpoint", []) if owner.network == network for at in found.addresses.get((link.netns, link.name), ())
    }
    elsewhere: dict[tuple[str, str], dict[int, str]] = {}
    aliases = {}
    for address, line in lines_of_network(found, network).items():
        if address not in here:
            elsewhere.setdefault((line.host, line.sandbox), {})[ip_address(address).version] = address
            aliases[line.host, line.sandbox] = line.aliases
    for (host, sandbox), held in elsewhere.items():
        mac = derived_mac(ip_address(held.get(4) or held[6]))
        yield Peer(host, sandbox, "", held.get(4, ""), held.get(6, ""), mac, aliases[host, sandbox])


def _mtu(network: str, whole: Link | None, found: Found) -> int | None:
    """The MTU of a network, where it does not follow by itself. whole: a link that has the network's; else the largest of its endpoints, each of which may
    have a smaller one.
    """
    links = [whole] if whole is not None else [link for link, owner in found.links.get("endpoint", []) if owner.network == network]
    mtu = max(link.mtu or 0 for link in links)
    by_itself = {found.mtus.get(link.parent[1]) if link.parent is not None else effective_mtu(Network(network)) for link in links}
    return None if mtu in by_itself else mtu or None


def docker_options(fleet: str, network: Network) -> dict[str, str]:
    """What ``docker network inspect`` shows under Options."""
    shown = {"parent": network_id(fleet, network), f"{network.driver}_mode": effective_mode(network)}
    return {**shown, "ipvlan_flag": effective_flag(network)} if network.driver == "ipvlan" else shown


def _shim(fleet: str, network: Network, addresses: tuple[IPAddress, ...], members: Sequence[Leg]) -> Iterator[Object]:
    """Host routes, since the subnet itself may be that of the parent."""
    name = shim_name(fleet, network)
    yield Link(
        netns="",
        name=name,
        kind=network.driver,
        tag=str(Tag(fleet, network.name, "", "shim")),
        altname=altname(fleet, network.name, "host_shim"),
        mac=derived_mac(addresses[0]) if has_own_macs(network) else None,
        mtu=network.mtu,
        mtu_of_parent=network.mtu is None,
        parent=("", network_id(fleet, network)),
        options=_options(network),
        ipv6_link_local=False,
        up=True,
    )
    for address in addresses:
        if address.version == 6:
            # No neighbour on the wire leads the host elsewhere by a router advertisement.
            yield Sysctl("", f"net/ipv6/conf/{name}/accept_ra", "0")
        yield Address("", name, f"{address}/{address.max_prefixlen}")
        for _sandbox, endpoint in members:
            yield Route("", f"{address_in(endpoint, address.version)}/{address.max_prefixlen}", None, name)


def _options(network: Network) -> Options:
    mode = (("mode", effective_mode(network)),)
    return mode if network.driver == "macvlan" else (("flag", effective_flag(network)), *mode)


def _subnet_of(network: Network, address: IPAddress | None) -> Subnet | None:
    return next((one for one in network.subnets if address is not None and address in one.subnet), None)


def _subnets(network: str, found: Found) -> Iterator[Subnet]:
    """The subnets that addresses in sandboxes tell of, IPv4 first, each with the gateway that is in it."""
    gateways: dict[IPNetwork, IPAddress | None] = {}
    for link, owner in found.links.get("endpoint", []):
        for at in found.addresses.get((link.netns, link.name), ()) if owner.network == network else ():
            way = found.ways_out.get((link.netns, at.version))
            leads = way is not None and way.link == link.name and way.gateway
            gateways[at.network] = ip_address(way.gateway) if leads and way is not None and way.gateway else gateways.get(at.network)
    for subnet in sorted(gateways, key=lambda one: (one.version, int(one.network_address))):
        yield Subnet(subnet, gateways[subnet], bare=True)
