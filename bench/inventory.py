# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory of many hosts as Ansible itself reads it, and what a task of the action fleet_plan sees of it after all hosts have been looked at."""

from __future__ import annotations

import json
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager

LOOK = "host__look"
_FIRST = IPv4Address("198.18.0.1")


def write_inventory(folder: Path, hosts: int, declared: dict[str, Any]) -> None:
    """Hosts with an address each, and a group with what all of them declare."""
    lines = [f"host{at:04} ansible_host={_FIRST + at}\n" for at in range(hosts)]
    (folder / "hosts").write_text("".join(lines), encoding="utf-8")
    (folder / "group_vars").mkdir()
    (folder / "group_vars" / "all.json").write_text(json.dumps(declared), encoding="utf-8")


def task_variables(folder: Path) -> dict[str, Any]:
    """The part of ``task_vars`` that the plan is made from."""
    loader = DataLoader()
    inventory = InventoryManager(loader=loader, sources=[str(folder / "hosts")])
    variables = VariableManager(loader=loader, inventory=inventory)
    names = [host.name for host in inventory.get_hosts()]
    for at, name in enumerate(names):
        variables.set_nonpersistent_facts(name, {LOOK: {"changed": False, "reserved": _report(str(_FIRST + at))}})
    return {"hostvars": HostVars(inventory, variables, loader), "groups": {"all": names}, "ansible_play_hosts": names}


def _report(address: str) -> dict[str, Any]:
    """What topology_info tells of a small server."""
    listening = [("tcp", "*", 22, "sshd"), ("tcp", "127.0.0.1", 25, "master"), ("udp", "127.0.0.1", 323, "chronyd"), ("udp", "0.0.0.0", 68, "dhclient")]
    links = [("lo", "", 65536), ("eth0", "", 1500), ("eth1", "", 1500)]
    return {
        "prefixes": ["198.18.0.0/15", "192.168.7.0/24"],
        "resolvers": ["192.0.2.53", "192.0.2.54"],
        "addresses": [address],
        "underlay_address": address,
        "underlay_mtu": 1500,
        "links": [{"name": name, "kind": kind, "mtu": mtu, "up": True, "parent": "", "master": ""} for name, kind, mtu in links],
        "port_range": [32768, 60999],
        "reserved_ports": [],
        "ports": [{"protocol": protocol, "host_ip": host_ip, "port": port, "process": process} for protocol, host_ip, port, process in listening],
    }
