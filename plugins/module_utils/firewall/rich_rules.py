# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accepts of ours as rich rules of firewalld. It has no comments: the rules of a fleet are known by a priority of its own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from ..state.chain import Jump
from ..state.rule import Rule
from .closed import RICH_RULES

FORM = "firewalld"
_SHAPE = (
    'rule priority="{priority}" family="{family}" source address="{source}" destination address="{destination}" port port="{port}" protocol="{protocol}" accept'
)
_READ = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^\"]+)", _SHAPE))


def priority_of(fleet: str) -> int:
    """The priority of a fleet's rules, below zero: before those of others. Between -32767 and -16384."""
    return -16384 - int.from_bytes(hashlib.sha256(fleet.encode()).digest()[:2], "big") % 16384


def rich_rule(rule: Rule, family: str, fleet: str) -> str:
    """A rule in the words of firewalld, as it prints them."""
    told = {"source": rule.source, "destination": rule.destination, "port": rule.port, "protocol": rule.protocol}
    return _SHAPE.format(priority=priority_of(fleet), family=family, **told)


def read_rich_rule(text: str, fleet: str) -> tuple[str, Rule] | None:
    """Family and rule of a line of firewalld, or None where it is not one of ours."""
    found = _READ.fullmatch(text)
    if found is None or int(found["priority"]) != priority_of(fleet):
        return None
    to, port = found["destination"], int(found["port"])
    return found["family"], Rule("ACCEPT", source=found["source"], destination=to, protocol=found["protocol"], port=port, comment=f"cnm:{fleet}")


def read_zones(text: str) -> dict[str, tuple[set[str], list[str]]]:
    """What ``firewall-cmd --list-all-zones`` printed: the interfaces and the rich rules of each zone."""
    zones: dict[str, tuple[set[str], list[str]]] = {}
    interfaces: set[str] = set()
    rules: list[str] = []
    for line in text.split("\n"):
        if line and not line[0].isspace():
            interfaces, rules = zones.setdefault(line.split()[0], (set(), []))
        elif line.strip().startswith("interfaces:"):
            interfaces.update(line.split()[1:])
        elif line.strip().startswith("rule "):
            rules.append(line.strip())
    return zones


def jumps_of(now: Iterable[str], later: Iterable[str], fleet: str, at_home: bool) -> list[Jump]:
    """Ours among the rich rules that hold now, and those that hold after firewalld's next start. at_home: whether they are in the zone where they should be."""
    held = [[found for found in (read_rich_rule(line, fleet) for line in lines) if found is not None] for lines in (now, later)]
    jumps = []
    for family in ("ipv4", "ipv6"):
        here, then = (tuple(rule for version, rule in found if version == family) for found in held)
        if here or then:
            rules = tuple(sorted({*here, *then}, key=lambda rule: (str(rule.destination), str(rule.port), str(rule.source))))
            jumps.append(Jump(family, *RICH_RULES, "ACCEPT", rules, "first", FORM, at_home and set(here) == set(then)))
    return jumps
