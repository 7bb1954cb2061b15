#!/usr/bin/python
# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ipvlan
short_description: Make, change or remove an ipvlan
version_added: 0.1.0
description:
  - An interface with addresses of its own on another interface, whose MAC address it shares. It is born in its namespace, with its parent in another.
  - All on one parent have one mode and one flag, so a change of one changes them all.
  - It acts on what it is told by name, whoever made that, and on nothing else. It writes no mark. What a topology has made
    (M(mooring.cnm.topology)) it refuses to touch.
author:
  - mooring.cnm contributors (@mooring)
options:
  mode:
    description:
      - V(l2), it switches; V(l3), it routes, without broadcast or multicast; V(l3s), the same, and what goes in passes the chain C(INPUT) of the parent's
        namespace. What comes out passes C(OUTPUT) there, with V(l3) too.
    type: str
    choices: [l2, l3, l3s]
  flag:
    description: Whom it reaches on the same parent. V(bridge), all others; V(private), none; V(vepa), those that the switch outside sends it back to.
    type: str
    choices: [bridge, private, vepa]
extends_documentation_fragment:
  - mooring.cnm.attributes
  - mooring.cnm.link
  - mooring.cnm.master
  - mooring.cnm.parent
  - mooring.cnm.addresses
  - mooring.cnm.routes
requirements:
  - pyroute2 >= 0.7.2 (where something must change)
seealso:
  - module: mooring.cnm.link_info
  - module: mooring.cnm.netns_info
"""

EXAMPLES = r"""
- name: An interface of the sandbox web on the host's eth1
  mooring.cnm.ipvlan:
    name: eth0
    netns: web
    parent: eth1
    mode: l3
    addresses: [192.0.2.20/24]
    routes: [{destination: default}]

- name: It is gone
  mooring.cnm.ipvlan:
    name: eth0
    netns: web
    state: absent
"""

RETURN = r"""
before:
  description: What stood, in option names.
  returned: always
  type: dict
after:
  description: What stands now, or would in check mode. Given back as options, it changes nothing.
  returned: always
  type: dict
  sample: {name: eth0, netns: web, state: present, up: true, parent: eth1, parent_netns: "", mode: l3, flag: bridge, addresses: [192.0.2.20/24]}
ops:
  description: What was done or, in check mode, would be, in order. Check mode and the run give the same.
  returned: always
  type: list
  elements: str
  sample: ["create ipvlan eth0 in web", "change ipvlan eth0 in web: up from no to yes"]
problems:
  description: Why nothing was changed, all of it at once.
  returned: always
  type: list
  elements: dict
  contains:
    host: {description: Empty. (M(mooring.cnm.fleet_plan) names a host here.), type: str}
    path: {description: The option that it is about., type: str}
    value: {description: The value as it was given., type: str}
    message: {description: What is wrong and what would be right., type: str}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import bytecode  # noqa: F401  # pylint: disable=unused-import
from ..module_utils.face.links import run_link
from ..module_utils.face.spec import LINK, MASTER, PARENT, STATE, kind_spec


def main() -> None:
    spec = {**LINK, **STATE, **MASTER, **PARENT, **kind_spec("ipvlan")}
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    run_link(module, "ipvlan")


if __name__ == "__main__":
    main()
