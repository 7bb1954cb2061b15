# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans the whole fleet, once, on the controller: reads every host's declaration, keeps the ledger, and lays down each host's slice."""

from __future__ import annotations

from typing import Any

import ansible.constants as C
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..plugin_utils.fleet.planned import planned
from ..plugin_utils.fleet.variables import template_of


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
        return {**result, **planned(task_vars or {}, args["look"], args["allocate"], self._task.check_mode, C.DEFAULT_LOCAL_TMP, template_of(self._templar))}


def _refuse_part_runs(task: Any) -> None:
    """A plan is for all hosts at once: what looks at only some of them at a time would prove nothing and call the others stale."""
    play = task.get_play()
    if play.serial:
        raise AnsibleActionFail(
            "The play has 'serial', which plans the fleet in parts that know nothing of each other. Remove it: hosts are converged independently anyway."
        )
    if play.strategy not in ("linear", "ansible.builtin.linear", "debug", "ansible.builtin.debug"):
        raise AnsibleActionFail(f"The strategy '{play.strategy}' lets hosts run ahead of the checks of the others. Use the strategy linear.")
