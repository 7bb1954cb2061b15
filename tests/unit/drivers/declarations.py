# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random declarations of one host, complete and without a problem. They draw on few names, so that two of them have much in common.

One draw chooses among a few combinations of options: many small draws would take most of the time of a test.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from itertools import permutations, product

from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration, Endpoint, Network, Port, Sandbox, Subnet
from ansible_collections.mooring.cnm.plugins.module_utils.model.parent import PARENT_DRIVERS, has_own_macs
from ansible_collections.mooring.cnm.plugins.module_utils.model.resolve import address_in, gateway_endpoints, host_addresses, interface_names
from ansible_collections.mooring.cnm.plugins.module_utils.model.tuning import Bandwidth, FixedRoute, Tuning
from hypothesis import strategies as st

from .declarations_of_drivers import on_parent, overlay, with_complete_way_out

NETWORKS = ("front", "back", "z.z")
SANDBOXES = ("web", "db", "eth0", "a_long-name.with-every.kind-of-character_in.it-0123456789-abcde")
LOOPBACK, ONE, ONE6 = IPv4Address("127.0.0.1"), IPv4Address("198.51.100.3"), IPv6Address("2001:db8::3")
SERVERS = IPv4Address("192.0.2.54"), IPv4Address("192.0.2.53")

_SOME_NETWORKS = st.sampled_from([names for count in range(4) for names in permutations(NETWORKS, count)])
_BRIDGES = st.sampled_from([(None, None, None), ("br0", "br-1", None), ("br-1", "br0", None), ("br0", None, "br-1"), (None, "br0", "br.2")])
_PLACES = st.sampled_from(list(permutations(range(4), 3)))  # which subnet each network has
_FLAGS = st.sampled_from([dict(zip(("internal", "icc", "masquerade"), flags, strict=True)) for flags in product([False, True], repeat=3)])
_SIZES = st.sampled_from(list(product([None, 1000, 1400, 9000], [24, 28], [1, 14])))  # MTU, prefix length, place of the gateway
_MODES = st.sampled_from(["networks"] * 5 + ["none", "host", "container"])
_FAMILIES = st.sampled_from([(4,), (4,), (4, 6), (6,)])
_MODES_OF_GATEWAYS = st.sampled_from(
    [
        {},
        {},
        {"gateway_mode": "routed"},
        {"gateway_mode": "nat-unprotected", "gateway_mode_ipv6": "routed"},
        {"gateway_mode": "isolated", "gateway_mode_ipv6": "isolated"},
        {"gateway_mode_ipv6": "isolated"},
    ]
)
_OUTSIDE = st.sampled_from([{}, {}, {"inhibit_ipv4": True}, {"host_ipv4": IPv4Address("198.51.100.9"), "container_iface_prefix": "lan"}])
_INTERFACES = st.sampled_from(
    [(None, None, None), ("eth1", "eth0", None), ("eth1", "eth2", "eth0"), ("eth0.cnm0", "eth1", "eth0"), ("wan0", None, "eth0"), (None, "eth0", "wan0")]
)
_LEGS = st.sampled_from(
    [
        {},
        {"aliases": ("www",), "gw_priority": 1},
        {"aliases": ("A.b-c_d", "db", "web"), "gw_priority": -1},
        {"mac_address": "06:00:00:00:00:00"},
        {"aliases": ("db", "www"), "mac_address": "06:00:00:00:00:00", "gw_priority": 2},
    ]
)
_RATES = (None, None), (10_000_000, None), (1_000_000_000, 1_000_000), (8_000_000_000, None)
_TUNINGS = st.sampled_from(
    [Tuning()] * 3
    + [Tuning(Bandwidth(*ingress, *egress)) for ingress, egress in zip(_RATES, _RATES[1:], strict=False)]
    + [
        Tuning(mtu=900, txqlen=500, promisc=True),
        Tuning(Bandwidth(*_RATES[1], *_RATES[2]), sysctls=(("net.ipv4.conf.IFNAME.rp_filter", "1"), ("net.ipv4.neigh.IFNAME.gc_stale_time", "9"))),
    ]
)
_SETTINGS = (("net.ipv4.conf.all.arp_notify", "0"), ("net.ipv4.conf.eth0.rp_filter", "2"), ("net.ipv4.tcp_rmem", "4096 131072 6291456"))
_EXTRAS = st.sampled_from(
    [
        {},
        {"dns": SERVERS, "sysctls": _SETTINGS},
        {"dns": SERVERS[1:], "extra_hosts": (("registry", "192.0.2.9"),)},
        {"extra_hosts": (("registry", "192.0.2.10"), ("registry", "192.0.2.9"), ("www", "192.0.2.9")), "sysctls": _SETTINGS[1:2]},
        {"sysctls": (("net.ipv6.conf.all.disable_ipv6", "0"),)},
    ]
)


