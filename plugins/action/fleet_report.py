# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gathers what every host said in an earlier task into one report, and fails where that is bad news."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..plugin_utils.fleet.inventory import declaration_problems, declares
from ..plugin_utils.fleet.left_out import sound, stale_peers
from ..plugin_utils.fleet.report import FleetReport, declaration_report, drift_report, preflight_report, stale_report
from ..plugin_utils.fleet.variables import plain

_REPORTS = ("preflight", "drift")


class ActionModule(ActionBase):
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _options, args = self.validate_argument_spec(
            argument_spec={
                "stage": {"type": "str", "required": True, "choices": [*_REPORTS, "declared", "stale"]},
                "register": {"type": "str"},
                "plan": {"type": "path"},
            },
            required_if=[("stage", stage, ["register"]) for stage in _REPORTS],
        )
        variables, stage = task_vars or {}, args["stage"]
        if stage in _REPORTS:
            report = _said(stage, args["register"], variables)
        elif stage == "declared":
            report = _declared(variables)
        else:
            report = _stale(variables, args, self._task.check_mode)
        for line in report.lines:
            Display().display(line)
        return {**result, "changed": False, "failed": report.failed, "msg": report.summary, "problems": report.problems}


def _declared(variables: dict[str, Any]) -> FleetReport:
    """The report on the names of the inventory's variables, and on where they are set."""
    every = {plain(host): variables["hostvars"].raw_get(host) for host in variables["groups"]["all"]}
    return declaration_report(declaration_problems(every, variables))


def _said(stage: str, register: str, variables: dict[str, Any]) -> FleetReport:
    """The report on what every host that is still at work returned."""
    answers = _answers(variables, register, "ansible_play_hosts")
    return drift_report(answers, _lost(variables, ())) if stage == "drift" else preflight_report(answers)


def _answers(variables: dict[str, Any], register: str, hosts: str) -> dict[str, Any]:
    """What these hosts of the play returned, where they did."""
    said = {host: plain(variables["hostvars"].raw_get(host).get(register)) for host in plain(variables[hosts])}
    return {host: one for host, one in said.items() if isinstance(one, dict) and not one.get("skipped")}


def _stale(variables: dict[str, Any], args: dict[str, Any], check_mode: bool) -> FleetReport:
    """The report on the hosts of the fleet that this play had and lost, and on those that it left out and that have old peers.

    Who was converged is not lost, though the proof that followed may have failed, which ends the play for all.
    """
    done = sound(_answers(variables, args["register"], "ansible_play_hosts_all") if args["register"] else {})
    lost = _lost(variables, done)
    left_out = stale_peers(done, args["plan"], lost) if done and args["plan"] else {}
    return stale_report(lost, len(done), left_out, check_mode)


def _lost(variables: dict[str, Any], done: Collection[str]) -> list[str]:
    """The hosts of the fleet that this play had and lost. done: those that came to what was wanted."""
    fleet = {host for host in plain(variables["ansible_play_hosts_all"]) if declares(variables["hostvars"].raw_get(host))}
    return sorted(fleet.difference(plain(variables["ansible_play_hosts"]), done))
