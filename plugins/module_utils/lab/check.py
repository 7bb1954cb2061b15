# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot work in the parameters of a lab, all of it at once."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address
from typing import Any

from ..model.problem import Problem
from .address import UNDERLAY, address_of, is_underlay_address
from .first_process import find_systemd
from .plan import Host, Lab, Seen

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
NAME_RULE = "a name starts with a letter or a digit, has only letters, digits, '_', '.' and '-', and at most 63 bytes"
SEPARATORS = re.compile(r'[:,\\"\s]')  # of overlay's options, and of the table of mounts


def check_names(lab: str, hosts: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Problems that the parameters show by themselves. hosts: mappings with ``name`` and perhaps ``address``."""
    problems = []
    if not NAME.fullmatch(lab):
        problems.append(Problem("", "name", lab, f"'{lab}' cannot be the name of a lab: {NAME_RULE}."))
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


def check_roots(hosts: Sequence[Host]) -> list[Problem]:
    """Problems of the folders that the hosts' disks lie over: with what is in them, a host must be able to start."""
    problems = []
    for index, host in enumerate(hosts):
        name, root, path = host.name, host.root, f"hosts[{index}].root"
        if not os.path.isabs(root) or SEPARATORS.search(root):
            problems.append(Problem(name, path, root, f"{name} cannot lie over '{root}': give an absolute path without ':', ',', '\\', '\"' and blanks."))
        elif not os.path.exists(os.path.join(root, "usr/bin/sleep")) and not os.path.exists(os.path.join(root, "bin/sleep")):
            message = f"{name} cannot lie over {root}: there is no root file system in it. Make one, with mmdebstrap or debootstrap, or leave cnm_lab_root out."
            problems.append(Problem(name, path, root, message))
        elif host.init == "systemd" and find_systemd(root) is None:
            where = "on this machine" if root == "/" else f"into {root}"
            message = f"{name} cannot run systemd, since there is none in {root}: install the package systemd {where}, or set cnm_lab_init to reaper."
            problems.append(Problem(name, f"hosts[{index}].init", host.init, message))
    return problems


def check_against_lab(state: str, hosts: Sequence[Host], lab: Lab) -> list[Problem]:
    """Problems of the hosts among themselves and with those that the lab has."""
    problems = []
    named = {host.name for host in hosts}
    owners: dict[IPv4Address | None, str] = {address: name for name, address in lab.running.items() if name not in named}
    for index, host in enumerate(hosts):
        path, address, seen = f"hosts[{index}]", host.address, lab.by_name.get(host.name)
        other = owners.setdefault(address, host.name)
        if other != host.name:
            message = f"{other} and {host.name} would both have the address {address}: give one of them another ansible_host inside {UNDERLAY}."
            problems.append(Problem(host.name, f"{path}.address", str(address), message))
        if seen and seen.root != host.root:
            message = f"the disk of {host.name} lies over {seen.root} and not {host.root}: remove the host to change that (cnm_lab_state: absent)."
            problems.append(Problem(host.name, f"{path}.root", host.root, message))
        if state != "present" or not seen or not seen.running:
            continue
        if seen.address != address:
            message = f"{host.name} runs with the address {seen.address} and not {address}: reboot it to change that (cnm_lab_state: rebooted)."
            problems.append(Problem(host.name, f"{path}.address", str(address), message))
        if seen.init != host.init:
            message = f"{host.name} runs {seen.init} and not {host.init} as its first process: reboot it to change that (cnm_lab_state: rebooted)."
            problems.append(Problem(host.name, f"{path}.init", host.init, message))
    return problems


def to_hosts(params: Mapping[str, Any], lab: Lab) -> tuple[Host, ...] | None:
    """The wanted hosts of parameters whose names were checked; None is every host. What is left out stays as the host has it."""
    return None if params["hosts"] is None else tuple(_to_host(host, params, lab.by_name.get(host["name"])) for host in params["hosts"])


def _to_host(host: Mapping[str, Any], params: Mapping[str, Any], seen: Seen | None) -> Host:
    init = host.get("init") or params.get("init") or (seen.init if seen else "reaper")
    root = host.get("root") or params.get("root") or (seen.root if seen else "/")
    return Host(host["name"], address_of(host["name"], host.get("address") or ""), init, os.path.normpath(root))
