# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small topologies for the kernel tests, and one call that brings the throw-away host to them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from ansible_collections.mooring.cnm.plugins.module_utils.converge import Outcome, converge, predict
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.firewall.judge import judge
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.ground import read_sight
from ansible_collections.mooring.cnm.plugins.module_utils.model.checks import check_declaration, check_resolved
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration, Endpoint, Network, Sandbox, Subnet
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import HostState

NOTHING = Declaration()


def network(name: str, subnet: str, **more: object) -> Network:
    """A network whose gateway is the first address of ``subnet``."""
    found = IPv4Network(subnet)
    return Network(name, subnets=(Subnet(found, found[1]),), **more)  # type: ignore[arg-type]


def endpoint(network: str, address: str, **more: object) -> Endpoint:
    return Endpoint(network, IPv4Address(address), **more)  # type: ignore[arg-type]


def sandbox(name: str, *endpoints: Endpoint, **more: object) -> Sandbox:
    return Sandbox(name, endpoints=endpoints, **more)  # type: ignore[arg-type]


def declare(*parts: Network | Sandbox) -> Declaration:
    """A declaration of ``parts``, which must be without a problem."""
    networks = {one.name: one for one in parts if isinstance(one, Network)}
    sandboxes = {one.name: one for one in parts if isinstance(one, Sandbox)}
    declaration = Declaration(networks, sandboxes)
    assert not [*check_declaration(declaration), *check_resolved(declaration)]
    return declaration


def changed(declaration: Declaration, *parts: Network | Sandbox, without: str = "") -> Declaration:
    """``declaration`` with ``parts`` in the place of those of their names, and without the one called ``without``."""
    standing = [*declaration.networks.values(), *declaration.sandboxes.values()]
    given = {(type(one), one.name) for one in parts}
    return declare(*(one for one in standing if (type(one), one.name) not in given and one.name != without), *parts)


def run(declaration: Declaration, check: bool = False, fleet: str = "default", firewall: str = "auto") -> Outcome:
    """Bring the host to ``declaration``; an empty one leaves nothing of the fleet."""
    ground = judge(read_sight(), firewall, fleet)
    return (predict if check else converge)(host_state(declaration, fleet, ground=ground), fleet)


def clear(fleet: str = "default") -> Outcome:
    """Remove everything of the fleet."""
    return converge(HostState(), fleet)


FRONT = network("front", "172.20.0.0/24")
BACK = network("back", "172.21.0.0/24", internal=True, icc=False, mtu=1400)
WEB = sandbox("web", endpoint("back", "172.21.0.2"), endpoint("front", "172.20.0.2", aliases=("www",)))
DB = sandbox("db", endpoint("back", "172.21.0.3"), endpoint("front", "172.20.0.3"), extra_hosts=(("registry", "192.0.2.9"),), dns=(IPv4Address("192.0.2.53"),))
CACHE = Sandbox("cache", mode="container", joins="web")
BATCH = Sandbox("batch", mode="none", sysctls=(("net.ipv4.ip_default_ttl", "63"),))
AGENT = Sandbox("agent", mode="host")
