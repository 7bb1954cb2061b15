# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cuts the host's slice out of the plan and hands it to the module of the same name."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..plugin_utils.fleet.slices import at_their_places, read_slice

_OF_THE_PLAN = ("networks", "sandboxes", "peers", "firewall", "fleet", "host", "underlay_address", "vxlan_port")


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
            args.update({"peers": {}, **read_slice(plan, variables["inventory_hostname"])})
        policy = args.pop("docker_user", None)
        said = self._execute_module("mooring.cnm.topology", module_args=args, task_vars=variables)
        # Nothing is changed in check mode: what is wrong with either is told at once.
        if policy is not None and (not said.get("failed") or (self._task.check_mode and said.get("problems"))):
            policy = {**policy, "fleet": args["fleet"]}
            said = _together(said, self._execute_module("mooring.cnm.docker_user", module_args=policy, task_vars=variables))
        if plan is not None and said.get("problems"):
            said["problems"] = at_their_places(said["problems"], plan, variables["inventory_hostname"])
        return {**result, **said}


def _together(said: dict[str, Any], policy: dict[str, Any]) -> dict[str, Any]:
    """One result for networks and sandboxes, and for the policy of DOCKER-USER that the plan has for the host too."""
    if "ops" not in policy:
        return policy
    pictures = {name: {**said[name], "docker_user": policy[name]} for name in ("before", "after")}
    lists = {name: [*said[name], *policy[name]] for name in ("ops", "problems")}
    diff = [*said.get("diff", []), *policy.get("diff", [])]
    failed = {"failed": True} if said.get("failed") or policy.get("failed") else {}
    return {**said, **policy, **pictures, **lists, **failed, "changed": bool(said.get("changed") or policy.get("changed")), **({"diff": diff} if diff else {})}
