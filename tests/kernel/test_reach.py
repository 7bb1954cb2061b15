# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reaches whom and who does not, by packets, whatever else the host's firewall holds."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.namespaces import inside
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Port
from ansible_collections.mooring.cnm.tests.kernel.sockets import Flow, Listener, answers, listening
from ansible_collections.mooring.cnm.tests.kernel.topologies import declare, endpoint, network, run, sandbox

# A host with two addresses, and a remote one that knows the way to every subnet behind it, and to the host's 127/8.
OUTSIDE = """
set -e
ip netns add remote
ip link add wan type veth peer name eth0 netns remote
ip addr add 198.51.100.1/24 dev wan && ip addr add 198.51.100.3/24 dev wan && ip link set wan up
ip -n remote addr add 198.51.100.2/24 dev eth0 && ip -n remote link set eth0 up
ip -n remote route add 172.16.0.0/12 via 198.51.100.1 && ip -n remote route add 127.0.0.0/8 via 198.51.100.1
"""
HOSTS = {
    "plain": "true",
    "FORWARD policy drop": "iptables -P FORWARD DROP",
    "everything forwarded": "iptables -I FORWARD -j ACCEPT",
    "no br_netfilter": "sysctl -qw net.bridge.bridge-nf-call-iptables=0",
    "loopback routed": "sysctl -qw net.ipv4.conf.wan.route_localnet=1",
    "strict reverse path": "sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.default.rp_filter=1",
    "legacy": "",
    "nftables": "true",
    "nftables, FORWARD policy drop": "iptables -P FORWARD DROP",
    "nftables, dropped by the legacy form": "iptables-legacy -A FORWARD -j REJECT",
}
BOUND = IPv4Address("198.51.100.3")
DECLARED = declare(
    network("front", "172.20.0.0/24"),
    network("other", "172.21.0.0/24"),
    network("closed", "172.22.0.0/24", internal=True),
    network("apart", "172.23.0.0/24", icc=False),
    network("seen", "172.24.0.0/24", masquerade=False),
    sandbox(
        "web",
        endpoint("front", "172.20.0.2"),
        ports=(Port(5353, 53, "udp"), Port(8080, 80), Port(8085, 80, "tcp", BOUND), Port(8443, 80, "tcp", IPv4Address("127.0.0.1"))),
    ),
    sandbox("app", endpoint("front", "172.20.0.3")),
    sandbox("far", endpoint("other", "172.21.0.2"), ports=(Port(8081, 80),)),
    sandbox("in1", endpoint("closed", "172.22.0.2")),
    sandbox("in2", endpoint("closed", "172.22.0.3")),
    sandbox("p1", endpoint("apart", "172.23.0.2"), ports=(Port(8083, 80),)),
    sandbox("p2", endpoint("apart", "172.23.0.3")),
    sandbox("seen", endpoint("seen", "172.24.0.2")),
)
# What a hostile sandbox can do inside its own namespace: take any way through its gateway.
HOSTILE = """
set -e
ip -n in1 route add default via 172.22.0.1
ip -n p2 route add 172.23.0.2 via 172.23.0.1
ip netns exec app sysctl -qw net.ipv4.conf.all.route_localnet=1
ip netns exec remote sysctl -qw net.ipv4.conf.all.route_localnet=1
ip -n app addr flush dev lo
ip -n app route add 127.0.0.0/8 via 172.20.0.1
"""
SERVICES = [("web", 53), ("", 9000), ("remote", 80), *((name, 80) for name in DECLARED.sandboxes)]
GATE, HOST, OTHER_HOST, REMOTE = "172.20.0.1", "198.51.100.1", "198.51.100.3", "198.51.100.2"

