# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes out of many namespaces that are under way together, and no longer waited for than it takes.

What should be reached gets time for lost packets. What should not gets less: the kernel's second SYN comes after a second,
and several times what the slowest answer of the same run took.
"""

from __future__ import annotations

import heapq
import selectors
import socket
import time
from itertools import count, groupby
from typing import Union

from ..kernel.namespaces import inside
from ..state.fault import Fault
from .flight import SPEAK_S, Connection, Datagram, Probe
from .packet import asker, read_echo_reply, read_echo_reply_6
from .row import REACHED, Outcome

WAIT_REACHED_S, WAIT_BLOCKED_S, TIMES_SLOWEST = 3.3, 1.3, 5
# Of IP and IPv6 alike: never cut a packet, and do not believe what was once heard of the way. The first number is of IP, the second of IPv6.
_MTU_DISCOVER, _PROBE = (10, 23), 3
_DONT_CUT_IPV6 = 62
_SO_RCVBUFFORCE, _LARGE_ANSWERS_BYTES = 33, 8 << 20
# Probes that leave between two looks at what came back, so that waiting in this process is not taken for travel.
_AT_ONCE = 32

AnyFlight = Union[Connection, Datagram]


class Volley:
    """Probes that are under way together."""

    def __init__(self, run: str) -> None:
        self.run = run
        self.selector = selectors.DefaultSelector()
        self.shared: dict[tuple[str, str, int, bool], socket.socket] = {}
        self.flights: dict[int, AnyFlight] = {}
        self.timers: list[tuple[float, int, AnyFlight]] = []
        self.turn = count()
        self.outcomes: dict[int, Outcome] = {}
        self.slowest_s = 0.0

    def fly(self, probes: list[Probe]) -> dict[int, Outcome]:
        """Send them all, and return when each has its outcome."""
        waiting = probes[::-1]
        while waiting or self.flights:
            launched = [waiting.pop() for _nth in range(min(_AT_ONCE, len(waiting)))]
            for netns, group in groupby(launched, key=lambda probe: probe.netns):
                self._launch(netns, list(group))
            pause_s = 0.0 if waiting or not self.timers else max(0.0, self.timers[0][0] - time.monotonic())
            for key, _events in self.selector.select(pause_s):
                if isinstance(key.data, Connection):
                    key.data.ready(self.selector)
                    self._after(key.data, SPEAK_S)
                else:
                    self._hear(*key.data)
            while self.timers and self.timers[0][0] <= time.monotonic():
                _when, turn, flight = heapq.heappop(self.timers)
                if turn == flight.due:
                    self._wake(flight)
        for shared in self.shared.values():
            shared.close()
        self.selector.close()
        return self.outcomes

    def _launch(self, netns: str, probes: list[Probe]) -> None:
        opened: list[AnyFlight] = []
        try:
            with inside(netns):
                for probe in probes:
                    opened.append(self._open(probe))
        except (Fault, OSError) as error:
            self.outcomes.update((probe.id, Outcome(None, detail=f"the probe could not be sent: {error}")) for probe in probes[len(opened) :])
        for flight in opened:
            self.flights[flight.probe.id] = flight
            flight.sent = time.monotonic()
            pause_s = flight.depart()
            if isinstance(flight, Connection):
                self.selector.register(flight.socket, selectors.EVENT_WRITE, flight)
            self._after(flight, pause_s)

    def _open(self, probe: Probe) -> AnyFlight:
        """The flight with its socket; this process is in the namespace of the source."""
        if probe.proto == "tcp":
            return Connection(probe, self.run)
        place = (probe.netns, probe.proto, int(probe.family), probe.size > 0)
        if place not in self.shared:
            echo = socket.IPPROTO_ICMPV6 if probe.family == socket.AF_INET6 else socket.IPPROTO_ICMP
            kind, proto = (socket.SOCK_RAW, echo) if probe.proto == "icmp" else (socket.SOCK_DGRAM, 0)
            self.shared[place] = socket.socket(probe.family, kind | socket.SOCK_NONBLOCK, proto)
            if probe.size:
                _never_cut(self.shared[place])
            self.selector.register(self.shared[place], selectors.EVENT_READ, (self.shared[place], probe.proto))
        return Datagram(probe, self.run, self.shared[place])

    def _hear(self, shared: socket.socket, proto: str) -> None:
        try:
            payload, sender = shared.recvfrom(65535)
        except OSError:
            return  # an error that an earlier question met: the answer to it will be missing
        address, port = sender[:2]
        if proto == "icmp" and shared.family == socket.AF_INET6:
            payload, port = read_echo_reply_6(payload) or b"", 0
        elif proto == "icmp":
            reply = read_echo_reply(payload)
            address, payload = reply if reply else ("", b"")
            port = 0
        number = asker(payload)
        flight = self.flights.get(number) if number is not None else None
        if isinstance(flight, Datagram) and flight.socket is shared:
            flight.hear(payload, address, port)
            self._after(flight, None)

    def _wake(self, flight: AnyFlight) -> None:
        answering = isinstance(flight, Connection) and flight.connected
        if not answering and flight.under_way_s >= self._patience_s(flight):
            flight.give_up()
        self._after(flight, flight.wake() if flight.outcome is None else None)

    def _after(self, flight: AnyFlight, pause_s: float | None) -> None:
        """Take in an outcome, or set the clock: after pause_s, and no later than its patience ends."""
        outcome = flight.outcome
        if outcome is None:
            if pause_s is not None:
                left_s = self._patience_s(flight) - flight.under_way_s
                flight.due = next(self.turn)
                heapq.heappush(self.timers, (time.monotonic() + (min(pause_s, left_s) if left_s > 0 else pause_s), flight.due, flight))
            return
        if self.flights.pop(flight.probe.id, None) is None:
            return
        self.outcomes[flight.probe.id] = outcome
        if outcome.reached:
            self.slowest_s = max(self.slowest_s, flight.under_way_s)
        if isinstance(flight, Connection):
            if flight.socket in self.selector.get_map():
                self.selector.unregister(flight.socket)
            flight.socket.close()

    def _patience_s(self, flight: AnyFlight) -> float:
        return WAIT_REACHED_S if flight.probe.expect == REACHED else min(WAIT_REACHED_S, max(WAIT_BLOCKED_S, TIMES_SLOWEST * self.slowest_s))


def _never_cut(at: socket.socket) -> None:
    """Let a socket send packets as they are, or not at all, and have room for as large answers."""
    is_ipv6 = at.family == socket.AF_INET6
    at.setsockopt(socket.IPPROTO_IPV6 if is_ipv6 else socket.IPPROTO_IP, _MTU_DISCOVER[is_ipv6], _PROBE)
    if is_ipv6:
        at.setsockopt(socket.IPPROTO_IPV6, _DONT_CUT_IPV6, 1)
    at.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _LARGE_ANSWERS_BYTES)
