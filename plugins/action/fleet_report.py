# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gathers what every host said in an earlier task into one report, and fails where that is bad news."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..plugin_utils.fleet.inventory import declares, plain
from ..plugin_utils.fleet.report import FleetReport, drift_report, preflight_report, stale_report

_REPORTS = {"preflight": preflight_report, "drift": drift_report}


class ActionModule(ActionBase):
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _options, args = self.validate_argument_spec(
            argument_spec={"stage": {"type": "str", "required": True, "choices": [*_REPORTS, "stale"]}, "register": {"type": "str"}},
            required_if=[("stage", stage, ["register"]) for stage in _REPORTS],
        )
        report = _stale(task_vars or {}) if args["stage"] == "stale" else _said(args["stage"], args["register"], task_vars or {})
        for line in report.lines:
            Display().display(line)
        return {**result, "changed": False, "failed": report.failed, "msg": report.summary, "problems": report.problems}


def _said(stage: str, register: str, variables: dict[str, Any]) -> FleetReport:
    """The report on what every host that is still at work returned."""
    said = {host: plain(variables["hostvars"].raw_get(host).get(register)) for host in plain(variables["ansible_play_hosts"])}
    return _REPORTS[stage]({host: one for host, one in said.items() if isinstance(one, dict) and not one.get("skipped")})


def _stale(variables: dict[str, Any]) -> FleetReport:
    """The report on the hosts of the fleet that this play had and lost."""
    at_work = set(plain(variables["ansible_play_hosts"]))
    fleet = {host for host in plain(variables["ansible_play_hosts_all"]) if declares(variables["hostvars"].raw_get(host))}
    return stale_report(sorted(fleet - at_work), len(fleet & at_work))
