# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives the module of this name what the inventory knows of the lab's hosts: which there are, and their addresses."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import lookup_loader

from ..module_utils.lab.address import is_underlay_address
from ..plugin_utils.fleet.variables import HostVariables, template_of

GROUP = "cnm_lab"


class ActionModule(ActionBase):
    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        variables, args = task_vars or {}, dict(self._task.args)
        group = list(variables["groups"].get(GROUP, ()))
        is_whole_lab = args.get("state") == "absent" and "cnm_hosts" not in variables
        if args.get("hosts") is None and not is_whole_lab:
            args["hosts"] = [{"name": name} for name in self._select(group, variables)]
        if isinstance(args.get("hosts"), list):
            args["hosts"] = [self._with_variables(host, args, variables["hostvars"]) for host in args["hosts"]]
        if args.get("name") is None:
            args["name"] = _lab_of([str(self._read(name, variables["hostvars"], "cnm_lab_name")["cnm_lab_name"] or "lab") for name in group])
        return self._execute_module(module_name="mooring.cnm.lab", module_args=args, task_vars=variables)

    def _select(self, group: list[str], variables: dict[str, Any]) -> list[str]:
        """The hosts of the group that C(cnm_hosts) selects, whatever C(--limit) says."""
        if not group:
            raise AnsibleActionFail(f"The inventory has no host in group {GROUP}: put the hosts to simulate there, or run with -i inventories/lab.")
        pattern = self._templar.template(variables.get("cnm_hosts", "all"))
        matcher = lookup_loader.get("ansible.builtin.inventory_hostnames", loader=self._loader, templar=self._templar)
        chosen = set(matcher.run([pattern], variables=variables))
        selected = [name for name in group if name in chosen]
        if not selected:
            raise AnsibleActionFail(f"cnm_hosts: '{pattern}' selects no host of group {GROUP}, which has {', '.join(group)}.")
        return selected

    def _with_variables(self, host: Any, args: dict[str, Any], hostvars: Any) -> Any:
        """A host of the option C(hosts), with what its variables say: those that neither it nor the task itself says."""
        if not isinstance(host, dict) or host.get("name") not in hostvars:
            return host
        known = self._read(host["name"], hostvars, "cnm_lab_init", "cnm_lab_root", "ansible_host")
        found = {"init": known["cnm_lab_init"], "root": known["cnm_lab_root"]}
        if is_underlay_address(address := str(known["ansible_host"])):
            found["address"] = address
        return {**{key: value for key, value in found.items() if value and not args.get(key)}, **{key: value for key, value in host.items() if value}}

    def _read(self, host: str, hostvars: Any, *names: str) -> dict[str, Any]:
        """Some variables of a host, of which these alone are templated."""
        variables = HostVariables(host, hostvars.raw_get(host), hostvars, template_of(self._templar))
        found = {name: variables.get(name) for name in names}
        for problem in variables.unread:
            raise AnsibleActionFail(f"{problem.host}: {problem.path}: {problem.message}.")
        return found


def _lab_of(names: list[str]) -> str:
    labs = sorted(set(names))
    if len(labs) > 1:
        raise AnsibleActionFail(f"The hosts of group {GROUP} have several values of cnm_lab_name: {', '.join(labs)}. An inventory holds one lab.")
    return labs[0] if labs else "lab"
