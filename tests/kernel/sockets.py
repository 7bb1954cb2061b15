# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets between namespaces, all from this process: a socket belongs to the namespace that it was made in."""

from __future__ import annotations

import contextlib
import errno
import itertools
import select
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ansible_collections.mooring.cnm.plugins.module_utils.kernel.namespaces import inside
from ansible_collections.mooring.cnm.tests.kernel import sctp

_KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
# Echo requests, but for the checksum.
_ECHO = {socket.AF_INET: bytes([8, 0, 0, 0, 0, 0, 0, 1]), socket.AF_INET6: bytes([128, 0, 0, 0, 0, 0, 0, 1])}
# How long a packet that should not come is waited for, after all that should have come.
_SILENCE_S = 0.15
_PATIENCE_S = 3.0
# Where datagrams come from: each from a port that none before it had, since the kernel may know that connection still, and take this for a part of it.
_PORTS = itertools.cycle(range(20000, 30000))


@dataclass(frozen=True)
class Flow:
    """A first packet from the namespace ``source`` (empty: the host) to an address and port."""

    source: str
    address: str
    port: int
    protocol: str = "tcp"


@dataclass
class Listener:
    """Answers with its name on a TCP, a UDP and an SCTP port."""

    netns: str
    port: int
    address: str = "0.0.0.0"

    def __post_init__(self) -> None:
        with inside(self.netns):
            self.sockets = [socket.socket(_family(self.address), kind) for kind in _KINDS.values()]
            self.raw = sctp.raw_socket(self.address)
        for one in self.sockets:
            if ":" in self.address:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.setblocking(False)
            one.bind((self.address, self.port))
        self.sockets[0].listen(64)

    @property
    def name(self) -> str:
        return self.netns or "host"

    def serve(self) -> None:
        """Answer whoever came."""
        tcp, udp = self.sockets
        with contextlib.suppress(BlockingIOError):
            while True:
                connection, peer = tcp.accept()
                with connection, contextlib.suppress(OSError):
                    connection.sendall(f"{self.name} {peer[0]}".encode())
        with contextlib.suppress(BlockingIOError):
            while True:
                _data, peer = udp.recvfrom(100)
                with contextlib.suppress(OSError):
                    udp.sendto(f"{self.name} {peer[0]}".encode(), peer)
        sctp.answer(self.raw, self.port, self.name)


@contextlib.contextmanager
def listening(*listeners: Listener) -> Iterator[list[Listener]]:
    """The listeners, closed at the end."""
    try:
        yield list(listeners)
    finally:
        for one in listeners:
            for each in (*one.sockets, one.raw):
                each.close()


def answers(flows: Iterable[Flow], listeners: list[Listener], expected: Iterable[Flow] = ()) -> dict[Flow, str]:
    """``NAME SEEN-AS`` of the listener that answered, for each flow that was answered. expected: the flows that are worth waiting for."""
    found: dict[Flow, str] = {}
    open_sockets = {_send(flow): flow for flow in flows}
    awaited, deadline = set(expected), time.monotonic() + _PATIENCE_S
    silent_until = time.monotonic() + _SILENCE_S
    try:
        while time.monotonic() < (deadline if awaited - found.keys() else silent_until):
            for one in listeners:
                one.serve()
            ready, _writable, _errors = select.select(list(open_sockets), [], [], 0.002)
            for each in ready:
                flow, answer = open_sockets[each], b""
                with contextlib.suppress(OSError):
                    answer = each.recv(100)
                if answer or flow.protocol != "sctp":  # which gets what is for others too
                    del open_sockets[each]
                    each.close()
                    found[flow] = "echo" if answer and flow.protocol == "icmp" else answer.decode()
    finally:
        for each in open_sockets:
            each.close()
    return {flow: said for flow, said in found.items() if said}


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _send(flow: Flow) -> socket.socket | sctp.Association:
    if flow.protocol == "sctp":
        with inside(flow.source):
            return sctp.Association(flow.address, flow.port)
    with inside(flow.source):
        one = _ping_socket(flow.address) if flow.protocol == "icmp" else socket.socket(_family(flow.address), _KINDS[flow.protocol])
    one.setblocking(False)
    if flow.protocol == "udp":
        one.bind(("", next(_PORTS)))
    number = one.connect_ex((flow.address, flow.port))
    if flow.protocol != "tcp" and number == 0:
        with contextlib.suppress(OSError):
            one.send(b"?" if flow.protocol == "udp" else _ECHO[_family(flow.address)])
    elif number not in (0, errno.EINPROGRESS):
        one.close()
        return socket.socketpair()[0]  # never answers
    return one


def _ping_socket(address: str) -> socket.socket:
    """A socket for echo requests, which the kernel numbers, in the namespace of this thread."""
    with open("/proc/sys/net/ipv4/ping_group_range", "w", encoding="ascii") as setting:
        setting.write("0 0")
    return socket.socket(_family(address), socket.SOCK_DGRAM, socket.IPPROTO_ICMPV6 if ":" in address else socket.IPPROTO_ICMP)


class Connection:
    """An open TCP connection from one namespace into another."""

    def __init__(self, source: str, target: str, address: str, port: int = 7777) -> None:
        with inside(target):
            listener = socket.create_server((address, port))
        with listener:
            with inside(source):
                self.near = socket.socket()
            self.near.settimeout(_PATIENCE_S)
            self.near.connect((address, port))
            self.far, _peer = listener.accept()
        self.far.settimeout(_PATIENCE_S)

    def check(self) -> None:
        """Fail where it does not carry bytes both ways."""
        self.near.sendall(b"ping")
        assert self.far.recv(4) == b"ping"
        self.far.sendall(b"pong")
        assert self.near.recv(4) == b"pong"

    def close(self) -> None:
        self.near.close()
        self.far.close()
