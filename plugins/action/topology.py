# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cuts the host's slice out of the plan and hands it to the module of the same name."""

from __future__ import annotations

import json
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..plugin_utils.fleet.slices import slice_path

_OF_THE_PLAN = ("networks", "sandboxes", "peers", "fleet")


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        variables, args = task_vars or {}, dict(self._task.args)
        plan = args.pop("plan", None)
        if plan is not None:
            given = [name for name in _OF_THE_PLAN if name in args]
            if given:
                raise AnsibleActionFail(f"Both plan and {', '.join(given)} are given. The plan holds them: leave them out.")
            args.update(_slice(plan, variables["inventory_hostname"]))
        return {**result, **self._execute_module("mooring.cnm.topology", module_args=args, task_vars=variables)}


def _slice(plan: str, host: str) -> dict[str, Any]:
    try:
        with open(slice_path(plan, host), encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError as error:
        raise AnsibleActionFail(
            f"The plan in {plan} has no part for {host}: it was made without this host, or in another run. Run fleet_plan first."
        ) from error
