# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be done to a lab: the difference between what stands and what is wanted, as data and as words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

from .address import ipv6_of


@dataclass(frozen=True)
class Host:
    """A lab host as it is wanted. init: its first process, reaper or systemd; root: the folder that its disk lies over."""

    name: str
    address: IPv4Address
    init: str = "reaper"
    root: str = "/"


@dataclass(frozen=True)
class Seen:
    """A lab host as it was found. address: None where only its disk is left. running: whether its first process lives.

    init, root: with what it was last started.
    """

    name: str
    address: IPv4Address | None = None
    running: bool = False
    init: str = "reaper"
    root: str = "/"


@dataclass(frozen=True)
class Lab:
    """A lab as it was found. switch: whether its switch stands."""

    name: str
    switch: bool = False
    hosts: tuple[Seen, ...] = ()

    @property
    def by_name(self) -> dict[str, Seen]:
        """The hosts, by name."""
        return {seen.name: seen for seen in self.hosts}

    @property
    def running(self) -> dict[str, IPv4Address | None]:
        """The addresses of the running hosts, by name."""
        return {seen.name: seen.address for seen in self.hosts if seen.running}


@dataclass(frozen=True)
class Op:
    """One step. action: stop host, remove host, start host, create switch or remove switch. name: of the host, or of the lab.

    host: the one to start, as it is wanted.
    """

    action: str
    name: str
    host: Host | None = None

    def __str__(self) -> str:
        words = f"{self.action} {self.name}"
        if self.host:
            words += f" at {self.host.address} and {ipv6_of(self.host.address)}"
            words += " with systemd" if self.host.init == "systemd" else ""
            words += f" on {self.host.root}" if self.host.root != "/" else ""
        return words


def plan_lab(state: str, lab: Lab, hosts: Sequence[Host] | None) -> tuple[Op, ...]:
    """The steps to the wanted state, in order. hosts: those to act on; None is every host of the lab (for absent)."""
    if state == "absent":
        return _plan_absent(lab, hosts)
    # A running host that lost its switch lost its eth0 with it: it comes back with a reboot.
    again = state == "rebooted" or not lab.switch
    starts = [Op("start host", host.name, host) for host in hosts or () if again or host.name not in lab.running]
    stops = [Op("stop host", op.name) for op in starts if op.name in lab.running]
    create = [Op("create switch", lab.name)] if starts and not lab.switch else []
    return (*stops, *create, *starts)


def _plan_absent(lab: Lab, hosts: Sequence[Host] | None) -> tuple[Op, ...]:
    found = [seen for seen in lab.hosts if hosts is None or seen.name in {host.name for host in hosts}]
    stops = [Op("stop host", seen.name) for seen in found if seen.running]
    removals = [Op("remove host", seen.name) for seen in found]
    is_last = len(found) == len(lab.hosts) and (hosts is None or found)
    return (*stops, *removals, *([Op("remove switch", lab.name)] if lab.switch and is_last else []))


def predict_lab(lab: Lab, ops: Iterable[Op]) -> Lab:
    """The lab as it will stand after these steps."""
    hosts, switch = {seen.name: seen for seen in lab.hosts}, lab.switch
    for op in ops:
        if op.host:
            hosts[op.name] = Seen(op.name, op.host.address, True, op.host.init, op.host.root)
        elif op.action == "remove host":
            del hosts[op.name]
        elif op.action.endswith("switch"):
            switch = op.action == "create switch"
    return Lab(lab.name, switch, tuple(sorted(hosts.values(), key=lambda seen: seen.name)))


def describe_lab(lab: Lab, hosts: Sequence[Host] | None) -> dict[str, Any]:
    """The lab in the words of the module's options: its running hosts, of the given ones (None: of all)."""
    named = None if hosts is None else {host.name for host in hosts}
    running = [seen for seen in sorted(lab.hosts, key=lambda seen: seen.name) if seen.running and (named is None or seen.name in named)]
    described = [{"address": str(seen.address), "init": seen.init, "name": seen.name, "root": seen.root} for seen in running]
    return {"hosts": described, "name": lab.name, "state": "present" if running else "absent"}
