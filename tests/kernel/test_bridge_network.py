# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From nothing to a converged bridge network, and back, on a real kernel."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration, Endpoint, Network, Port, Sandbox, Subnet
from ansible_collections.mooring.cnm.plugins.module_utils.runner import converge
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import HostState

NET = Network("front", subnets=(Subnet(IPv4Network("172.20.0.0/24"), IPv4Address("172.20.0.1")),))
BACK = Network("back", internal=True, icc=False, subnets=(Subnet(IPv4Network("172.21.0.0/24"), IPv4Address("172.21.0.1")),))


def endpoint(network: str, address: str, **more: object) -> Endpoint:
    return Endpoint(network, IPv4Address(address), **more)  # type: ignore[arg-type]


WEB = Sandbox("web", endpoints=(endpoint("front", "172.20.0.2", aliases=("www",)), endpoint("back", "172.21.0.2")), ports=(Port(8080, 80),))
DB = Sandbox("db", endpoints=(endpoint("back", "172.21.0.3"),), extra_hosts=(("registry", "192.0.2.9"),), dns=(IPv4Address("192.0.2.53"),))
CACHE = Sandbox("cache", mode="container", joins="web")
BATCH = Sandbox("batch", mode="none")
TWO = Declaration({"front": NET, "back": BACK}, {one.name: one for one in (WEB, DB, CACHE, BATCH)})


def run(declaration: Declaration, check: bool = False):
    return converge(host_state(declaration, "default"), "default", check)


def test_from_nothing_and_back(host) -> None:
    before = host.sh("iptables-save; ip -o link; ls /run/netns /etc/netns", check=False)
    predicted = run(TWO, check=True)
    done = run(TWO)
    assert predicted.ops == done.ops
    assert run(TWO).ops == ()
    host.sh("ip netns exec web ping -c1 -W1 172.20.0.1")
    host.sh("ip netns exec web ping -c1 -W1 172.21.0.1")
    host.sh("ping -c1 -W1 172.21.0.3")
    assert "172.20.0.2" in host.sh("ip netns exec cache ip -o addr")
    assert "registry" in host.sh("ip netns exec db getent hosts registry")
    converge(HostState(), "default", False)
    host.sh("iptables -t nat -S; iptables -t filter -S; iptables -t mangle -S")
    assert host.sh("ip -o link") == "" or before
    assert "web" not in host.sh("ip netns list")
