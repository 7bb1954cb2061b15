# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accepts of ours in a zone of firewalld: looked for and written by its own command, both what holds now and what holds after its next start.

The command takes a third of a second, so it is run only where a file of firewalld names a rule of ours.
"""

from __future__ import annotations

import contextlib
import glob
import re

from ..firewall import run as firewall
from ..firewall.rich_rules import jumps_of, priority_of, read_zones, rich_rule
from ..state.chain import Jump
from ..state.op import Op
from .dumps import read_links
from .netlink import RouteSocket
from .tables import read_addresses

_ZONES = "/etc/firewalld/zones/*.xml"
_CONFIGURATION = "/etc/firewalld/firewalld.conf"
_LATER = ["--permanent"]


def read_rich_rules(fleet: str) -> list[Jump]:
    """Those of a fleet. Firewalld must be at work."""
    if not _zones_with_ours(fleet):
        return []
    now, later = (read_zones(firewall.firewalld([*words, "--list-all-zones"])) for words in ([], _LATER))
    lines = [sorted(line for _interfaces, rules in zones.values() for line in rules) for zones in (now, later)]
    jumps = jumps_of(*lines, fleet, True)
    home = _zone_of(str(jumps[0].rules[0].destination), now) if jumps else ""
    strayed = any(_has_ours(rules, fleet) for zones in (now, later) for zone, (_interfaces, rules) in zones.items() if zone != home)
    return jumps_of(*lines, fleet, False) if strayed else jumps


def write_rich_rules(ops: list[Op]) -> None:
    """Put what the fleet should have into the zone of the underlay, and take away what else it has, wherever it is, of the families that ``ops`` are about.

    Rules are only looked for where a file names one. So the files are the first to gain a rule and the last to lose it: where this fails, none is overlooked.
    """
    fleet = next(str(one.rules[0].comment) for one in (op.subject for op in ops) if isinstance(one, Jump)).partition(":")[2]
    now, later = (read_zones(firewall.firewalld([*words, "--list-all-zones"])) for words in ([], _LATER))
    gained, lost = [], []
    for words, stands in ((_LATER, later), ([], now)):
        for op in ops:
            family, after = op.subject.key[1], op.after
            wanted = {rich_rule(rule, family, fleet) for rule in after.rules} if isinstance(after, Jump) else set()
            home = _zone_of(str(after.rules[0].destination), now) if isinstance(after, Jump) else ""
            for zone, (_interfaces, rules) in stands.items():
                gone = [line for line in rules if _has_ours([line], fleet) and f'family="{family}"' in line and (zone != home or line not in wanted)]
                lost.append(([*words, f"--zone={zone}"], gone))
            gained.append(([*words, f"--zone={home}"], sorted(wanted - set(stands.get(home, ((), []))[1]))))
    for where, rules in gained:
        _change(where, "add", rules)
    for where, rules in reversed(lost):
        _change(where, "remove", rules)


def _change(words: list[str], verb: str, rules: list[str]) -> None:
    if rules:
        firewall.firewalld([*words, *(f"--{verb}-rich-rule={rule}" for rule in rules)])


def _zones_with_ours(fleet: str) -> bool:
    for path in glob.iglob(_ZONES):
        with contextlib.suppress(OSError), open(path, encoding="utf-8", errors="replace") as file:
            if f'priority="{priority_of(fleet)}"' in file.read():
                return True
    return False


def _has_ours(rules: list[str], fleet: str) -> bool:
    return any(rule.startswith(f'rule priority="{priority_of(fleet)}" ') for rule in rules)


def _zone_of(address: str, zones: dict[str, tuple[set[str], list[str]]]) -> str:
    """The zone of the link that has an address; the default zone where the link is in none."""
    with RouteSocket() as netlink:
        links = {link.index: link.name for link in read_links(netlink)}
        names = {links.get(one.index, "") for one in read_addresses(netlink) if one.address.split("/")[0] == address}
    found = next((zone for zone, (interfaces, _rules) in sorted(zones.items()) if names & interfaces), "")
    return found or _default_zone()


def _default_zone() -> str:
    with contextlib.suppress(OSError), open(_CONFIGURATION, encoding="utf-8", errors="replace") as file:
        found = re.search(r"^DefaultZone=(\S+)", file.read(), re.MULTILINE)
        if found:
            return found[1]
    return "public"
