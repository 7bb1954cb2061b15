# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot work in the parameters of a lab, all of it at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address
from typing import Any

from ..model.problem import Problem
from .address import UNDERLAY, address_of, is_underlay_address
from .plan import Host, Lab

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
NAME_RULE = "a name starts with a letter or a digit, has only letters, digits, '_', '.' and '-', and at most 63 bytes"


def check_names(lab: str, init: str, hosts: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Problems that the parameters show by themselves. hosts: mappings with ``name`` and perhaps ``address``."""
    problems = []
    if not NAME.fullmatch(lab):
        problems.append(Problem("", "name", lab, f"'{lab}' cannot be the name of a lab: {NAME_RULE}."))
    if init == "systemd":
        problems.append(Problem("", "init", init, "systemd as the first process of a lab host is not yet supported: use reaper."))
    names = [host["name"] for host in hosts]
    for index, host in enumerate(hosts):
        path, name, given = f"hosts[{index}]", host["name"], host.get("address") or ""
        if not NAME.fullmatch(name):
            problems.append(Problem(name, f"{path}.name", name, f"'{name}' cannot be the name of a lab host: {NAME_RULE}."))
        if name in names[:index]:
            problems.append(Problem(name, f"{path}.name", name, f"The host {name} is named twice: name it once."))
        if given and not is_underlay_address(given):
            message = f"{name} cannot have the address {given}: give one inside {UNDERLAY}, or none to have it derived from the name."
            problems.append(Problem(name, f"{path}.address", given, message))
    return problems


def check_addresses(state: str, hosts: Sequence[Host], lab: Lab) -> list[Problem]:
    """Problems of the hosts' addresses among themselves and with the lab's running hosts."""
    problems = []
    named = {host.name for host in hosts}
    owners: dict[IPv4Address | None, str] = {address: name for name, address in lab.running.items() if name not in named}
    for index, host in enumerate(hosts):
        path, address = f"hosts[{index}].address", host.address
        other = owners.setdefault(address, host.name)
        if other != host.name:
            message = f"{other} and {host.name} would both have the address {address}: give one of them another ansible_host inside {UNDERLAY}."
            problems.append(Problem(host.name, path, str(address), message))
        current = lab.running.get(host.name, address)
        if state == "present" and current != address:
            message = f"{host.name} runs with the address {current} and not {address}: reboot it to change that (cnm_lab_state: rebooted)."
            problems.append(Problem(host.name, path, str(address), message))
    return problems


def to_hosts(hosts: Iterable[Mapping[str, Any]]) -> tuple[Host, ...]:
    """The wanted hosts of parameters whose names were checked."""
    return tuple(Host(host["name"], address_of(host["name"], host.get("address") or "")) for host in hosts)
