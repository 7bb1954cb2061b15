# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The address that a host itself has in a network on a parent: given and kept like that of a sandbox, under a name that no sandbox can have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

from ..model.declaration import Declaration, Endpoint, IPAddress, Network
from ..model.resolve import address_in

HOST_ITSELF = "host"


def shim_legs(declaration: Declaration) -> dict[str, Endpoint]:
    """The host's own endpoint in each network where it is to have one, by network."""
    found = {}
    for name, network in declaration.networks.items():
        if network.host_shim is not False:
            chosen = network.host_shim if isinstance(network.host_shim, tuple) else ()
            v4 = next((one for one in chosen if isinstance(one, IPv4Address)), None)
            found[name] = Endpoint(name, v4, ipv6_address=next((one for one in chosen if isinstance(one, IPv6Address)), None))
    return found


def wants_family(sandbox: str, endpoint: Endpoint, family: int) -> bool:
    """Whether an endpoint is to have an address of a family that its network has. The host has chosen all that it wants, if it has chosen any."""
    return sandbox != HOST_ITSELF or endpoint == Endpoint(endpoint.network) or address_in(endpoint, family) is not None


def with_shim(network: Network, given: Mapping[tuple[str, str], tuple[IPAddress, ...]], host: str) -> Network:
    """The network with the addresses that the host got in it, if it left the choice. given: by host and sandbox."""
    addresses = given.get((host, HOST_ITSELF), ())
    return replace(network, host_shim=addresses) if network.host_shim is True and addresses else network
