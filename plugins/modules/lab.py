#!/usr/bin/python
# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The face of the lab."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lab
short_description: Simulate hosts inside this machine
version_added: 0.1.0
description:
  - Makes, restarts and removes lab hosts. A lab host is a set of namespaces with a root and a network of its own, in
    which a playbook can do all that it does on a host, and nothing of which is seen by the next host or by the machine.
  - The hosts of one lab are joined by a switch, C(198.18.0.0/16) and C(fd00:198:18::/64), with no route to the outside.
  - It runs on the controller (C(localhost)), as root. Plays reach the hosts by the connection P(mooring.cnm.lab#connection).
  - A lab host is for trying things out. It is no barrier against a program that wants to break out of it.
author:
  - mooring.cnm contributors (@mooring)
extends_documentation_fragment:
  - mooring.cnm.attributes
attributes:
  idempotent:
    support: partial
    details: O(state=rebooted) starts the hosts anew each time.
options:
  name:
    description:
      - Name of the lab. Labs of different names stand side by side and do not see each other.
      - In a playbook the default is the variable C(cnm_lab_name) of the hosts in group C(cnm_lab).
    type: str
    default: lab
  state:
    description:
      - V(present) makes the hosts that are missing and starts those that have ended, on the disk they had. It leaves running ones alone.
      - V(rebooted) ends the hosts at once, as a power cut does, and starts them again on the same disk. It makes the missing ones.
      - V(absent) removes the hosts with their disks, and the switch with the last of them.
    type: str
    choices: [present, rebooted, absent]
    default: present
  init:
    description:
      - The first process of the hosts that do not say it themselves. V(reaper) only waits, and runs no services. V(systemd) runs units,
        and a host is waited for until it is up.
      - Left out, a host keeps what it has. A new one gets V(reaper), in a playbook the variable C(cnm_lab_init) of the host.
      - A running host changes it with O(state=rebooted).
    type: str
    choices: [reaper, systemd]
  root:
    description:
      - A folder with a root file system, such as mmdebstrap makes of another release. The disks of the hosts that do not say it themselves lie over it.
        It must not change while they are there.
      - Left out, a host keeps what it has. A new one gets V(/), the machine's own, in a playbook the variable C(cnm_lab_root) of the host.
    type: path
  hosts:
    description:
      - The hosts to act on.
      - Left out with O(state=absent), every host of the lab is removed.
      - Left out otherwise, the hosts of group C(cnm_lab) in the inventory are taken, of those that the variable C(cnm_hosts) selects.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the host.
        type: str
        required: true
      address:
        description:
          - IPv4 address of the host, inside C(198.18.0.0/16). The last two bytes are also those of its IPv6 address.
          - Left out, it is derived from the name, and always the same.
        type: str
      init:
        description: The first process of this host.
        type: str
        choices: [reaper, systemd]
      root:
        description: The folder that this host's disk lies over.
        type: path
requirements:
  - iproute2 and util-linux, on a Linux kernel with overlay, bridge and veth
  - systemd (for O(init=systemd))
seealso:
  - plugin: mooring.cnm.lab
    plugin_type: connection
  - plugin: mooring.cnm.lab
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: Two hosts
  mooring.cnm.lab:
    name: demo
    hosts:
      - name: left
        address: 198.18.0.10
      - name: right

- name: The power fails on one of them
  mooring.cnm.lab:
    name: demo
    state: rebooted
    hosts:
      - name: right

- name: A host that runs services, on a root of another release
  mooring.cnm.lab:
    name: demo
    hosts:
      - name: next
        init: systemd
        root: /srv/trixie

- name: Remove the lab and all that is in it
  mooring.cnm.lab:
    name: demo
    state: absent
"""

RETURN = r"""
before:
  description: The lab as it was, in the words of the options.
  returned: success
  type: dict
  contains: &lab
    hosts:
      description: The running hosts, of those acted on, by name.
      returned: success
      type: list
      elements: dict
      sample: [{address: 198.18.0.10, init: reaper, name: left, root: /}]
    name:
      description: Name of the lab.
      returned: success
      type: str
      sample: demo
    state:
      description: V(present) where a host runs, else V(absent).
      returned: success
      type: str
      sample: present
after:
  description: The lab as it is now, or would be, in the words of the options.
  returned: success
  type: dict
  contains: *lab
ops:
  description: What was done, or would be, in order.
  returned: success
  type: list
  elements: str
  sample: [create switch demo, 'start host left at 198.18.0.10 and fd00:198:18::a']
problems:
  description: Every reason why the options cannot be carried out. Nothing was done.
  returned: when the options are refused
  type: list
  elements: dict
  sample:
    - host: right
      message: right cannot have the address 10.0.0.1
      path: hosts[1].address
      value: 10.0.0.1
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import bytecode  # noqa: F401  # pylint: disable=unused-import
from ..module_utils.lab.converge import LabRefused, converge_lab
from ..module_utils.lab.host import HostError

_PROCESS_AND_ROOT = {"init": {"type": "str", "choices": ["reaper", "systemd"]}, "root": {"type": "path"}}
_HOST = {"name": {"type": "str", "required": True}, "address": {"type": "str"}, **_PROCESS_AND_ROOT}
ARGUMENT_SPEC = {
    "name": {"type": "str", "default": "lab"},
    "state": {"type": "str", "choices": ["present", "rebooted", "absent"], "default": "present"},
    "hosts": {"type": "list", "elements": "dict", "options": _HOST},
    **_PROCESS_AND_ROOT,
}


def main() -> None:
    needs_hosts = [("state", state, ["hosts"]) for state in ("present", "rebooted")]
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, required_if=needs_hosts, supports_check_mode=True)
    try:
        result = converge_lab(module.params, module.check_mode)
        for warning in result.pop("warnings"):
            module.warn(warning)
        module.exit_json(**result)
    except LabRefused as refused:
        module.fail_json(msg=str(refused), problems=[problem.as_dict() for problem in refused.problems])
    except HostError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
