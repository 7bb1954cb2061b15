# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One line of the proof: who asks whom, where and how, and what should come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

REACHED = "reached"
BLOCKED = "blocked"

Place = tuple[str, str]


@dataclass(frozen=True)
class Row:
    """One probe that is to be sent.

    source, target: (host, sandbox); an empty sandbox is the host's own namespace, an empty host the one that is asked.
    proto: ``icmp``, ``tcp`` or ``udp``. address, port: where the source sends to. listener: the port in the target's namespace
    that answers, which a published port leads to (both are 0 for icmp). expect: ``reached`` or ``blocked``. kind: which promise
    it tests. network: the network whose rule it is, where there is one. peer: the source address that the target must see.
    size: of icmp, the bytes of the packet, which is not to be cut on its way; 0: a small one.
    id: its number in the proof. controls: the rows without which this one says nothing.
    """

    source: Place
    target: Place
    address: str
    proto: str
    port: int
    listener: int
    expect: str
    kind: str
    network: str = ""
    peer: str | None = None
    size: int = 0
    id: int = field(default=0, compare=False)
    controls: tuple[int, ...] = field(default=(), compare=False)

    def as_dict(self) -> dict[str, Any]:
        """The row as JSON can hold it."""
        return dict(vars(self))


@dataclass(frozen=True)
class Outcome:
    """What came of a probe.

    reached: whether its listener answered; None: the question could not be asked.
    rtt_ms: from the question to the answer. detail: why not, or what was odd. peer: the source address that the listener saw.
    """

    reached: bool | None
    rtt_ms: float | None = None
    detail: str = ""
    peer: str | None = None


def read_row(raw: Mapping[str, Any]) -> Row:
    """A row out of what ``as_dict`` gave, perhaps by way of JSON."""
    given = dict(raw)
    for key in ("source", "target", "controls"):
        given[key] = tuple(given[key])
    return Row(**given)


def transport(row: Row) -> str:
    """The kind of socket that answers a row: its protocol and, for IPv6, a 6 behind it."""
    return f"{row.proto}6" if ":" in row.address else row.proto


def listener_name(row: Row) -> str:
    """The name by which a listener and the probes meant for it know each other."""
    return f"{place_words(row.target)}:{row.listener}/{transport(row)}"


def place_words(place: Place) -> str:
    """``node1/web``, ``node1`` for a host itself; without a host ``web`` or ``the host``."""
    host, sandbox = place
    return f"{host}/{sandbox}" if host and sandbox else host or sandbox or "the host"


def port_words(row: Row) -> str:
    """``icmp``, ``icmp of 1450 bytes``, or ``tcp/8080``."""
    return f"{row.proto}/{row.port}" if row.port else f"{row.proto} of {row.size} bytes" if row.size else row.proto
