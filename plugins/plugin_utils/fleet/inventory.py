# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory says of the whole fleet."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ansible.errors import AnsibleActionFail

from ...module_utils.ipam.fleet import HostInput
from ...module_utils.ipam.pools import Stock, read_overlay_pool, read_pools
from ...module_utils.model.merge import equal
from ...module_utils.model.peers import VXLAN_PORT
from ...module_utils.model.policy import parse_policy
from ...module_utils.model.problem import Problem
from ...module_utils.model.report import Unreadable, shown
from ...module_utils.model.values import integer_between
from .underlay import Underlay, one_machine, underlay_of
from .variables import HostVariables, Template, as_given, plain

# Fleet variables: equal on all hosts.
_DEFAULTS: dict[str, Any] = {
    "cnm_fleet": "default",
    "cnm_address_pools": None,
    "cnm_overlay_pool": None,
    "cnm_vni_base": 256,
    "cnm_vxlan_port": VXLAN_PORT,
    "cnm_ledger": None,
    "cnm_verify": "full",
    "cnm_firewall": "auto",
}
_LONGEST_NAME = 240  # of 255 bytes that the name of a file has
_LEDGER = ".cnm-ledger.yml"
# Every variable of the collection; those that are merged may be followed by __ANYTHING.
_DECLARATIONS = ("cnm_networks", "cnm_sandboxes", "cnm_docker_user")
_OF_A_HOST = ("cnm_docker_user_position", "cnm_underlay_address", "cnm_underlay_mtu")
# What the playbooks alone read.
_OF_A_PLAY = ("cnm_hosts", "cnm_persist", "cnm_lab_state", "cnm_lab_init", "cnm_lab_name", "cnm_lab_root")
_KNOWN = (*_DECLARATIONS, *_DEFAULTS, *_OF_A_HOST, *_OF_A_PLAY)


@dataclass(frozen=True)
class Fleet:
    """hosts: all that declare something. at_work: those that this play still works on. underlay: the place of each on it.

    policies: what docker_user is told for each host that declares one, and where each of its rules stands in the variables.
    unread: the variables that could not be filled in. All else that seems to be wrong may follow from these. standing: hosts that have networks of it.
    """

    name: str
    hosts: dict[str, HostInput]
    at_work: frozenset[str]
    underlay: dict[str, Underlay]
    vxlan_port: int
    policies: dict[str, dict[str, Any]]
    stock: Stock
    ledger: str
    verify: str
    firewall: str
    problems: list[Problem]
    unread: Sequence[Problem] = ()
    standing: Sequence[str] = ()


def read_fleet(variables: Mapping[str, Any], look: str, template: Template = as_given) -> Fleet:
    """The fleet in ``task_vars``. look: the variable in which each host's ``topology_info`` was registered."""
    every: dict[str, Mapping[str, Any]] = {plain(host): variables["hostvars"].raw_get(host) for host in variables["groups"]["all"]}
    hosts = {host: HostVariables(host, held, variables["hostvars"], template) for host, held in every.items() if declares(held)}
    at_work = frozenset(hosts).intersection(plain(variables["ansible_play_hosts"]))
    problems = declaration_problems(every, variables)
    if not hosts:
        raise AnsibleActionFail("; ".join(one.message for one in problems))
    given, differing = _fleet_variables(hosts)
    problems += [*differing, *_name_problems(hosts)]
    pools, pool_problems = read_pools(given["cnm_address_pools"])
    overlay_pool, overlay_problems = read_overlay_pool(given["cnm_overlay_pool"])
    reports = {host: _report(hosts[host], look) for host in sorted(at_work)}
    problems += one_machine(reports)
    if given["cnm_verify"] not in ("full", "sample", "none"):
        problems.append(Problem("", "cnm_verify", shown(given["cnm_verify"]), "it is full, sample or none"))
    if given["cnm_firewall"] not in ("auto", "iptables", "nftables"):
        problems.append(Problem("", "cnm_firewall", shown(given["cnm_firewall"]), "it is auto, iptables or nftables"))
    return Fleet(
        name=str(given["cnm_fleet"]),
        hosts={host: HostInput(one.starting("cnm_networks"), one.starting("cnm_sandboxes"), reports.get(host)) for host, one in hosts.items()},
        at_work=at_work,
        underlay={host: underlay_of(host, one.get, reports.get(host), problems) for host, one in sorted(hosts.items())},
        vxlan_port=_number(given, "cnm_vxlan_port", 65535, problems),
        policies={host: policy for host, one in hosts.items() if (policy := _policy(one, problems)) is not None},
        stock=Stock(pools, overlay_pool, _number(given, "cnm_vni_base", 2**24 - 1, problems)),
        ledger=_ledger_path(given["cnm_ledger"], hosts),
        verify=str(given["cnm_verify"]),
        firewall=str(given["cnm_firewall"]),
        problems=[*problems, *pool_problems, *overlay_problems],
        standing=[host for host, report in reports.items() if (report or {}).get("standing")],
        unread=[problem for one in hosts.values() for problem in one.unread],
    )