@st.composite
def declarations(draw: st.DrawFn, drivers: tuple[str, ...] = ("bridge",), parents: tuple[str | None, ...] = ()) -> Declaration:
    """Networks of all options, and sandboxes of all modes on them. parents: what macvlan and ipvlan may rest on, with ``{}`` for a number."""
    bridges, places = draw(_BRIDGES), draw(_PLACES)
    declaration = Declaration()
    for at, name in enumerate(draw(_SOME_NETWORKS)):
        driver = draw(st.sampled_from(drivers))
        if driver == "bridge":
            declaration.networks[name] = draw(_network(name, bridges[at], places[at]))
        elif driver == "overlay":
            declaration.networks[name] = draw(overlay(name, places[at]))
        else:
            declaration.networks[name] = draw(on_parent(name, driver, places[at], draw(st.sampled_from(parents))))
    turn = draw(st.sampled_from([0, 0, 1, 2])) if len(drivers) > 1 else 0  # of two declarations, sandboxes may have each other's addresses
    for at, name in enumerate(SANDBOXES[: draw(st.sampled_from([4, 3, 2, 1, 0]))]):
        declaration.sandboxes[name] = draw(_sandbox(declaration, name, (at + turn) % len(SANDBOXES)))
    return with_complete_way_out(declaration)


def of_all_drivers() -> st.SearchStrategy[Declaration]:
    """With networks of every driver; those on a parent share one, have one each, a VLAN of it, or one that is made."""
    return declarations(("bridge", "bridge", "bridge", "macvlan", "ipvlan", "overlay"), ("wire", "wire{}", "wire{}.4", None))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Declaration, Declaration]:
    """Two declarations; often the second has the networks of the first, and perhaps its other sandboxes."""
    first, second = draw(of_all_drivers()), draw(of_all_drivers())
    kept = draw(st.sampled_from([None, 0, 2, 3]))
    if kept is None:
        return first, second
    second = Declaration(first.networks, dict(list(first.sandboxes.items())[:kept]))
    for at, name in enumerate(SANDBOXES[kept:], start=kept):
        second.sandboxes[name] = draw(_sandbox(second, name, at))
    return first, second


@st.composite
def _network(draw: st.DrawFn, name: str, bridge_name: str | None, place: int) -> Network:
    mtu, length, gateway = draw(_SIZES)
    subnet, subnet6 = IPv4Network(f"10.0.{place}.0/{length}"), IPv6Network(f"fd00:{place}::/{64 + length}")
    families, options = draw(_FAMILIES), {**draw(_FLAGS), **draw(_MODES_OF_GATEWAYS), **draw(_OUTSIDE)}
    if not options["internal"]:
        options.update({key: "nat" for key in ("gateway_mode", "gateway_mode_ipv6") if options.get(key) == "isolated"})
    aux = (("DefaultGatewayIPv4", subnet[13]),) if draw(st.booleans()) else ()
    subnets = (Subnet(subnet, subnet[gateway], aux_addresses=aux),) * (4 in families) + (Subnet(subnet6, subnet6[1]),) * (6 in families)
    mtu = max(mtu, 1280) if mtu and 6 in families else mtu
    return Network(name, subnets=subnets, mtu=mtu, bridge_name=bridge_name, enable_ipv4=4 in families, enable_ipv6=6 in families, **options)


