# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker's table of who reaches whom, row by row: gateway mode by what is asked, from everywhere, in both families, by each backend.

The rows are those of moby's integration tests (29.7, TestBridgeGatewayModes and its neighbours). What is not reached from one place is
asked, at the same listener, from another that does reach it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.describe import describe
from ansible_collections.mooring.cnm.plugins.module_utils.model.complete import complete_topology
from ansible_collections.mooring.cnm.plugins.module_utils.model.options import declaration_options
from ansible_collections.mooring.cnm.tests.kernel.pictures import rules
from ansible_collections.mooring.cnm.tests.kernel.sockets import Flow, Listener, answers, listening
from ansible_collections.mooring.cnm.tests.kernel.topologies import clear, run

# What is asked of a sandbox: an echo; its port 80, which is published; its port 81, which is not; and port 80 by way of a port of the host.
PING, PUBLISHED, UNPUBLISHED, MAPPED = "ping", "published", "unpublished", "mapped"
ALL, NONE = {PING, PUBLISHED, UNPUBLISHED, MAPPED}, set[str]()
DIRECT = {PING, PUBLISHED, UNPUBLISHED}
# The sandbox of each network, its host port, and from where it is reached how. remote: a host on the same link that knows a way to every subnet.
# friend: the same behind a trusted interface. host: the host itself. mate: a neighbour. other: a sandbox of the network routed, or, for that, of nat.
TRUTH = {
    "nat": (8001, {"remote": {MAPPED}, "friend": {MAPPED}, "host": ALL, "mate": ALL, "other": {MAPPED}, "shut": NONE}),
    "open": (8002, {"remote": ALL, "friend": ALL, "host": ALL, "mate": ALL, "other": ALL, "shut": NONE}),
    "routed": (8003, dict.fromkeys(("remote", "friend", "other"), {PING, PUBLISHED}) | dict.fromkeys(("host", "mate"), DIRECT) | {"shut": NONE}),
    "trusting": (8004, {"remote": {MAPPED}, "friend": {PUBLISHED, MAPPED}, "host": ALL, "mate": ALL, "other": {MAPPED}, "shut": NONE}),
    "apart": (8005, {"remote": {MAPPED}, "friend": {MAPPED}, "host": ALL, "mate": NONE, "other": {MAPPED}, "shut": NONE}),
    "shut": (8006, {"remote": NONE, "friend": NONE, "host": NONE, "mate": DIRECT, "other": NONE}),
}
OPTIONS: dict[str, dict[str, object]] = {
    "nat": {},
    "open": {"gateway_mode": "nat-unprotected", "gateway_mode_ipv6": "nat-unprotected"},
    "routed": {"gateway_mode": "routed", "gateway_mode_ipv6": "routed"},
    "trusting": {"trusted_host_interfaces": ["trust"], "host_ipv4": "198.51.100.3", "host_ipv6": "2001:db8:1::3"},
    "apart": {"icc": False},
    "shut": {"gateway_mode": "isolated", "gateway_mode_ipv6": "isolated", "internal": True},
}
SUBNETS = {name: (f"172.{20 + at}.0.0/24", f"fd00:{20 + at}::/64") for at, name in enumerate(TRUTH)}
HOST = {4: "198.51.100.1", 6: "2001:db8:1::1"}
REMOTE = {4: "198.51.100.2", 6: "2001:db8:1::2"}
FRIEND = {4: "203.0.113.2", 6: "2001:db8:2::2"}
# Everybody outside knows the way to every subnet; remote tries the host's 127.0.0.2 too.
OUTSIDE = """
set -e
sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0
for side in "remote wan 198.51.100 2001:db8:1" "friend trust 203.0.113 2001:db8:2"; do
    set -- $side
    ip netns add $1; ip netns exec $1 sysctl -qw net.ipv6.conf.default.accept_dad=0
    ip link add $2 type veth peer name eth0 netns $1
    ip addr add $3.1/24 dev $2; ip addr add $4::1/64 dev $2 nodad; ip link set $2 up
    ip -n $1 addr add $3.2/24 dev eth0; ip -n $1 addr add $4::2/64 dev eth0 nodad; ip -n $1 link set eth0 up; ip -n $1 link set lo up
    ip -n $1 route add default via $3.1; ip -n $1 route add default via $4::1
done
ip addr add 198.51.100.3/24 dev wan; ip addr add 2001:db8:1::3/64 dev wan nodad preferred_lft 0
ip -n remote route add 127.0.0.2/32 via 198.51.100.1; ip netns exec remote sysctl -qw net.ipv4.conf.all.route_localnet=1
"""
DROPPING = "iptables -P FORWARD DROP; ip6tables -P FORWARD DROP"
BACKENDS = {"iptables": ("nft", "iptables"), "iptables, legacy form": ("legacy", "iptables"), "nftables": ("nft", "nftables")}


