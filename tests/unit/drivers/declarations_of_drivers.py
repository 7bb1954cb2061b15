# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random networks of drivers macvlan, ipvlan and overlay, complete and without a problem. The place of a network gives it what no other has."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from itertools import product

from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration, Network, Peer, Subnet
from ansible_collections.mooring.cnm.plugins.module_utils.model.resolve import WAY_OUT
from ansible_collections.mooring.cnm.plugins.module_utils.model.way_out import with_way_out
from hypothesis import strategies as st

OWN, OTHER, THIRD = IPv4Address("198.51.100.3"), "198.51.100.4", "198.51.100.5"
_FAMILIES = st.sampled_from([(4,), (4,), (4, 6), (6,)])
_MTUS = st.sampled_from([None, None, 1300, 1400])
_MODES = {"macvlan": ((None, None), ("private", None), ("vepa", None), ("passthru", None)), "ipvlan": tuple(product((None, "l3", "l3s"), (None, "vepa")))}
_KNOWN = st.sampled_from([(), (0,), (0, 1), (1, 2), (0, 1, 2)])  # which of the peers are there


@st.composite
def on_parent(draw: st.DrawFn, name: str, driver: str, place: int, parent: str | None) -> Network:
    """A network on a parent, with ``{}`` in its name for a number of its own; macvlans of which one takes it all need such a one, ipvlans of two modes too."""
    families, (mode, flag), mtu = draw(_FAMILIES), draw(st.sampled_from(_MODES[driver])), draw(_MTUS)
    shared = parent is not None and "{}" not in parent
    if shared:
        mode, flag = (None if mode == "passthru" else mode, None) if driver == "macvlan" else (None, None)
    subnets = _subnets(draw, place, families, draw(st.booleans()))
    shim = tuple(one.subnet[20] for one in subnets) if mode not in ("private", "passthru") and draw(st.booleans()) else False
    return Network(
        name,
        driver,
        "fleet",
        internal=draw(st.booleans()),
        subnets=subnets,
        mtu=mtu,
        enable_ipv4=4 in families,
        enable_ipv6=6 in families,
        parent=None if parent is None else parent.format(place),
        mode=mode,
        flag=flag,
        host_shim=shim,
    )


@st.composite
def overlay(draw: st.DrawFn, name: str, place: int) -> Network:
    """An overlay with some peers; two of the same place have the same VNI, whatever they are called."""
    families, number = draw(_FAMILIES), draw(st.sampled_from([1, 1, 2]))
    subnets = [_subnets(draw, place + 10 * nth, families, True) for nth in range(number)]
    vtep = draw(st.sampled_from([OTHER, THIRD]))
    peers = [
        Peer(
            "two",
            f"p{nth}",
            vtep if nth else OTHER,
            *(str(one) for one in _places(subnets[nth % number], 30 + nth)),
            f"06:00:00:00:01:{nth:02x}",
            ("far",) * nth,
        )
        for nth in draw(_KNOWN)
    ]
    return Network(
        name,
        "overlay",
        "fleet",
        internal=draw(st.booleans()),
        subnets=tuple(sorted((one for some in subnets for one in some), key=lambda one: one.subnet.version)),
        mtu=draw(_MTUS),
        enable_ipv4=4 in families,
        enable_ipv6=6 in families,
        vnis=tuple(256 + place + 10 * nth for nth in range(number)),
        broadcast=draw(st.booleans()),
        peers=tuple(peers),
        underlay_address=OWN,
        vxlan_port=draw(st.sampled_from([4789, 4789, 8472])),
    )


def with_complete_way_out(declaration: Declaration) -> Declaration:
    """The declaration, in which sandboxes on overlays that lead outside have the leg for that, with an address."""
    found = with_way_out(declaration)
    if WAY_OUT not in found.networks:
        return found
    subnet = IPv4Network("10.9.0.0/24")
    networks = {**found.networks, WAY_OUT: replace(found.networks[WAY_OUT], subnets=(Subnet(subnet, subnet[1]),))}
    sandboxes = {}
    for at, (name, one) in enumerate(found.sandboxes.items()):
        legs = (replace(leg, ipv4_address=subnet[2 + at]) if leg.network == WAY_OUT else leg for leg in one.endpoints)
        sandboxes[name] = replace(one, endpoints=tuple(legs))
    return replace(found, networks=networks, sandboxes=sandboxes)


def _subnets(draw: st.DrawFn, place: int, families: tuple[int, ...], with_gateway: bool) -> tuple[Subnet, ...]:
    both = {4: IPv4Network(f"10.1.{place}.0/24"), 6: IPv6Network(f"fd01:{place}::/64")}
    return tuple(Subnet(both[family], both[family][1] if with_gateway else None, bare=not with_gateway) for family in families)


def _places(subnets: tuple[Subnet, ...], number: int) -> tuple[object, object]:
    """The address of this number in the subnets of each family; empty where there is none."""
    held = {one.subnet.version: one.subnet[number] for one in subnets}
    return held.get(4, ""), held.get(6, "")
