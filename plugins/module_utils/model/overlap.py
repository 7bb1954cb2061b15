# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ranges of addresses overlap, without ever counting addresses.

IPv4 and IPv6 share one line of numbers: as a number, an IPv6 address that anybody can have is greater than every IPv4 address.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .declaration import IPNetwork


class Span(NamedTuple):
    """The addresses from ``first`` to ``last``, both included, and who has them."""

    first: int
    last: int
    holder: str


def span_of(subnet: IPNetwork, holder: str) -> Span:
    """A subnet as a span."""
    first = int(subnet.network_address)
    return Span(first, first + subnet.num_addresses - 1, holder)


def overlapping_pairs(spans: Iterable[Span]) -> Iterator[tuple[Span, Span]]:
    """Each span that overlaps one that begins before it (or with it), after that one. In n log n, not every pair of a heap."""
    widest: Span | None = None
    for span in sorted(spans, key=lambda one: (one.first, -one.last, one.holder)):
        if widest is not None and span.first <= widest.last:
            yield widest, span
        if widest is None or span.last > widest.last:
            widest = span


def outermost(spans: Iterable[Span]) -> list[Span]:
    """The spans of subnets that lie in no other, sorted: they do not overlap, since subnets overlap only by containing each other."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.first, -one.last, one.holder)):
        if not found or span.first > found[-1].last:
            found.append(span)
    return found


def last_overlap(spans: list[Span], first: int, last: int) -> Span | None:
    """The last of sorted spans, none of which overlap, that has an address from ``first`` to ``last``."""
    index = bisect_right(spans, (last, 2**128, "")) - 1
    return spans[index] if index >= 0 and spans[index].last >= first else None