def declared() -> dict[str, dict[str, object]]:
    """Every network with two sandboxes, of which the first, called after it, publishes its port 80."""
    networks: dict[str, object] = {}
    sandboxes: dict[str, object] = {}
    for name, (port, _who) in TRUTH.items():
        four, six = SUBNETS[name]
        config = [{"subnet": four, "gateway": address(name, 4, 1)}, {"subnet": six, "gateway": address(name, 6, 1)}]
        networks[name] = {"driver": "bridge", "enable_ipv6": True, "ipam": {"config": config}, **OPTIONS[name]}
        for number, sandbox in ((2, name), (3, f"{name}-mate")):
            sandboxes[sandbox] = {"networks": {name: {"ipv4_address": address(name, 4, number), "ipv6_address": address(name, 6, number)}}}
        if name != "shut":
            sandboxes[name]["ports"] = [f"{port}:80", f"{port}:80/udp", f"{port}:80/sctp"]  # type: ignore[index]
    sandboxes["nat"]["ports"] += [  # type: ignore[index]
        "127.0.0.2:5000:80",
        {"published": 5001, "target": 80, "allow_from": [f"{REMOTE[4]}/32", f"{REMOTE[6]}/128"]},
        {"published": 5002, "target": 80, "allow_from": []},
    ]
    return {"networks": networks, "sandboxes": sandboxes}


def address(network: str, family: int, number: int) -> str:
    prefix = SUBNETS[network][0 if family == 4 else 1].split("/")[0]
    return prefix[:-1] + str(number) if family == 4 else f"{prefix}{number}"


def flows(family: int) -> dict[Flow, bool]:
    """Every question, and whether it should be answered."""
    found = {}
    for name, (port, truth) in TRUTH.items():
        for who, reached in truth.items():
            source = {"host": "", "mate": f"{name}-mate", "other": "nat" if name == "routed" else "routed", "shut": "shut-mate"}.get(who, who)
            own = address(name, family, 2)
            found[Flow(source, own, 0, "icmp")] = PING in reached
            for protocol in ("tcp", "udp", "sctp"):
                found[Flow(source, own, 80, protocol)] = PUBLISHED in reached
                found[Flow(source, own, 81, protocol)] = UNPUBLISHED in reached
                found[Flow(source, HOST[family], port, protocol)] = MAPPED in reached
    return found | of_single_ports(family)


def of_single_ports(family: int) -> dict[Flow, bool]:
    """Ports bound to 127.0.0.2, or open to some, and the host's other addresses."""
    found = {Flow("", HOST[family], port): True for port in (5001, 5002, 8001)}
    found |= {Flow("", address("nat", family, 1), 8001): True, Flow("remote", HOST[family], 5001): True}
    found |= {Flow("friend", HOST[family], 5001): False, Flow("routed", HOST[family], 5001): False}
    found |= {Flow(source, HOST[family], 5002): False for source in ("remote", "friend", "nat-mate")}
    if family == 4:
        found |= {Flow("", "127.0.0.1", 8001): True, Flow("", "127.0.0.2", 5000): True}
        found |= {Flow("remote", "127.0.0.2", 5000): False, Flow("remote", HOST[4], 5000): False, Flow("remote", "127.0.0.2", 8001): False}
    return found


