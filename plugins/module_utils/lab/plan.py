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
    """A lab host as it is wanted."""

    name: str
    address: IPv4Address


@dataclass(frozen=True)
class Seen:
    """A lab host as it was found. address: None where only its disk is left. running: whether its first process lives."""

    name: str
    address: IPv4Address | None = None
    running: bool = False


@dataclass(frozen=True)
class Lab:
    """A lab as it was found. switch: whether its switch stands."""

    name: str
    switch: bool = False
    hosts: tuple[Seen, ...] = ()

    @property
    def running(self) -> dict[str, IPv4Address | None]:
        """The addresses of the running hosts, by name."""
        return {seen.name: seen.address for seen in self.hosts if seen.running}


@dataclass(frozen=True)
class Op:
    """One step. action: stop host, remove host, start host, create switch or remove switch. name: of the host, or of the lab."""

    action: str
    name: str
    address: IPv4Address | None = None

    def __str__(self) -> str:
        where = f" at {self.address} and {ipv6_of(self.address)}" if self.address else ""
        return f"{self.action} {self.name}{where}"


def plan_lab(state: str, lab: Lab, hosts: Sequence[Host] | None) -> tuple[Op, ...]:
    """The steps to the wanted state, in order. hosts: those to act on; None is every host of the lab (for absent)."""
    if state == "absent":
        return _plan_absent(lab, hosts)
    # A running host that lost its switch lost its eth0 with it: it comes back with a reboot.
    again = state == "rebooted" or not lab.switch
    starts = [Op("start host", host.name, host.address) for host in hosts or () if again or host.name not in lab.running]
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
        if op.action == "start host":
            hosts[op.name] = Seen(op.name, op.address, running=True)
        elif op.action == "remove host":
            del hosts[op.name]
        elif op.action.endswith("switch"):
            switch = op.action == "create switch"
    return Lab(lab.name, switch, tuple(sorted(hosts.values(), key=lambda seen: seen.name)))


def describe_lab(lab: Lab, init: str, hosts: Sequence[Host] | None) -> dict[str, Any]:
    """The lab in the words of the module's options: its running hosts, of the given ones (None: of all)."""
    names = set(lab.running) if hosts is None else {host.name for host in hosts}
    running = [{"address": str(address), "name": name} for name, address in sorted(lab.running.items()) if name in names]
    return {"hosts": running, "init": init, "name": lab.name, "state": "present" if running else "absent"}
