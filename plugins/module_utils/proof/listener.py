# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sockets of the listeners of a host, all behind one selector.

Where a port is taken by a service, what arrives there is counted instead.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import selectors
import socket
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Callable

from ..kernel.namespaces import inside
from ..state.fault import Fault
from .packet import answer, port_filter, read_arrival, read_ask

BOUND, COUNTING = "bound", "counting"
_IP_PKTINFO, _SO_ATTACH_FILTER, _ETH_P_IP, _ETH_P_IPV6, _PACKET_OUTGOING = 8, 26, 0x0800, 0x86DD, 4


@dataclass(frozen=True)
class Listener:
    """Where to answer. netns: name of the namespace, empty for the host's own. proto: tcp, udp, tcp6 or udp6. name: known to the probes."""

    netns: str
    proto: str
    port: int
    name: str


class Listeners:
    """Opens listeners, and then serves them.

    run: the secret of this run. note: told the number and the source address of each probe that was counted at a taken port.
    """

    def __init__(self, run: str, note: Callable[[int, str], None]) -> None:
        self.run = run
        self.note = note
        self.selector = selectors.DefaultSelector()
        self.counted: set[int] = set()

    def open(self, listeners: Iterable[Listener]) -> dict[str, str]:
        """BOUND, COUNTING or a sentence that says why it failed, for each listener by its name."""
        return {listener.name: self._open(listener) for listener in listeners}

    def serve(self, lifetime_s: float, idle_s: float) -> None:
        """Answer until lifetime_s is over, or until idle_s after the last packet."""
        end = idle_end = time.monotonic() + lifetime_s
        while time.monotonic() < min(end, idle_end) and self.selector.get_map():
            for key, _events in self.selector.select(min(end, idle_end) - time.monotonic()):
                idle_end = time.monotonic() + idle_s
                # A client that went away, or an error that an earlier answer met: neither is ours to mend.
                with contextlib.suppress(OSError):
                    key.data(key.fileobj)

    def _open(self, listener: Listener) -> str:
        try:
            with inside(listener.netns):
                try:
                    self._listen(listener)
                    return BOUND
                except OSError as error:
                    if error.errno != errno.EADDRINUSE:
                        raise
                self._count(listener)
                return COUNTING
        except Fault as fault:
            return str(fault)
        except OSError as error:
            return f"Could not listen on {listener.proto} port {listener.port}: {error.strerror}."

    def _listen(self, listener: Listener) -> None:
        tcp, is_ipv6 = listener.proto.startswith("tcp"), listener.proto.endswith("6")
        family = socket.AF_INET6 if is_ipv6 else socket.AF_INET
        at = socket.socket(family, (socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) | socket.SOCK_NONBLOCK)
        try:
            if is_ipv6:
                at.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if tcp:
                at.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            elif is_ipv6:
                at.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            else:
                at.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
            at.bind(("::" if is_ipv6 else "0.0.0.0", listener.port))
            if tcp:
                at.listen(1024)
        except OSError:
            at.close()
            raise
        answer_one = self._accept if tcp else self._reply
        self.selector.register(at, selectors.EVENT_READ, lambda this: answer_one(this, listener.name))

    def _count(self, listener: Listener) -> None:
        kind = _ETH_P_IPV6 if listener.proto.endswith("6") else _ETH_P_IP
        at = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, socket.htons(kind))
        program = port_filter(listener.proto, listener.port)
        held = ctypes.create_string_buffer(program, len(program))
        at.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", len(program) // 8, ctypes.addressof(held)))
        self.selector.register(at, selectors.EVENT_READ, self._see)

    def _accept(self, at: socket.socket, name: str) -> None:
        connection, peer = at.accept()
        with connection:
            connection.send(answer(self.run, name, None, peer[0]))

    def _reply(self, at: socket.socket, name: str) -> None:
        payload, extra, _flags, peer = at.recvmsg(512, socket.CMSG_SPACE(20))
        number = read_ask(self.run, payload)
        if number is None:
            return
        # Answer from the address that was asked: a sandbox on several networks has others.
        asked = [data[8:12] for level, kind, data in extra if (level, kind) == (socket.IPPROTO_IP, _IP_PKTINFO)]
        back = [(socket.IPPROTO_IP, _IP_PKTINFO, struct.pack("=i4s4s", 0, address, b"\0" * 4)) for address in asked]
        asked = [data[:16] for level, kind, data in extra if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO)]
        back += [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, address + struct.pack("=i", 0)) for address in asked]
        at.sendmsg([answer(self.run, name, number, peer[0])], back, 0, peer)

    def _see(self, at: socket.socket) -> None:
        packet, link = at.recvfrom(2048)
        arrival = read_arrival(self.run, packet) if link[2] != _PACKET_OUTGOING else None
        if arrival and arrival[0] not in self.counted:
            self.counted.add(arrival[0])
            self.note(*arrival)