@pytest.fixture(scope="module", params=[(backend, policy) for backend in BACKENDS for policy in ("ACCEPT", "DROP")], ids=" ".join)
def world(shared_host, request) -> Iterator[tuple[object, list[Listener]]]:
    """A host with every gateway mode, by one backend and beside one policy of FORWARD, and a listener at each port in each family."""
    backend, policy = request.param
    form, firewall = BACKENDS[backend]
    shared_host.use_iptables(form)
    shared_host.sh(OUTSIDE + (DROPPING if policy == "DROP" else ""))
    alone = _rules(shared_host, firewall)
    declaration, problems = complete_topology(declared())
    assert problems == []
    told = declaration_options(describe(run(declaration, firewall=firewall).after, "default"))
    assert run(declaration, firewall=firewall).ops == ()
    again, problems = complete_topology(told)
    assert problems == []
    assert run(again, firewall=firewall).ops == ()
    services = [(name, port) for name in (*TRUTH, "remote") for port in (80, 81)]
    with listening(*(Listener(*service, every) for service in services for every in ("0.0.0.0", "::"))) as listeners:
        yield shared_host, listeners
    clear()
    assert _rules(shared_host, firewall) == alone
    shared_host.sh("ip link del wan; ip link del trust; ip netns del remote; ip netns del friend")
    shared_host.sh("iptables -P FORWARD ACCEPT; ip6tables -P FORWARD ACCEPT; nft flush ruleset")


def _rules(host: object, firewall: str) -> list[str]:
    """All rules; where iptables is not used, byte for byte. (It leaves its own chains, which are empty then.)"""
    return [*rules(host), *(host.sh("nft list ruleset").splitlines() if firewall == "nftables" else ())]  # type: ignore[attr-defined]


@pytest.mark.parametrize("family", [4, 6])
def test_who_reaches_whom(world, family: int) -> None:
    _host, listeners = world
    asked = flows(family)
    expected = {flow for flow, reached in asked.items() if reached}
    found = set(answers(asked, listeners, expected=expected))
    assert (sorted(map(str, found - expected)), sorted(map(str, expected - found))) == ([], [])
    # Each of those that are not answered was asked of a listener that did answer somebody, but for the closed network, which its neighbour asks.
    assert {(flow.address, flow.port, flow.protocol) for flow in expected if flow.address == address("shut", family, 2)}


@pytest.mark.parametrize("family", [4, 6])
def test_as_whom_a_sandbox_is_seen(world, family: int) -> None:
    """Outside: as the host, as the address that is declared, or as itself. Inside: a client of a published port as itself."""
    _host, listeners = world
    seen = {
        Flow("nat", REMOTE[family], 80): f"remote {HOST[family]}",
        Flow("open", REMOTE[family], 80): f"remote {HOST[family]}",
        Flow("trusting", REMOTE[family], 80): f"remote {'198.51.100.3' if family == 4 else '2001:db8:1::3'}",
        Flow("routed", REMOTE[family], 80): f"remote {address('routed', family, 2)}",
        Flow("remote", HOST[family], 8001): f"nat {REMOTE[family]}",
        Flow("remote", HOST[family], 8001, "sctp"): f"nat {REMOTE[family]}",
        Flow("friend", address("trusting", family, 2), 80): f"trusting {FRIEND[family]}",
        Flow("remote", address("routed", family, 2), 80): f"routed {REMOTE[family]}",
    }
    assert answers(seen, listeners, expected=seen) == seen


def test_what_stands_outside_our_chains(world) -> None:
    """One tagged jump in a built-in chain of a table, and, where others drop, the accepts: each once."""
    host, _listeners = world
    place: tuple[str, ...] = ()
    found = []
    for line in rules(host):
        if line.endswith("-save"):
            place = (line,)
        elif line.startswith("*"):
            place = (place[0], line)
        elif line.startswith("-A ") and not line.startswith("-A CNM-"):
            assert "cnm:default" in line
            found.append((*place, line.split()[1], line.split("-j ")[1] if "-j CNM-" in line else line))
    assert len(found) == len(set(found))
    accepts = [one for one in found if one[3].startswith("-A ")]
    assert {one[2] for one in accepts} <= {"FORWARD"}
    assert len(accepts) in (0, 2 * 2 * len(TRUTH))
