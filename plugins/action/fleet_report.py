# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gathers what every host said in an earlier task into one report, and fails where that is bad news."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..plugin_utils.fleet.inventory import plain
from ..plugin_utils.fleet.report import drift_report, preflight_report

_REPORTS = {"preflight": preflight_report, "drift": drift_report}


class ActionModule(ActionBase):
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        _options, args = self.validate_argument_spec(
            argument_spec={"stage": {"type": "str", "required": True, "choices": list(_REPORTS)}, "register": {"type": "str", "required": True}}
        )
        variables = task_vars or {}
        said = {host: plain(variables["hostvars"].raw_get(host).get(args["register"])) for host in variables["ansible_play_hosts"]}
        report = _REPORTS[args["stage"]]({host: one for host, one in said.items() if isinstance(one, dict) and not one.get("skipped")})
        for line in report.lines:
            Display().display(line)
        return {**result, "changed": False, "failed": report.failed, "msg": report.summary, "problems": report.problems}
