# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mark by which the kernel remembers what is ours: an ifalias ``cnm:FLEET:NETWORK:SANDBOX:ROLE``."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

# Link group of every link of ours ("cnm" in ASCII). It is given when a link is born, where the kernel ignores an alias.
LINK_GROUP = 0x636E6D
# The first of 2**24 groups for links that are about to be deleted together.
DOOMED_GROUPS = 0x63000000
# Protocol number of our routes and neighbours; free in iproute2's rt_protos.
ROUTE_PROTOCOL = 206
NAME_PREFIX = "cnm"


@dataclass(frozen=True)
class Tag:
    """fleet: whose it is. network, sandbox: what it serves, empty where it serves none. role: what it is there."""

    fleet: str
    network: str
    sandbox: str
    role: str

    def __str__(self) -> str:
        return f"cnm:{self.fleet}:{self.network}:{self.sandbox}:{self.role}"

    @property
    def purpose(self) -> str:
        """Network and sandbox, for a reader."""
        return "/".join(part for part in (self.network, self.sandbox) if part)


def is_fleet_name(text: str) -> bool:
    """Whether ``text`` can be read back from a mark, from a rule's comment and from the first line of a file. The rule is that of other names."""
    return re.fullmatch("[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", text) is not None


def read_tag(text: str | None) -> Tag | None:
    """The mark in ``text``, or None where it is not one of ours."""
    parts = (text or "").split(":")
    return Tag(*parts[1:]) if len(parts) == 5 and parts[0] == "cnm" else None


def link_name(letter: str, *owner: str) -> str:
    """A name of at most 15 bytes for a link on the host, the same on every run. letter: what kind of link it is."""
    digest = hashlib.sha256(":".join(owner).encode()).hexdigest()
    return f"{NAME_PREFIX}{letter}{digest[:11]}"


def altname(*owner: str, most: int = 127) -> str:
    """A readable second name for a link, of at most ``most`` bytes. ``+`` occurs in no name of ours, so two owners never share one."""
    full = "+".join([NAME_PREFIX, *(part for part in owner if part)])
    return full if len(full) <= most else f"{full[: most - 12]}+{hashlib.sha256(full.encode()).hexdigest()[:11]}"


def is_of_network(netns: str) -> bool:
    """Whether a namespace is that of a network, which an ``altname`` calls, and not that of a sandbox."""
    return "+" in netns


def chain_name(fleet: str, builtin: str) -> str:
    """The name of our chain beside ``builtin``. Two fleets on a host have chains of their own."""
    suffix = "" if fleet == "default" else "-" + hashlib.sha256(fleet.encode()).hexdigest()[:8]
    return f"CNM-{builtin}{suffix}"


def is_chain_of(fleet: str, name: str) -> bool:
    """Whether a chain has a name that ``chain_name`` gives for ``fleet``."""
    parts = name.split("-")
    return len(parts) > 1 and bool(parts[1]) and name == chain_name(fleet, parts[1])


def table_name(fleet: str) -> str:
    """The nftables table of a fleet."""
    return f"{NAME_PREFIX}-{fleet}"
