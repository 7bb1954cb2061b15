# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The address that a host itself has in a network on a parent: given and kept like that of a sandbox, under a name that no sandbox can have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address

from ..model.declaration import Declaration, Endpoint, IPAddress, Network

HOST_ITSELF = "host"


def shim_legs(declaration: Declaration) -> dict[str, Endpoint]:
    """The host's own endpoint in each network where it is to have one, by network."""
    shims = {name: network.host_shim for name, network in declaration.networks.items() if network.host_shim is not False}
    return {name: Endpoint(name, shim if isinstance(shim, IPv4Address) else None) for name, shim in shims.items()}


def with_shim(network: Network, given: Mapping[tuple[str, str], tuple[IPAddress, ...]], host: str) -> Network:
    """The network with the address that the host got in it, if it left the choice. given: by host and sandbox."""
    address = next((one for one in given.get((host, HOST_ITSELF), ()) if isinstance(one, IPv4Address)), None)
    return replace(network, host_shim=address) if network.host_shim is True and address is not None else network