@st.composite
def _sandbox(draw: st.DrawFn, declaration: Declaration, name: str, at: int) -> Sandbox:
    """One sandbox; its number gives it addresses, MACs and ports that no other has."""
    mode = draw(_MODES)
    if mode == "host":
        return Sandbox(name, mode)
    if mode == "container" and declaration.sandboxes:
        return Sandbox(name, mode, sorted(declaration.sandboxes)[at % len(declaration.sandboxes)])
    interfaces, joined = draw(_INTERFACES), draw(_SOME_NETWORKS) if mode == "networks" else ()
    endpoints = tuple(
        draw(_endpoint(declaration.networks[network], at, interfaces[number]))
        for number, network in enumerate(sorted(joined))
        if network in declaration.networks and (at == 0 or declaration.networks[network].mode != "passthru")
    )
    sandbox = Sandbox(name, "networks" if endpoints else "none", endpoints=endpoints, **draw(_EXTRAS))
    if "eth0" not in interface_names(sandbox, declaration.networks).values():
        sandbox = replace(sandbox, sysctls=tuple(one for one in sandbox.sysctls if "eth0" not in one[0]))
    ports = [Port(8000 + at, 53, "udp"), Port(8000 + at, 80), Port(8100 + at, 80, "tcp", LOOPBACK), Port(8100 + at, 81, "tcp", ONE)]
    ports += [Port(8200 + at, 82, "tcp", ONE6), Port(8300 + at, 83, "sctp", allow_from=(IPv4Network("192.0.2.0/24"), IPv6Network("fd09::/64")))]
    first, last = draw(st.sampled_from([(0, 0), (0, 4), (1, 2), (2, 4), (2, 6), (5, 6)]))
    families = {family for one in sandbox.endpoints for family in (4, 6) if address_in(one, family)}
    ports[5] = replace(ports[5], allow_from=tuple(one for one in ports[5].allow_from or () if one.version in families))
    return replace(sandbox, ports=tuple(port for port in ports[first:last] if _leads_in(declaration, sandbox, port)))


def _leads_in(declaration: Declaration, sandbox: Sandbox, port: Port) -> bool:
    """Whether a port can be declared, and is described as it is: what has no port of the host, or is open in one of two families, is told otherwise."""
    gateways = gateway_endpoints(declaration, sandbox)
    if any(declaration.networks[one.network].driver in PARENT_DRIVERS for one in gateways.values()):
        return False
    families = {family for one in sandbox.endpoints for family in (4, 6) if address_in(one, family)}
    if port.host_ip is not None:
        return port.host_ip.version in host_addresses(declaration, gateways, port)
    return bool(families) and families == set(host_addresses(declaration, gateways, port))


@st.composite
def _endpoint(draw: st.DrawFn, network: Network, at: int, interface: str | None) -> Endpoint:
    options = dict(draw(_LEGS))
    if "mac_address" in options and not has_own_macs(network):
        del options["mac_address"]
    elif "mac_address" in options:
        # Not the same in two networks, which may rest on one parent.
        number = NETWORKS.index(network.name) if network.driver in PARENT_DRIVERS else 0
        options["mac_address"] = f"06:00:00:00:{number:02x}:{at:02x}"
    place = 2 + at + draw(st.sampled_from([0, 5]))
    addresses = {f"ipv{one.subnet.version}_address": one.subnet[place] for one in network.subnets}
    return Endpoint(
        network.name,
        interface_name=interface,
        tuning=_with_routes(network, draw(_TUNINGS)),
        **addresses,
        **options,
    )


def _with_routes(network: Network, tuning: Tuning) -> Tuning:
    """Routes that no other network of a sandbox has."""
    if tuning.txqlen is None:
        return tuning
    place = network.subnets[0].subnet.network_address.packed[2 if network.enable_ipv4 else 3]
    elsewhere = [ip_network(f"198.51.{place}.{number * 64}/26" if network.enable_ipv4 else f"fd5{number}:{place}::/64") for number in range(3)]
    routes = FixedRoute(elsewhere[0], metric=7), FixedRoute(elsewhere[1], table=1000), FixedRoute(elsewhere[2], type="blackhole")
    return replace(tuning, routes=routes, mtu=None if network.enable_ipv6 else tuning.mtu)
