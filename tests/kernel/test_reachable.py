# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``reachable_from``: who is let into a network at its sandboxes' own addresses, by packets, in both families, by each backend; and nobody else is."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.describe import describe
from ansible_collections.mooring.cnm.plugins.module_utils.model.complete import complete_topology
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration
from ansible_collections.mooring.cnm.plugins.module_utils.model.peers import topology_options
from ansible_collections.mooring.cnm.plugins.module_utils.reachable import find_ways

from .conftest import Host
from .pictures import rules
from .sockets import Flow, Listener, answers, listening
from .topologies import run

# Somebody else's bridge on the host, with one behind it: what Docker has. Its own rules let it out.
FOREIGN = """
set -e
ip link add br-x type bridge && ip addr add 10.9.0.1/24 dev br-x && ip addr add fd09::1/64 dev br-x nodad && ip link set br-x up
ip netns add foreign && ip link add vx master br-x up type veth peer name eth0 netns foreign
ip -n foreign addr add 10.9.0.2/24 dev eth0 && ip -n foreign addr add fd09::2/64 dev eth0 nodad && ip -n foreign link set eth0 up
ip -n foreign route add default via 10.9.0.1 && ip -n foreign -6 route add default via fd09::1
"""
PLACES = {"shop": 1, "store": 2, "lab": 3}
OPEN: dict[str, list[str]] = {"store": ["shop", "link:br-x"]}


def declared(reachable: dict[str, list[str]]) -> Declaration:
    """Three networks of both families, each with one sandbox of its name."""
    networks: dict[str, Any] = {}
    for name, at in PLACES.items():
        config = [{"subnet": f"10.{at}.0.0/24", "gateway": f"10.{at}.0.1"}, {"subnet": f"fd0{at}::/64", "gateway": f"fd0{at}::1"}]
        networks[name] = {"enable_ipv6": True, "ipam": {"config": config}, "reachable_from": reachable.get(name, [])}
    sandboxes = {name: {"networks": {name: {"ipv4_address": f"10.{at}.0.2", "ipv6_address": f"fd0{at}::2"}}} for name, at in PLACES.items()}
    declaration, problems = complete_topology({"networks": networks, "sandboxes": sandboxes})
    assert not problems
    return declaration


def who_reaches(expected: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Pairs of sandboxes of which the first reaches the second, and does so in both families and by each protocol. expected: who is worth waiting for."""
    flows = {}
    for source in (*PLACES, "foreign"):
        for target, at in PLACES.items():
            if source != target:
                ways = [
                    Flow(source, address, port, protocol)
                    for address in (f"10.{at}.0.2", f"fd0{at}::2")
                    for protocol, port in (("tcp", 7), ("udp", 7), ("icmp", 0))
                ]
                flows[source, target] = ways
    listeners = [Listener(name, 7, address) for name, at in PLACES.items() for address in (f"10.{at}.0.2", f"fd0{at}::2")]
    with listening(*listeners):
        answered = answers((flow for ways in flows.values() for flow in ways), listeners, (flow for one in expected for flow in flows[one]))
    partly = [flow for ways in flows.values() for flow in ways if flow not in answered and any(other in answered for other in ways)]
    assert not partly, "one family or protocol alone"
    return {one for one, ways in flows.items() if ways[0] in answered}


@pytest.mark.parametrize(("form", "firewall"), [("nft", "iptables"), ("legacy", "iptables"), ("nft", "nftables")])
def test_who_is_let_in(host: Host, form: str, firewall: str) -> None:
    host.use_iptables(form)
    host.sh(FOREIGN)
    run(declared({}), firewall=firewall)
    for name, at in {**PLACES, "foreign": 9}.items():  # a link that is new may still lose what is sent once
        host.sh(f"ip netns exec {name} ping -q -c 1 -w 9 10.{at}.0.1 && ip netns exec {name} ping -q -c 1 -w 9 fd0{at}::1")
    closed = rules(host)
    assert who_reaches(set()) == set()
    done = run(declared(OPEN), firewall=firewall)
    assert all(one.split()[1] in ("chain", "table") for one in done.ops) and run(declared(OPEN), firewall=firewall).ops == ()
    let_in = {("shop", "store"), ("foreign", "store")}
    assert who_reaches(let_in) == let_in
    both = {"store": ["shop"], "shop": ["store"], "lab": ["link:br-x"]}
    run(declared(both), firewall=firewall)
    let_in = {("shop", "store"), ("store", "shop"), ("foreign", "lab")}
    assert who_reaches(let_in) == let_in
    run(declared({}), firewall=firewall)
    assert rules(host) == closed and who_reaches(set()) == set()


def test_a_network_of_docker_that_is_not_there_is_told_or_waited_for(host: Host) -> None:
    declaration = declared({"store": ["docker:monitoring", "shop"]})
    (problem,) = find_ways(declaration)[1]
    assert problem.path == "cnm_networks.store.reachable_from" and "Docker does not run on this host" in problem.message
    at_boot, problems = find_ways(declaration, missing="ignore")
    assert not problems and at_boot.networks["store"].reachable_from == ("shop",)


def test_what_stands_is_told_and_can_be_declared_again(host: Host) -> None:
    host.sh(FOREIGN)
    done = run(declared(OPEN))
    assert done.ops
    options = topology_options(describe(done.after, "default"))
    assert {name: one.get("reachable_from") for name, one in options["networks"].items()} == {"store": ["link:br-x", "shop"], "shop": None, "lab": None}
    again, problems = complete_topology(options)
    assert not problems and run(again).ops == ()
