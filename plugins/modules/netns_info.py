#!/usr/bin/python
# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: netns_info
short_description: Show the named network namespaces of a host
version_added: 0.1.0
description:
  - All named network namespaces with the names of their interfaces, whoever made them.
author:
  - mooring.cnm contributors (@mooring)
extends_documentation_fragment:
  - mooring.cnm.attributes
  - mooring.cnm.attributes.info
seealso:
  - module: mooring.cnm.link_info
  - module: mooring.cnm.topology_info
"""

EXAMPLES = r"""
- name: Which namespaces there are
  mooring.cnm.netns_info:
  register: found

- name: Those that no topology made
  ansible.builtin.debug:
    msg: "{{ found.namespaces | rejectattr('fleet') | map(attribute='name') }}"
"""

RETURN = r"""
namespaces:
  description: The namespaces, sorted by name.
  returned: always
  type: list
  elements: dict
  contains:
    name: {description: Its name., type: str}
    path: {description: Where it is bound., type: str}
    inode: {description: Its number. Two names with one number are one namespace., type: int}
    links: {description: The names of its interfaces., type: list, elements: str}
    fleet: {description: The fleet whose topology made it; empty for what others made., type: str}
    network: {description: The network that it serves there., type: str}
    sandbox: {description: The sandbox that it serves there., type: str}
  sample: [{name: web, path: /run/netns/web, inode: 4026532290, links: [eth0, lo], fleet: "", network: "", sandbox: ""}]
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import bytecode  # noqa: F401  # pylint: disable=unused-import
from ..module_utils.face.info import spaces
from ..module_utils.state.fault import Fault


def main() -> None:
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    try:
        module.exit_json(changed=False, namespaces=spaces())
    except Fault as fault:
        module.fail_json(msg=str(fault))


if __name__ == "__main__":
    main()
