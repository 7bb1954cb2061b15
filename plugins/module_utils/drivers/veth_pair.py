# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The veth pair between a sandbox and the bridge of one of its networks, wherever that bridge is."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.declaration import Endpoint, Network, Sandbox
from ..model.resolve import effective_mac, effective_mtu
from ..state.objects import Link
from ..state.tag import Tag, altname, link_name


def port_name(fleet: str, network: str, sandbox: str) -> str:
    """The name of the end that is a port of the bridge."""
    return link_name("v", fleet, network, sandbox)


def veth_pair(
    fleet: str,
    network: Network,
    leg: tuple[Sandbox, Endpoint],
    interface: str,
    *,
    bridge: tuple[str, str],
    role: str,
    flags: tuple[tuple[str, bool], ...] = (),
    ipv6_link_local: bool | None = None,
) -> Iterator[Link]:
    """Both ends of the pair.

    bridge: namespace and name. role: the port's, in its tag: a port with another role is another link. flags: the port's, as the kernel has them.
    ipv6_link_local: whether the end in the sandbox has such an address; None: left alone.
    """
    sandbox, endpoint = leg
    netns, master = bridge
    port, inside, mtu = (netns, port_name(fleet, network.name, sandbox.name)), (sandbox.name, interface), effective_mtu(network)
    yield Link(
        netns=netns,
        name=port[1],
        kind="veth",
        tag=str(Tag(fleet, network.name, sandbox.name, role)),
        altname=altname(fleet, network.name, sandbox.name),
        mtu=mtu,
        master=master,
        peer=inside,
        port=flags,
        ipv6_link_local=False,
        up=True,
    )
    yield Link(
        netns=sandbox.name,
        name=interface,
        kind="veth",
        tag=str(Tag(fleet, network.name, sandbox.name, "endpoint")),
        mac=effective_mac(endpoint),
        mtu=mtu,
        peer=port,
        ipv6_link_local=ipv6_link_local,
        up=True,
    )
