# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sending probes out of many namespaces at once, and waiting no longer than it takes.

What should be reached gets time for lost packets. What should not gets less: the kernel's second SYN comes after a second,
and several times what the slowest answer of the same run took.
"""

from __future__ import annotations

import heapq
import resource
import selectors
import socket
import time
from dataclasses import replace
from itertools import count, groupby
from typing import Dict, Iterable, Iterator, List, Optional, Tuple, Union

from ..kernel.namespaces import inside
from ..state.fault import Fault
from .flight import Connection, Datagram, Probe
from .packet import asker, read_echo_reply
from .row import BLOCKED, REACHED, Outcome

WAIT_REACHED_S, WAIT_BLOCKED_S, TIMES_SLOWEST = 3.3, 1.3, 5
_SPEAK_S = 0.25
# Probes that leave between two looks at what came back, so that waiting in this process is not taken for travel.
_AT_ONCE = 32

AnyFlight = Union[Connection, Datagram]


def send(probes: Iterable[Probe], run: str) -> Dict[int, Outcome]:
    """Send all probes, and say what came of each, by its id.

    Where something was blocked, every listener that had answered is asked once more at the end: one that is gone by then
    would have blocked everybody, so it counts as not reached at all.
    """
    outcomes: Dict[int, Outcome] = {}
    for batch in _batches(sorted(probes, key=lambda probe: probe.netns)):
        first = Volley(run).fly(batch)
        outcomes.update(first)
        if any(probe.expect == BLOCKED and not first[probe.id].reached for probe in batch):
            answered = {_listener_of(probe): probe for probe in batch if first[probe.id].reached}
            again = Volley(run).fly(list(answered.values()))
            for probe in batch:
                if first[probe.id].reached and not again[answered[_listener_of(probe)].id].reached:
                    outcomes[probe.id] = replace(first[probe.id], reached=False, detail="it answered at first, but no longer at the end")
    return outcomes


def _listener_of(probe: Probe) -> Tuple[str, str, str, int]:
    return probe.listener, probe.proto, probe.address, probe.port


def _batches(probes: List[Probe]) -> Iterator[List[Probe]]:
    """As many probes at a time as there may be open files: at most one for a probe, two for its namespace, and some to spare."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    size = max(1, min(most, 40000) // 4)
    return (probes[start:start + size] for start in range(0, len(probes), size))


class Volley:
    """Probes that are under way together."""

    def __init__(self, run: str) -> None:
        self.run = run
        self.selector = selectors.DefaultSelector()
        self.shared: Dict[Tuple[str, str], socket.socket] = {}
        self.flights: Dict[int, AnyFlight] = {}
        self.timers: List[Tuple[float, int, AnyFlight]] = []
        self.turn = count()
        self.outcomes: Dict[int, Outcome] = {}
        self.slowest_s = 0.0

    def fly(self, probes: List[Probe]) -> Dict[int, Outcome]:
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
                    self._after(key.data, _SPEAK_S)
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

    def _launch(self, netns: str, probes: List[Probe]) -> None:
        opened: List[AnyFlight] = []
        try:
            with inside(netns):
                for probe in probes:
                    opened.append(self._open(probe))
        except (Fault, OSError) as error:
            self.outcomes.update((probe.id, Outcome(None, detail=f"the probe could not be sent: {error}")) for probe in probes[len(opened):])
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
        place = (probe.netns, probe.proto)
        if place not in self.shared:
            kind, proto = (socket.SOCK_RAW, socket.IPPROTO_ICMP) if probe.proto == "icmp" else (socket.SOCK_DGRAM, 0)
            self.shared[place] = socket.socket(socket.AF_INET, kind | socket.SOCK_NONBLOCK, proto)
            self.selector.register(self.shared[place], selectors.EVENT_READ, (self.shared[place], probe.proto))
        return Datagram(probe, self.run, self.shared[place])

    def _hear(self, shared: socket.socket, proto: str) -> None:
        try:
            payload, (address, port) = shared.recvfrom(2048)
        except OSError:
            return  # an error that an earlier question met: the answer to it will be missing
        if proto == "icmp":
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

    def _after(self, flight: AnyFlight, pause_s: Optional[float]) -> None:
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
        return WAIT_REACHED_S if flight.probe.expect == REACHED else max(WAIT_BLOCKED_S, TIMES_SLOWEST * self.slowest_s)
