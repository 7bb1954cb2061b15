# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bridge network that Docker knows: the one bridge for both, and half of the subnet for each."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.describe import describe
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.fleet import HostInput, plan_fleet
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.ledger import Ledger, ledger_dict
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.pools import Stock
from ansible_collections.mooring.cnm.plugins.module_utils.model.complete import complete_topology
from ansible_collections.mooring.cnm.plugins.module_utils.model.peers import topology_options
from ansible_collections.mooring.cnm.plugins.module_utils.state.chain import Chain
from ansible_collections.mooring.cnm.plugins.module_utils.state.engine import EngineNetwork, EnginePool
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import HostState

SUBNET = {"config": [{"subnet": "172.30.0.0/24", "gateway": "172.30.0.1"}]}


BOTH = {"config": [*SUBNET["config"], {"subnet": "fd00:30::/64", "gateway": "fd00:30::1", "aux_addresses": {"printer": "fd00:30::9"}}]}


def options(**network: Any) -> dict[str, Any]:
    addresses = {"ipv4_address": "172.30.0.10", **({"ipv6_address": "fd00:30::10"} if network.get("enable_ipv6") else {})}
    boxes = {"app": {"networks": {"front": addresses}}}
    return {"networks": {"front": {"docker_network": "172.30.0.128/25", "ipam": SUBNET, **network}}, "sandboxes": boxes}


def state(docker_bridges: tuple[str, ...] = (), **network: Any) -> HostState:
    declaration, problems = complete_topology(options(**network))
    assert problems == []
    return host_state(declaration, "default", docker_bridges)


def known(found: HostState) -> EngineNetwork:
    (one,) = (one for one in found.objects.values() if isinstance(one, EngineNetwork))
    return one


def test_docker_knows_the_bridge_and_its_gateway() -> None:
    one = known(state(bridge_name="br-front", icc=False, host_binding_ipv4="127.0.0.1"))
    assert (one.name, one.pools) == ("front", (EnginePool("172.30.0.0/24", "172.30.0.1", "172.30.0.128/25"),))
    assert dict(one.options) == {
        "com.docker.network.bridge.name": "br-front",
        "com.docker.network.bridge.enable_icc": "false",
        "com.docker.network.bridge.enable_ip_masquerade": "false",
        "com.docker.network.bridge.host_binding_ipv4": "127.0.0.1",
        "com.docker.network.driver.mtu": "1500",
    }


def test_docker_has_the_same_part_of_both_subnets() -> None:
    ipv6 = EnginePool("fd00:30::/64", "fd00:30::1", "fd00:30::80/121", (("printer", "fd00:30::9"),))
    assert known(state(enable_ipv6=True, ipam=BOTH)).pools == (EnginePool("172.30.0.0/24", "172.30.0.1", "172.30.0.128/25"), ipv6)


@pytest.mark.parametrize("given", [{}, {"internal": True}, {"bridge_name": "br0", "mtu": 1400}, {"docker_network": False}, {"enable_ipv6": True, "ipam": BOTH}])
def test_what_stands_is_told_in_the_words_of_the_options(given: dict[str, Any]) -> None:
    found = state(**given)
    told = topology_options(describe(found, "default"))
    assert told["networks"]["front"].get("docker_network", False) == {"docker_network": "172.30.0.128/25", **given}["docker_network"]
    again, faults = complete_topology(told)
    assert faults == []
    assert host_state(again, "default") == found


@pytest.mark.parametrize("name", ["br-front", None])
def test_it_is_not_kept_apart_from_itself(name: str | None) -> None:
    """Docker leads to its bridges by rules, so that this one looks like one of Docker's."""
    given = {"bridge_name": name} if name else {}
    bridge = known(state(**given)).bridge
    guards = [one for one in state((bridge, "docker0"), **given).objects.values() if isinstance(one, Chain) and one.table == "mangle"]
    drops = {(rule.in_interface, rule.out_interface) for one in guards for rule in one.rules if rule.target == "DROP" and rule.out_interface}
    assert drops == {(f"!{bridge}", bridge), (name or "cnmb+", "docker0")}


ADDRESS = "Docker gives the bridge the gateway's IPv{} address"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"inhibit_ipv4": True}, ADDRESS.format(4)),
        ({"internal": True, "gateway_mode": "isolated"}, ADDRESS.format(4)),
        ({"internal": True, "gateway_mode_ipv6": "isolated", "enable_ipv6": True, "ipam": BOTH}, ADDRESS.format(6)),
        ({"enable_ipv6": True, "ipam": {"config": [*SUBNET["config"], {"subnet": "fd00:30::/121"}]}}, "fd00:30::/121 has fewer addresses than 172.30.0.0/24"),
    ],
)
def test_docker_has_the_bridge_as_it_needs_it(given: dict[str, Any], message: str) -> None:
    found = [one for one in complete_topology(options(**given))[1] if one.path == "cnm_networks.front.docker_network"]
    assert len(found) == 1 and message in found[0].message


def test_the_ledger_gives_half_of_the_subnet_to_docker_and_keeps_it() -> None:
    declared = {"cnm_networks": {"front": {"docker_network": True}}}
    hosts = {host: HostInput(declared, {"cnm_sandboxes": {"app": {"networks": ["front"]}}}, {}) for host in ("node1", "node2")}
    found = plan_fleet(hosts, Ledger(), Stock(), "default", True)
    assert found.problems == ()
    assert ledger_dict(found.ledger)["ranges"] == {f"{host}/front": {host: "172.17.128.0/17"} for host in hosts}
    assert {str(one.sandboxes["app"].endpoints[0].ipv4_address) for one in found.declarations.values()} == {"172.17.0.2"}
    assert plan_fleet(hosts, found.ledger, Stock(), "default", False) == found
    assert plan_fleet({}, found.ledger, Stock(), "default", True).ledger.ranges == {}
