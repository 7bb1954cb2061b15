# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An overlay that the host's Docker engine knows too: a bridge on the host for its containers, which a veth joins to the one in the network's namespace.

That bridge is all that Docker sees. It has Docker's gateway address, since Docker would give it that; the one in the namespace has none.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..model.declaration import Network
from ..model.resolve import bridge_mac, effective_mtu, families
from ..state.engine import ENGINE_ROLE
from ..state.objects import Address, Link, Object, Sysctl
from ..state.rule import Rule
from ..state.tag import Tag, altname, link_name
from .docker_network import engine_network
from .place import GUARD, Place

UPLINK = "docker"


def bridge_name(fleet: str, network: str) -> str:
    """The bridge on the host. It has another first letter than bridges of ours for sandboxes, since to these it is one of Docker's."""
    return link_name("d", fleet, network)


def docker_objects(fleet: str, network: Network, netns: str) -> Iterator[Object]:
    """What joins the host's Docker to the network, whose namespace is ``netns``, and what Docker is told."""
    bridge, mtu = bridge_name(fleet, network.name), effective_mtu(network)
    plug, uplink = ("", link_name("u", fleet, network.name)), (netns, UPLINK)
    yield Link(
        netns="",
        name=bridge,
        kind="bridge",
        tag=str(Tag(fleet, network.name, "", ENGINE_ROLE)),
        altname=altname(fleet, network.name),
        mac=bridge_mac(network),
        mtu=mtu,
        options=(("mcast_snooping", False),),
        # Without one, the kernel asks nobody where the destination of a packet is that it forwards.
        ipv6_link_local=network.enable_ipv6,
        up=True,
    )
    if network.enable_ipv6:
        # A container could tell the host by a router advertisement to send it all that leaves.
        yield Sysctl("", f"net/ipv6/conf/{bridge}/accept_ra", "0")
    yield Link(
        netns="",
        name=plug[1],
        kind="veth",
        tag=str(Tag(fleet, network.name, "", "plug")),
        mtu=mtu,
        master=bridge,
        peer=uplink,
        ipv6_link_local=False,
        up=True,
    )
    yield Link(
        netns=netns,
        name=uplink[1],
        kind="veth",
        tag=str(Tag(fleet, network.name, "", "uplink")),
        mtu=mtu,
        master="br0",
        peer=plug,
        ipv6_link_local=False,
        up=True,
    )
    for subnet in network.subnets:
        yield Address("", bridge, f"{subnet.gateway}/{subnet.subnet.prefixlen}")
    yield from engine_network(fleet, network, bridge, {})


def docker_rules(fleet: str, network: Network) -> Iterator[tuple[Place, int, Rule]]:
    """What the host would forward into the network or, where it is internal, out of it. Docker closes its own networks, some releases only to each other."""
    bridge = bridge_name(fleet, network.name)
    for guard in map(GUARD.of, families(network)):
        yield guard, 1, Rule("RETURN", states=("ESTABLISHED", "RELATED"))
        yield guard, 1, Rule("RETURN", states=("DNAT",))
        yield guard, 0 if network.internal else 3, Rule("DROP", in_interface=f"!{bridge}", out_interface=bridge)
        if network.internal:
            yield guard, 0, Rule("DROP", in_interface=bridge, out_interface=f"!{bridge}")