def declares(held: Mapping[str, Any]) -> bool:
    """Whether a host's variables declare networks, sandboxes or a policy, be it that there are none."""
    return any(name in _DECLARATIONS or name.startswith(tuple(f"{one}__" for one in _DECLARATIONS)) for name in held)


def declaration_problems(every: Mapping[str, Mapping[str, Any]], task: Mapping[str, Any]) -> list[Problem]:
    """Variables of the inventory's hosts that begin like the collection's and are none of them, and that nobody declares anything.

    task: the variables of this task on one of them. What it has from elsewhere holds for this play, and the fleet is more than its hosts.
    """
    problems = []
    elsewhere = every.get(task.get("inventory_hostname", ""), task)
    for name in task:
        if name.startswith("cnm_") and name not in _OF_A_PLAY and not (name in elsewhere and equal(elsewhere[name], task[name])):
            message = "the playbook sets it (vars of a play, a role or a task), and it is read in the inventory alone: set it there, or by -e"
            problems.append(Problem("", plain(name), "", message))
    for host, held in every.items():
        for name in held:
            if name.startswith("cnm_") and name.split("__")[0] not in (_DECLARATIONS if "__" in name else _KNOWN):
                near = difflib.get_close_matches(name, _KNOWN, 1)
                hint = f": did you mean '{near[0]}'?" if near else "; variables that begin with cnm_ belong to mooring.cnm"
                problems.append(Problem(host, plain(name), "", f"there is no variable of this name{hint}"))
    if not any(declares(held) for held in every.values()):
        problems.append(
            Problem("", "cnm_networks", "", "no host declares cnm_networks or cnm_sandboxes: declare them in the inventory, as in group_vars beside it")
        )
    return problems


def _name_problems(hosts: Iterable[str]) -> list[Problem]:
    """Hosts whose names are longer than that of a file of the plan can be."""
    longest = [host for host in hosts if len(quote(host, safe="", errors="surrogatepass")) > _LONGEST_NAME]
    message = f"a host with networks or sandboxes has a name of at most {_LONGEST_NAME} letters, where each that is not of ASCII's letters counts three"
    return [Problem(shown(host), "inventory_hostname", shown(host), message) for host in longest]


def _fleet_variables(hosts: dict[str, HostVariables]) -> tuple[dict[str, Any], list[Problem]]:
    """The fleet variables of the first host, and where another host differs."""
    first, *others = hosts.values()
    given = {name: first.get(name, default) for name, default in _DEFAULTS.items()}
    problems = [
        Problem(other.host, name, _value(other, name), f"it is the same for the whole fleet, and {first.host} has {_value(first, name)}")
        for other in others
        for name, value in given.items()
        if other.get(name, _DEFAULTS[name]) != value
    ]
    return given, problems


def _value(host: HostVariables, name: str) -> str:
    """A fleet variable of a host in words."""
    unset = object()
    value = host.get(name, unset)
    return shown(value) if value is not unset else "none" if _DEFAULTS[name] is None else f"none, which means {shown(_DEFAULTS[name])}"


def _policy(host: HostVariables, problems: list[Problem]) -> dict[str, Any] | None:
    """What a host declares of DOCKER-USER: the lists of groups and hosts in the order of their names, and then the plain one."""
    given = host.starting("cnm_docker_user")
    names = sorted(given, key=lambda name: (name == "cnm_docker_user", name))
    for name in names:
        problems += parse_policy(given[name], name, host.host)[1]
    position = host.get("cnm_docker_user_position", "first")
    if position not in ("first", "last"):
        problems.append(Problem(host.host, "cnm_docker_user_position", shown(position), "it is first or last"))
    rules = [(f"{name}[{index}]", rule) for name in names for index, rule in enumerate(given[name] or [])] if names and not problems else []
    return {"rules": [rule for _place, rule in rules], "position": position, "places": [place for place, _rule in rules]} if names and not problems else None


def _report(host: HostVariables, look: str) -> Any:
    result = host.get(look)
    return result.get("reserved") if isinstance(result, dict) else None


def _number(given: dict[str, Any], name: str, last: int, problems: list[Problem]) -> int:
    try:
        return int(integer_between(1, last)(given[name]))
    except Unreadable:
        problems.append(Problem("", name, shown(given[name]), f"it is a number from 1 to {last}"))
        return int(_DEFAULTS[name])


def _ledger_path(given: Any, hosts: dict[str, HostVariables]) -> str:
    if given:
        return os.path.abspath(os.path.expanduser(str(given)))
    folders = {folder for folder in (host.get("inventory_dir") for host in hosts.values()) if folder and os.path.isdir(folder)}
    if len(folders) == 1:
        return os.path.join(folders.pop(), _LEDGER)
    why = "has no directory" if not folders else f"has several directories ({', '.join(sorted(folders))})"
    raise AnsibleActionFail(f"The inventory {why}, so it is not clear where the ledger is. Set cnm_ledger to the path of a file.")
