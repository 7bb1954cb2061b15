# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each key of a policy by packets, with the real iptables: who is let through, what is counted, what is logged."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pytest
from pyroute2 import IPSet

from .conftest import Host
from .sockets import Flow, Listener, answers, listening
from .test_docker_user import policy

# A client on eth0, and two containers on two networks that a rule behind DOCKER-USER keeps apart, as Docker does. The host forwards both families.
GROUND = """\
set -e
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.dad_transmits=0
number=0
for name in client web db; do
  number=$((number + 1))
  ip netns add $name
  ip netns exec $name sysctl -qw net.ipv6.conf.default.dad_transmits=0
  ip link add to-$name type veth peer name eth0 netns $name
  ip address add 10.0.$number.1/24 dev to-$name && ip address add fd00:$number::1/64 dev to-$name nodad && ip link set to-$name up
  ip -n $name address add 10.0.$number.2/24 dev eth0 && ip -n $name address add fd00:$number::2/64 dev eth0 nodad && ip -n $name link set eth0 up
  ip -n $name route add default via 10.0.$number.1 && ip -n $name route add default via fd00:$number::1
done
for tool in iptables ip6tables; do
  $tool -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
  $tool -A FORWARD -i to-web -o to-db -j DROP
done
"""
AT = {"client": "10.0.1.2", "web": "10.0.2.2", "db": "10.0.3.2"}
AT_IPV6 = {"client": "fd00:1::2", "web": "fd00:2::2", "db": "fd00:3::2"}
PAIRS = (("client", "web"), ("client", "db"), ("web", "db"))
PORT = 80
ANSWERED: dict[str, Any] = {"ctstate": ["established", "related"], "action": "return"}
Reached = set[tuple[str, str, str]]  # from, to, protocol


def among(*protocols: str, without: Iterable[tuple[str, str]] = ()) -> Reached:
    return {(*pair, protocol) for pair in PAIRS if pair not in set(without) for protocol in protocols}


def who_reaches(at: dict[str, str], expected: Reached) -> Reached:
    """Which of all flows are answered; those that are expected are worth waiting for."""
    flows = {(source, target, protocol): Flow(source, at[target], PORT, protocol) for source, target in PAIRS for protocol in ("tcp", "udp", "icmp")}
    with listening(*(Listener(name, PORT, "::" if at is AT_IPV6 else "0.0.0.0") for name in ("web", "db"))) as listeners:
        answered = answers(flows.values(), listeners, (flows[one] for one in expected))
    return {one for one, flow in flows.items() if flow in answered}


ALL = ("tcp", "udp", "icmp")
APART = among(*ALL, without=[("web", "db")])  # without any policy
CLOSED = [("web", "db"), ("client", "db")]
# The policy, and who reaches whom with it.
POLICIES: dict[str, tuple[list[dict[str, Any]], Reached]] = {
    "accept is past what keeps networks apart": ([{"source": AT["web"], "action": "accept"}], among(*ALL)),
    "return is not": ([{"source": AT["web"], "action": "return"}], APART),
    "accept comes before a later drop": ([{"protocol": "udp", "action": "accept"}, {"action": "drop"}], among("udp")),
    "destination": ([{"destination": AT["db"], "action": "drop"}], among(*ALL, without=CLOSED)),
    "all but a destination": ([{"destination": "!10.0.2.0/24", "action": "drop", "family": "ipv4"}], among(*ALL, without=CLOSED)),
    "destination_set": ([{"destination_set": "shut", "action": "drop"}], among(*ALL, without=CLOSED)),
    "all but a destination_set": ([{"destination_set": "!shut", "action": "reject"}], among(*ALL, without=[("web", "db"), ("client", "web")])),
    "out_interface": ([{"out_interface": "to-db", "action": "drop"}], among(*ALL, without=CLOSED)),
    "all but an out_interface": ([{"in_interface": "to-client", "out_interface": "!to-w+", "action": "drop"}], among(*ALL, without=CLOSED)),
    "udp": ([{"protocol": "udp", "target": PORT, "action": "drop"}], APART - among("udp")),
    "udp, another port": ([{"protocol": "udp", "target": "81-99", "action": "drop"}], APART),
    "icmp": ([{"protocol": "icmp", "action": "drop"}], APART - among("icmp")),
}
POLICIES_IPV6: dict[str, tuple[list[dict[str, Any]], Reached]] = {
    "without": ([], APART),
    "addresses": ([{"source": "fd00:1::/64", "destination": "fd00:2::1-fd00:2::9", "action": "reject"}], among(*ALL, without=PAIRS[:1]) & APART),
    "accept": ([{"source": AT_IPV6["web"], "action": "accept"}], among(*ALL)),
    "for both families": ([{"protocol": "icmp", "action": "drop"}], APART - among("icmp")),
    "for the other family": ([{"family": "ipv4", "action": "drop"}], APART),
}
# The policy, and how many of ten packets its rules match.
COUNTED: dict[str, tuple[list[dict[str, Any]], dict[str, int]]] = {
    "limit": ([{"protocol": "udp", "limit": "1/hour", "action": "return"}, {"protocol": "udp", "action": "drop"}], {"RETURN": 5, "DROP": 5}),
    "limit_burst": ([{"limit": "1/hour", "limit_burst": 3, "action": "accept"}, {"action": "drop"}], {"ACCEPT": 3, "DROP": 7}),
    "log": ([{"log": "seen "}, {"action": "return"}], {"LOG": 10, "RETURN": 10}),
    "log and an action": ([{"log": True, "action": "drop"}], {"LOG": 10, "DROP": 10}),
    "log, limited": ([{"log": "seen ", "limit": "1/hour", "limit_burst": 2}, {"action": "return"}], {"LOG": 2, "RETURN": 10}),
}


@pytest.fixture(params=["nft", "legacy"])
def here(host: Host, request: pytest.FixtureRequest) -> Host:
    host.use_iptables(request.param)
    host.sh(GROUND)
    return host


def counted(host: Host, count: int) -> dict[str, int]:
    """How many of so many datagrams, each of them a new connection from the client to web, the rules of DOCKER-USER have matched, by their targets."""
    host.sh("iptables -Z DOCKER-USER")
    with listening(Listener("web", PORT)) as listeners:
        answers([Flow("client", AT["web"], PORT, "udp")] * count, listeners)
    lines = [line for line in host.sh("iptables-save -c -t filter").splitlines() if "-A DOCKER-USER" in line and "ESTABLISHED" not in line]
    return {re.sub(".* -j ", "", line).split()[0]: int(line[1 : line.index(":")]) for line in lines}


def test_who_reaches_whom(here: Host) -> None:
    """Each policy in the place of the one before, so that it is the rules alone that count."""
    with IPSet() as sets:
        sets.create("shut", stype="hash:net")
        sets.add("shut", "10.0.3.0/24", etype="net")
    for name, (rules, reached) in POLICIES.items():
        policy([ANSWERED, *rules])
        assert who_reaches(AT, reached) == reached, name


def test_who_reaches_whom_in_ipv6(here: Host) -> None:
    for name, (rules, reached) in POLICIES_IPV6.items():
        policy([ANSWERED, *rules])
        assert who_reaches(AT_IPV6, reached) == reached, name


def test_what_is_limited_and_logged_is_counted(here: Host) -> None:
    """A line in the log changes nothing of what becomes of a packet. (The lines of a namespace are not in the kernel's log.)"""
    for name, (rules, expected) in COUNTED.items():
        policy([ANSWERED, *rules])
        assert counted(here, 10) == expected, name
