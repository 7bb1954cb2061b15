#!/usr/bin/python
# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: netns
short_description: Make or remove a named network namespace
version_added: 0.1.0
description:
  - A named network namespace, as C(ip netns) makes it (in C(/run/netns)), with its C(lo) up.
  - One that is removed takes along its tunnels, its pairs with their other ends, and what rests on those elsewhere, at once; what else is in it goes as soon
    as no process runs there any more. Of a namespace with several names just the one is removed.
  - It acts on what it is told by name, whoever made that, and on nothing else. It writes no mark. What a topology has made
    (M(mooring.cnm.topology)) it refuses to touch.
author:
  - mooring.cnm contributors (@mooring)
options:
  name:
    description: Its name.
    type: str
    required: true
  state:
    description: Whether it should be there.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - mooring.cnm.attributes
requirements:
  - pyroute2 >= 0.7.2 (where something must change)
seealso:
  - module: mooring.cnm.link_info
  - module: mooring.cnm.netns_info
"""

EXAMPLES = r"""
- name: A namespace
  mooring.cnm.netns:
    name: web

- name: It is gone, with all that is in it
  mooring.cnm.netns:
    name: web
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
  sample: {name: web, state: present}
ops:
  description: What was done or, in check mode, would be, in order. Check mode and the run give the same.
  returned: always
  type: list
  elements: str
  sample: ["create namespace web"]
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
from ..module_utils.face.space import run_space
from ..module_utils.face.spec import STATE


def main() -> None:
    module = AnsibleModule(argument_spec={"name": {"type": "str", "required": True}, **STATE}, supports_check_mode=True)
    run_space(module)


if __name__ == "__main__":
    main()
