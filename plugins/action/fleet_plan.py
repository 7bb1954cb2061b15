# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans the whole fleet, once, on the controller: reads every host's declaration, keeps the ledger, and lays down each host's slice."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Iterable, Mapping
from typing import Any

import ansible.constants as C
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..module_utils.ipam.fleet import plan_fleet
from ..module_utils.ipam.ledger import ledger_dict, read_ledger
from ..module_utils.model.declaration import Declaration
from ..module_utils.model.options import declaration_options
from ..module_utils.proof.plan import proof_plan
from ..plugin_utils.fleet.inventory import Fleet, read_fleet
from ..plugin_utils.fleet.ledger_file import open_ledger
from ..plugin_utils.fleet.report import declaration_report
from ..plugin_utils.fleet.slices import fleet_members, plan_files
from ..plugin_utils.fleet.underlay import Underlay, check_families, completed


class ActionModule(ActionBase):
    _requires_connection = False
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _options, args = self.validate_argument_spec(
            argument_spec={"look": {"type": "str", "default": "host__look"}, "allocate": {"type": "bool", "default": True}}
        )
        _refuse_part_runs(self._task)
        variables = task_vars or {}
        fleet = read_fleet(variables, args["look"])
        with open_ledger(fleet.ledger) as file:
            ledger, problems = read_ledger(file.read())
            plan = plan_fleet(fleet.hosts, ledger, fleet.stock, fleet.name, args["allocate"])
            underlay = {host: completed(one, plan.ledger.seen.get(host)) for host, one in fleet.underlay.items()}
            joined = {name: hosts for name, hosts in fleet_members(plan.declarations).items() if _is_overlay(name, plan.declarations, hosts)}
            problems = [*fleet.problems, *problems, *plan.problems, *check_families(joined, underlay)]
            if problems:
                return {
                    **result,
                    "failed": True,
                    "msg": declaration_report(problems).summary,
                    "problems": [one.as_dict() for one in problems],
                    "networks": {},
                    "plan": None,
                }
            before, after = ledger_dict(ledger), ledger_dict(plan.ledger)
            changed = before != after
            if changed and not self._task.check_mode:
                file.write(after)
        return {
            **result,
            "changed": changed,
            "problems": [],
            "networks": {host: declaration_options(one)["networks"] for host, one in plan.declarations.items()},
            "plan": self._lay_down(fleet, plan.declarations, underlay),
            "diff": {"before_header": fleet.ledger, "after_header": fleet.ledger, "before": before, "after": after},
        }

    def _lay_down(self, fleet: Fleet, declarations: dict[str, Declaration], underlay: dict[str, Underlay]) -> str:
        """Write the plan where every host's task finds its part; it goes with the temporary folder of this run."""
        folder = tempfile.mkdtemp(prefix="cnm-plan-", dir=C.DEFAULT_LOCAL_TMP)
        at_work = {host: one for host, one in declarations.items() if host in fleet.at_work}
        reached = {host: underlay[host].reached for host in at_work}
        files = plan_files(fleet, declarations, underlay) | proof_plan(at_work, reached, fleet.verify, secrets.token_hex(8))
        for name, part in files.items():
            _write(os.path.join(folder, name), part)
        return folder


def _write(path: str, part: Any) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(part, file)


def _is_overlay(network: str, declarations: Mapping[str, Declaration], hosts: Iterable[str]) -> bool:
    return any(declarations[host].networks[network].driver == "overlay" for host in hosts)


def _refuse_part_runs(task: Any) -> None:
    """A plan is for all hosts at once: what looks at only some of them at a time would prove nothing and call the others stale."""
    play = task.get_play()
    if play.serial:
        raise AnsibleActionFail(
            "The play has 'serial', which plans the fleet in parts that know nothing of each other. Remove it: hosts are converged independently anyway."
        )
    if play.strategy not in ("linear", "ansible.builtin.linear", "debug", "ansible.builtin.debug"):
        raise AnsibleActionFail(f"The strategy '{play.strategy}' lets hosts run ahead of the checks of the others. Use the strategy linear.")
