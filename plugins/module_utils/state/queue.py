# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast a link sends, and by which other link it first takes what arrives: what the kernel calls queueing disciplines."""

from __future__ import annotations

from dataclasses import dataclass

from .objects import Key

_NS_PER_TICK = 64  # PSCHED_SHIFT of linux/pkt_sched.h
_NS_PER_S = 1_000_000_000


@dataclass(frozen=True)
class Queue:
    """A token bucket (tbf) through which a link sends. rate: bytes per second. burst: bytes that may go at once. limit: bytes that wait at most.

    All are 0 for a queue of another kind, which somebody else has put there.
    """

    netns: str
    link: str
    rate: int
    burst: int
    limit: int

    @property
    def key(self) -> Key:
        return ("queue", self.netns, self.link)


@dataclass(frozen=True)
class Redirect:
    """What arrives on a link goes through the queue of the link ``to`` (an ifb) first, and then on as if nothing had been."""

    netns: str
    link: str
    to: str

    @property
    def key(self) -> Key:
        return ("redirect", self.netns, self.link)


def ticks_of(burst: int, rate: int) -> int:
    """A burst as the kernel keeps it: the time that it takes at that rate, in ticks of 64 ns."""
    return burst * _NS_PER_S // (rate * _NS_PER_TICK)


def burst_of(ticks: int, rate: int) -> int:
    """The burst in bytes that the kernel keeps as ``ticks``; of ``ticks_of(burst, rate)`` it is ``burst``, but where a tick is longer than a byte."""
    return -(-ticks * rate * _NS_PER_TICK // _NS_PER_S)