# (from, to, port): who answers, and as whom it saw the caller.
REACHED = {
    ("remote", HOST, 8080): f"web {REMOTE}",
    ("remote", OTHER_HOST, 8080): f"web {REMOTE}",
    ("remote", OTHER_HOST, 8085): f"web {REMOTE}",
    ("remote", HOST, 8081): f"far {REMOTE}",
    ("remote", HOST, 8083): f"p1 {REMOTE}",
    ("remote", HOST, 5353, "udp"): f"web {REMOTE}",
    ("remote", HOST, 9000): f"host {REMOTE}",
    ("", "127.0.0.1", 8080): f"web {GATE}",
    ("", "127.0.0.1", 8443): f"web {GATE}",
    ("", "127.0.0.1", 5353, "udp"): f"web {GATE}",
    ("", HOST, 8080): f"web {HOST}",
    ("", OTHER_HOST, 8085): f"web {HOST}",  # whose first address the kernel chooses
    ("", GATE, 8080): f"web {GATE}",
    ("", "172.20.0.2", 80): f"web {GATE}",
    ("", "172.22.0.2", 80): "in1 172.22.0.1",
    ("", "172.23.0.2", 80): "p1 172.23.0.1",
    ("", "172.23.0.3", 80): "p2 172.23.0.1",
    ("app", "172.20.0.2", 80): "web 172.20.0.3",
    ("app", "172.20.0.2", 80, "udp"): "web 172.20.0.3",
    ("app", GATE, 8080): f"web {GATE}",
    ("app", HOST, 8080): f"web {GATE}",
    ("app", HOST, 5353, "udp"): f"web {GATE}",
    ("web", GATE, 8080): f"web {GATE}",
    ("web", HOST, 8080): f"web {GATE}",
    ("far", HOST, 8080): f"web {GATE}",
    ("far", "172.21.0.1", 8080): f"web {GATE}",
    ("far", HOST, 5353, "udp"): f"web {GATE}",
    ("web", HOST, 9000): "host 172.20.0.2",
    ("in1", "172.22.0.3", 80): "in2 172.22.0.2",
    ("in1", "172.22.0.1", 9000): "host 172.22.0.2",
    ("web", REMOTE, 80): f"remote {HOST}",
    ("p1", REMOTE, 80): f"remote {HOST}",
    ("seen", REMOTE, 80): "remote 172.24.0.2",
}
UNREACHED = [
    ("remote", HOST, 8085),  # bound to the other address
    ("remote", HOST, 8443),
    ("remote", "127.0.0.1", 8443),
    ("remote", "127.0.0.1", 8080),
    ("remote", "127.0.0.1", 5353, "udp"),
    *(("remote", f"172.{20 + at}.0.2", 80, protocol) for at in range(5) for protocol in ("tcp", "udp")),
    ("remote", "172.20.0.2", 53, "udp"),
    ("app", "127.0.0.1", 9001),
    ("app", "127.0.0.1", 9001, "udp"),
    ("app", "127.0.0.1", 8443),
    ("web", "172.21.0.2", 80),
    ("far", "172.20.0.2", 80),
    ("far", "172.20.0.2", 80, "udp"),
    ("far", "172.23.0.2", 80),
    ("far", "172.22.0.2", 80),
    ("seen", "172.20.0.2", 80),
    ("in1", REMOTE, 80),
    ("in1", REMOTE, 80, "udp"),
    ("in1", "172.20.0.2", 80),
    ("in1", HOST, 8080),
    ("in1", "172.22.0.1", 8080),
    ("web", "172.22.0.2", 80),
    ("p1", "172.23.0.3", 80),
    ("p1", "172.23.0.3", 80, "udp"),
    ("p2", "172.23.0.2", 80),
    ("p2", HOST, 8083),
]


@pytest.fixture(params=HOSTS)
def world(host, request) -> Iterator[list[Listener]]:
    """A converged host of some kind with the remote one, hostile sandboxes, and a service in each."""
    host.use_iptables("legacy" if request.param == "legacy" else "nft")
    host.sh(OUTSIDE + HOSTS[request.param])
    backend = "nftables" if request.param.startswith("nftables") else "iptables"
    run(DECLARED, firewall=backend)
    assert not run(DECLARED, firewall=backend).ops
    host.sh(HOSTILE)
    with listening(*(Listener(*service) for service in SERVICES), Listener("", 9001, "127.0.0.1")) as listeners:
        yield listeners


def test_reach(world) -> None:
    reached = {Flow(*key): said for key, said in REACHED.items()}
    unreached = [Flow(*key) for key in UNREACHED]
    found = answers([*reached, *unreached], world, expected=reached)
    assert found == reached


@pytest.mark.parametrize("world", ["plain"], indirect=True)
@pytest.mark.parametrize("source", ["127.0.0.2", "198.51.100.3"])
def test_a_sandbox_cannot_pretend_to_be_the_host(world, source: str) -> None:
    """A datagram to a service of the host, as if the host itself had sent it."""
    service = next(one for one in world if one.port == 9000).sockets[1]
    with inside("app"), socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        for sender in (source, "172.20.0.3"):
            raw.sendto(_datagram(sender, GATE, 9000), (GATE, 0))
    service.settimeout(3)
    assert service.recvfrom(100)[1][0] == "172.20.0.3"  # the control, which was sent after it


def _datagram(source: str, target: str, port: int) -> bytes:
    """An IPv4 packet with a UDP datagram from port 1; the kernel adds length and checksum of the header."""
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, 64, socket.IPPROTO_UDP, 0, socket.inet_aton(source), socket.inet_aton(target))
    return header + struct.pack("!HHHH", 1, port, 8, 0)


def test_the_way_to_the_loopback_of_the_host_is_open_but_for_us(host) -> None:
    """The control of the flows to 127.0.0.1 above: without our rules, and with route_localnet, they do arrive."""
    host.sh(OUTSIDE)
    run(DECLARED)
    host.sh(HOSTILE)
    host.sh("sysctl -qw net.ipv4.conf.wan.route_localnet=1; iptables -t mangle -F CNM-PREROUTING")
    flows = [Flow("remote", "127.0.0.1", 9001), Flow("app", "127.0.0.1", 9001)]
    with listening(Listener("", 9001, "127.0.0.1")) as listeners:
        assert set(answers(flows, listeners, expected=flows)) == set(flows)
