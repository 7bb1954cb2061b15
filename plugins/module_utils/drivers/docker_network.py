# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host's Docker engine is told of a network, and how that is told back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv4Network, ip_address

from ..model.declaration import Network
from ..model.docker_network import docker_part
from ..model.resolve import effective_mtu
from ..model.subnet import subnet_in
from ..state.engine import BRIDGE_OPTION, ENGINE_ROLE, EngineNetwork, EnginePool
from ..state.tag import Tag
from .found import Found

BINDING_OPTION = "com.docker.network.bridge.host_binding_ipv4"


def engine_network(fleet: str, network: Network, bridge: str, options: Mapping[str, str], guarded: bool = False) -> Iterator[EngineNetwork]:
    """The network as Docker is to know it, where it is to. options: beside the bridge and the MTU. guarded: see EngineNetwork."""
    if subnet_in(network, 4) is None or network.docker_network is False:
        return
    pools = (
        EnginePool(
            str(one.subnet),
            str(one.gateway),
            str(docker_part(network, one)),
            tuple(sorted((name, str(address)) for name, address in one.aux_addresses)),
        )
        for one in network.subnets
    )
    yield EngineNetwork(
        network.name,
        str(Tag(fleet, network.name, "", ENGINE_ROLE)),
        tuple(sorted(pools, key=lambda one: one.version)),
        network.internal,
        tuple(sorted({BRIDGE_OPTION: bridge, "com.docker.network.driver.mtu": str(effective_mtu(network)), **options}.items())),
        guarded=guarded,
    )


def known_to_docker(network: Network, found: Found) -> Network:
    """A network that stands in a picture, with what only Docker still knows of it, where it does."""
    known = found.engine.get(network.name)
    if known is None or known.silent:
        return network
    kept = {pool.subnet: tuple((name, ip_address(address)) for name, address in pool.aux_addresses) for pool in known.pools}
    given = next((pool.ip_range for pool in known.pools if pool.version == 4), "")
    return replace(
        network,
        docker_network=IPv4Network(given) if given else True,
        subnets=tuple(replace(one, aux_addresses=kept.get(str(one.subnet), one.aux_addresses)) for one in network.subnets),
        host_binding_ipv4=ip_address(dict(known.options).get(BINDING_OPTION, str(network.host_binding_ipv4))),
    )
