# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sysctls a sandbox has without declaring them, and names of sysctls.

As in sysctl(8), a dot within an interface's name is written as a slash (``net.ipv4.conf.eth0/40.rp_filter``).
"""

from __future__ import annotations

from collections.abc import Iterator

from ..model.declaration import Declaration, Sandbox
from ..model.resolve import LEAST_IPV6_MTU, effective_mtu, interface_names

_SWAPPED = {ord("."): "/", ord("/"): "."}


def setting_path(name: str) -> str:
    """A sysctl as a path below /proc/sys."""
    return name.translate(_SWAPPED)


def setting_name(path: str) -> str:
    """The sysctl at a path below /proc/sys."""
    return path.translate(_SWAPPED)


def implied_settings(declaration: Declaration, sandbox: Sandbox) -> Iterator[tuple[str, str]]:
    """The path and value of each setting that follows from a sandbox's networks.

    Addresses are announced when a link comes up, so that neighbours forget who had them before. IPv6 is off where no network has it. Where one
    has, no neighbour leads the sandbox elsewhere by a router advertisement. (Links have no setting ``disable_ipv6`` of ours: the one of all links
    overwrites it.) In a namespace of somebody else all that concerns our interfaces only.
    """
    names = interface_names(sandbox, declaration.networks)
    # With a smaller MTU there is no IPv6 on a link, nor its settings.
    large = {one.network for one in sandbox.endpoints if (one.tuning.mtu or _mtu(declaration, one.network)) >= LEAST_IPV6_MTU}
    with_ipv6 = {network: network in declaration.networks and declaration.networks[network].enable_ipv6 for network in names}
    for network, interface in sorted(names.items()) if sandbox.namespace is not None else ():
        yield f"net/ipv4/conf/{interface}/arp_notify", "1"
        if network in large:
            yield f"net/ipv6/conf/{interface}/disable_ipv6", "0" if with_ipv6[network] else "1"
        if with_ipv6[network]:
            yield f"net/ipv6/conf/{interface}/ndisc_notify", "1"
            yield f"net/ipv6/conf/{interface}/accept_ra", "0"
    if sandbox.namespace is not None:
        return
    yield "net/ipv4/conf/all/arp_notify", "1"
    yield "net/ipv6/conf/all/disable_ipv6", "0" if any(with_ipv6.values()) else "1"
    if any(with_ipv6.values()):
        yield "net/ipv6/conf/all/ndisc_notify", "1"
        for network, interface in sorted(names.items()):
            if network in large:
                yield f"net/ipv6/conf/{interface}/accept_ra", "0"


def _mtu(declaration: Declaration, network: str) -> int:
    return effective_mtu(declaration.networks[network]) if network in declaration.networks else 0
