#!/usr/bin/python
# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let a host come back to its slice by itself at each boot."""

from __future__ import annotations

DOCUMENTATION = r"""
module: persist
short_description: Bring a host back to its networks and sandboxes at each boot
version_added: 0.1.0
description:
  - Keeps the host's slice in C(/etc/mooring-cnm/FLEET.json), readable by root alone, and a copy of the engine in C(/usr/local/lib/mooring-cnm).
    The unit C(mooring-cnm@FLEET.service) brings the host to that slice at each boot, without controller and without Ansible. The journal has what it did.
  - The unit is started at once too, so a host that it could not bring back is known now and not after its next boot.
    What a run of M(mooring.cnm.topology) has left is what it finds, so it changes nothing then.
  - Fed by M(mooring.cnm.fleet_plan) through O(plan) in the role P(mooring.cnm.persist#role), after M(mooring.cnm.topology) in the same play.
author:
  - mooring.cnm contributors (@mooring)
options:
  plan:
    description:
      - The folder with the plan on the controller, as M(mooring.cnm.fleet_plan) returns it. The host's slice of it takes the place of O(slice) and O(fleet).
    type: path
  slice:
    description: The networks and sandboxes of this host, as the parameters of M(mooring.cnm.topology). Required with O(state=present), unless O(plan) is given.
    type: dict
  fleet:
    description: Whose slice it is. Two fleets can share a host.
    type: str
    default: default
  state:
    description: With V(absent), the host no longer comes back to anything of the fleet. What stands on it now is left alone.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - mooring.cnm.attributes
requirements:
  - systemd
  - pyroute2 >= 0.7.2
seealso:
  - module: mooring.cnm.topology
"""

EXAMPLES = r"""
- name: Come back at each boot
  mooring.cnm.persist:
    slice:
      networks:
        frontend:
          ipam:
            config: [{subnet: 172.20.0.0/24, gateway: 172.20.0.1}]
      sandboxes:
        web:
          networks: {frontend: {ipv4_address: 172.20.0.10}}

- name: Do not come back any more
  mooring.cnm.persist:
    state: absent
"""

RETURN = r"""
before:
  description: What was kept, in the words of the options.
  returned: always
  type: dict
  sample: {fleet: default, slice: {}, state: absent}
after:
  description: What is kept now, or would be in check mode.
  returned: always
  type: dict
  sample: {fleet: default, slice: {fleet: default, networks: {}, sandboxes: {}}, state: present}
ops:
  description: What was done or, in check mode, would be, in order.
  returned: always
  type: list
  elements: str
  sample: ["write /etc/mooring-cnm/default.json", "enable mooring-cnm@default.service", "start mooring-cnm@default.service"]
"""

import contextlib
import importlib.util
import re
import sys
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.common.respawn import probe_interpreters_for_module

from ..module_utils import bytecode  # noqa: F401  # pylint: disable=unused-import
from ..module_utils.kernel.alone import alone
from ..module_utils.kernel.reasons import reason
from ..module_utils.persist.engine import read_engine
from ..module_utils.persist.keep import Kept, apply, describe, observe, plan, wanted
from ..module_utils.persist.systemd import known_services, runs_systemd
from ..module_utils.state.fault import Fault

LOCK = "/run/mooring.cnm.persist.lock"  # that of runs is taken by the unit that is started
FLEET = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")  # it becomes the name of a file and of a unit


def find_interpreter() -> str | None:
    """A Python that has pyroute2: this one, else the system's."""
    if importlib.util.find_spec("pyroute2") is not None:
        return sys.executable
    return probe_interpreters_for_module(["/usr/bin/python3", "/usr/libexec/platform-python"], "pyroute2")


def to_desired(params: dict, interpreter: str) -> Kept:
    """What the host is to have for these parameters."""
    if params["state"] == "absent":
        return Kept()
    fleet = params["fleet"]
    return wanted(
        fleet, {"networks": {}, "sandboxes": {}, **(params["slice"] or {}), "fleet": fleet}, read_engine(), interpreter, known_services("docker", "firewalld")
    )


def keep(module: AnsibleModule) -> dict[str, Any]:
    """Do what the parameters say, or in check mode predict it. Raises Fault where that fails."""
    fleet = module.params["fleet"]
    if not FLEET.fullmatch(fleet):
        raise Fault(f"fleet '{fleet}'", "keep", "it becomes part of a file name", "Give it a name of letters, digits, '_', '.' and '-', at most 63 of them.")
    is_wanted, interpreter = module.params["state"] == "present", find_interpreter()
    if is_wanted and not runs_systemd():
        raise Fault(f"the slice of fleet '{fleet}'", "keep", "this host does not run systemd", "Leave out the role persist on it.")
    if is_wanted and interpreter is None and not module.check_mode:
        raise Fault(f"the slice of fleet '{fleet}'", "keep", missing_required_lib("pyroute2"))
    want = to_desired(module.params, interpreter or "/usr/bin/python3")
    # An engine that no unit names yet would be taken for one that none names any more.
    with contextlib.nullcontext() if module.check_mode else alone(f"fleet {fleet}", LOCK):
        have = observe(fleet, want)
        ops = plan(fleet, have, want)
        if not module.check_mode:
            apply(ops)
    before, after, steps = describe(fleet, have), describe(fleet, want), [str(op) for op in ops]
    diff = {"diff": [{"before": before, "after": after}, {"prepared": "".join(f"{step}\n" for step in steps)}]} if ops and module._diff else {}
    return {"changed": bool(ops), "before": before, "after": after, "ops": steps, **diff}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "plan": {"type": "path"},
            "slice": {"type": "dict"},
            "fleet": {"type": "str", "default": "default"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["slice"])],
        supports_check_mode=True,
    )
    try:
        module.exit_json(**keep(module))
    except Fault as fault:
        module.fail_json(msg=str(fault), before={}, after={}, ops=[])
    except OSError as error:
        module.fail_json(msg=f"The host could not be changed: {reason(error)}.", before={}, after={}, ops=[])


if __name__ == "__main__":
    main()
