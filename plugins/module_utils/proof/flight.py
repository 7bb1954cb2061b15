# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One probe under way: how it leaves, what counts as its answer, and when it is given up."""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import socket
import time
from dataclasses import dataclass

from ..kernel.namespaces import inside
from .packet import ask, echo_request, echo_request_6, filled, read_answer, read_ask, syn
from .row import BLOCKED, Outcome

_REPEAT_S = 0.15  # the pause before a datagram is sent again; it doubles
SPEAK_S = 0.25  # a listener of ours has said its word by then, and a marked SYN has arrived
_MARKED_SYNS = 2


@dataclass(frozen=True)
class Probe:
    """One question. netns: whence, empty for the host. listener: who must answer; empty: whoever accepts (tcp). size: as in a row of the proof."""

    id: int
    netns: str
    address: str
    proto: str
    port: int
    expect: str
    listener: str
    size: int = 0

    @property
    def family(self) -> socket.AddressFamily:
        """Of its address."""
        return socket.AF_INET6 if ":" in self.address else socket.AF_INET


class Flight:
    """A probe of either kind. A subclass opens (in the namespace of the source), departs, and wakes when a pause is over.

    due: the number of its clock in the volley; older ones are void.
    """

    def __init__(self, probe: Probe, run: str) -> None:
        self.probe = probe
        self.run = run
        self.sent = time.monotonic()
        self.outcome: Outcome | None = None
        self.oddity = ""
        self.due = 0

    @property
    def under_way_s(self) -> float:
        return time.monotonic() - self.sent

    def settle(self, reached: bool, detail: str = "", peer: str | None = None) -> None:
        """Write down what came of it; only the first time counts."""
        if self.outcome is None:
            self.outcome = Outcome(reached, round(self.under_way_s * 1000, 2) if reached else None, detail, peer)

    def give_up(self) -> None:
        self.settle(False, f"no answer in {self.under_way_s:.1f} s{self.oddity}")


class Datagram(Flight):
    """An echo request or a UDP datagram; those of one namespace share a socket."""

    def __init__(self, probe: Probe, run: str, shared: socket.socket) -> None:
        super().__init__(probe, run)
        self.socket = shared
        self.pause_s = _REPEAT_S

    def depart(self) -> float:
        """Send it, perhaps once more. How long to wait then, in seconds."""
        is_ipv6 = self.probe.family == socket.AF_INET6
        question = filled(ask(self.run, self.probe.id), self.probe.size, is_ipv6)
        try:
            echo = echo_request_6 if is_ipv6 else echo_request
            self.socket.sendto(echo(question) if self.probe.proto == "icmp" else question, (self.probe.address, self.probe.port))
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ENOBUFS):
                self.settle(False, error.strerror or str(error))
        self.pause_s *= 2
        return self.pause_s / 2

    wake = depart

    def hear(self, payload: bytes, address: str, port: int) -> None:
        """Take what came back. A listener that should not be reached was, from whatever address its answer comes."""
        if self.probe.proto == "icmp":
            ours, peer = read_ask(self.run, payload) == self.probe.id, None
        else:
            peer = read_answer(self.run, self.probe.listener, self.probe.id, payload)
            ours = peer is not None
        if not ours:
            self.oddity = ", but another listener answered" if payload.startswith(b"cnm!") else ""
        elif (address, port) == (self.probe.address, self.probe.port) or self.probe.expect == BLOCKED:
            self.settle(True, "", peer)
        else:
            self.oddity = f", but one came from {address}, which was not asked"


class Connection(Flight):
    """A TCP connection. The listener speaks first; who does not is a service, and then a marked SYN is counted where it arrives."""

    def __init__(self, probe: Probe, run: str) -> None:
        super().__init__(probe, run)
        self.socket = socket.socket(probe.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self.connected = False
        self.heard = b""
        self.marked = 0

    def depart(self) -> float:
        number = self.socket.connect_ex((self.probe.address, self.probe.port))
        if number not in (0, errno.EINPROGRESS):
            self.settle(False, os.strerror(number))
        return 60.0  # the kernel repeats by itself

    def ready(self, selector: selectors.BaseSelector) -> None:
        """The connection stands or was refused, or the other side has spoken."""
        if not self.connected:
            number = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            self.connected = number == 0
            if number:
                self.settle(False, os.strerror(number))
            elif not self.probe.listener:
                self.settle(True, "accepted by whoever listens there")
            else:
                selector.modify(self.socket, selectors.EVENT_READ, self)
            return
        said = b""
        with contextlib.suppress(OSError):
            said = self.socket.recv(256)
        self.heard += said
        peer = read_answer(self.run, self.probe.listener, None, self.heard)
        if peer is not None:
            self.settle(True, "", peer)
        elif not said or len(self.heard) > 256:
            selector.unregister(self.socket)

    def wake(self) -> float:
        if not self.connected:
            return 60.0
        if self.marked == _MARKED_SYNS:
            self.settle(False, "a service accepted it, not the listener of the proof")
            return 0.0
        self.marked += 1
        # What cannot be marked is not counted, and so not proven.
        with contextlib.suppress(Exception), inside(self.probe.netns):
            family = self.probe.family
            with socket.socket(family, socket.SOCK_STREAM) as held, socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_TCP) as raw:
                held.bind((self.socket.getsockname()[0], 0))
                raw.sendto(syn(self.run, self.probe.id, held.getsockname()[:2], (self.probe.address, self.probe.port)), (self.probe.address, 0))
        return SPEAK_S
