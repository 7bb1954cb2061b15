# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where rules of ours stand: chains of our own, each behind one jump from a built-in chain."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..state.chain import Jump
from ..state.rule import Rule
from ..state.tag import chain_name

IPV4, IPV6 = "ipv4", "ipv6"


@dataclass(frozen=True, order=True)
class Place:
    """A chain of ours (``name`` without prefix and fleet) in a table of a family, and the built-in chains that jump to it."""

    table: str
    name: str
    builtin: tuple[str, ...]
    position: str = "first"
    family: str = IPV4

    def of(self, version: int) -> Place:
        """The same place for IPv4 (4) or IPv6 (6)."""
        return replace(self, family=f"ipv{version}")


# Isolation. It stands before the table filter, so that no accept there opens it.
GUARD = Place("mangle", "FORWARD", ("FORWARD",))
# What arrives for the host's loopback addresses from a sandbox, or for a published port from whom it is not open to.
LOCAL = Place("mangle", "PREROUTING", ("PREROUTING",))
# Accepts for what the guard let pass. Last: an administrator's and Docker's own rules come first.
FORWARD = Place("filter", "FORWARD", ("FORWARD",), "last")
# Datagrams of an overlay from the other hosts, where others drop what is for the host itself: see openings.
UNDERLAY = Place("filter", "INPUT", ("INPUT",))
# Published ports, for what comes from outside and what the host itself sends.
PORTS = Place("nat", "PORTS", ("PREROUTING", "OUTPUT"))
# Whose address leaves the host.
SOURCES = Place("nat", "POSTROUTING", ("POSTROUTING",))


def jumps(place: Place, fleet: str) -> tuple[Jump, ...]:
    """The one tagged jump that each built-in chain of ``place`` holds."""
    found = []
    for builtin in place.builtin:
        rule = Rule(
            chain_name(fleet, place.name),
            destination=_not_published(place, builtin),
            local_destination=place.name == PORTS.name,
            comment=f"cnm:{fleet}",
        )
        found.append(Jump(place.family, place.table, builtin, rule.target, (rule,), place.position))
    return tuple(found)


def _not_published(place: Place, builtin: str) -> str | None:
    """The destinations that never are those of a published port.

    A packet for 127/8 that comes over the wire: it would be let in before the kernel sees that it is a martian. ``::1``, on which
    nothing can be published, since the kernel answers it on no link but lo.
    """
    if place.name != PORTS.name:
        return None
    if place.family == IPV6:
        return "!::1"
    return "!127.0.0.0/8" if builtin == "PREROUTING" else None
