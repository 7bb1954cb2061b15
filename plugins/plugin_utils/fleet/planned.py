# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole plan of a fleet, from the variables of its hosts to the ledger and the files in which each host's task finds its part."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...module_utils.ipam.fleet import forgotten, plan_fleet
from ...module_utils.ipam.ledger import ledger_dict, read_ledger
from ...module_utils.model.declaration import Declaration, Network
from ...module_utils.model.options import network_options
from ...module_utils.model.problem import Problem
from ...module_utils.proof.plan import proof_plan
from .inventory import Fleet, read_fleet
from .ledger_file import open_ledger
from .report import declaration_report, ledger_warnings
from .slices import fleet_members, plan_files, with_mtus
from .underlay import Underlay, check_overlays, completed
from .variables import Template, as_given


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """A plan is millions of objects, none of which is part of a circle: to look for circles among them takes a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@_no_collection()
def planned(variables: Mapping[str, Any], look: str, allocate: bool, check_mode: bool, parent: str, template: Template = as_given) -> dict[str, Any]:
    """The result of fleet_plan. variables: ``task_vars``. look, allocate: its options. parent: the folder in which that of the plan is made."""
    fleet = read_fleet(variables, look, template)
    if fleet.unread:
        return _refused(fleet.unread)
    with open_ledger(fleet.ledger) as file:
        held = file.read()
        ledger, problems = read_ledger(held)
        plan = plan_fleet(fleet.hosts, ledger, fleet.stock, fleet.name, allocate)
        underlay = {host: completed(one, plan.ledger.seen.get(host)) for host, one in fleet.underlay.items()}
        joined = {name: hosts for name, hosts in fleet_members(plan.declarations).items() if _is_overlay(name, plan.declarations, hosts)}
        problems = [*fleet.problems, *problems, *plan.problems, *check_overlays(joined, underlay)]
        if problems:
            return _refused(problems)
        before, after = ledger_dict(ledger), ledger_dict(plan.ledger)
        changed = before != after
        if changed and not check_mode:
            file.write(after)
    return {
        "changed": changed,
        "problems": [],
        "networks": {host: _words(one.networks) for host, one in plan.declarations.items()},
        "plan": _lay_down(fleet, plan.declarations, underlay, parent),
        "warnings": ledger_warnings(fleet.ledger if held is None else "", fleet.standing, forgotten(ledger, fleet.hosts)) if allocate else [],
        "diff": {"before_header": fleet.ledger, "after_header": fleet.ledger, "before": before, "after": after},
    }


def _refused(problems: Sequence[Problem]) -> dict[str, Any]:
    return {"failed": True, "msg": declaration_report(problems).summary, "problems": [one.as_dict() for one in problems], "networks": {}, "plan": None}


def _lay_down(fleet: Fleet, declarations: dict[str, Declaration], underlay: dict[str, Underlay], parent: str) -> str:
    """Write the plan where every host's task finds its part; it goes with the temporary folder of this run."""
    declarations = with_mtus(declarations, underlay)
    folder = tempfile.mkdtemp(prefix="cnm-plan-", dir=parent)
    at_work = {host: one for host, one in declarations.items() if host in fleet.at_work}
    reached = {host: underlay[host].reached for host in at_work}
    _write(folder, plan_files(fleet, declarations, underlay))
    _write(folder, proof_plan(at_work, reached, fleet.verify, secrets.token_hex(8)))
    return folder


def _write(folder: str, files: Mapping[str, Any]) -> None:
    for name, part in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            # In one piece: the encoder that is not written in Python cannot give it bit by bit, as json.dump wants it.
            file.write(json.dumps(part, separators=(",", ":")))


def _is_overlay(network: str, declarations: Mapping[str, Declaration], hosts: Iterable[str]) -> bool:
    return any(declarations[host].networks[network].driver == "overlay" for host in hosts)


def _words(networks: Mapping[str, Network]) -> dict[str, Any]:
    return {name: network_options(networks[name]) for name in sorted(networks)}
