#!/usr/bin/python
# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vxlan_peers
short_description: Say where the other ends of a VXLAN tunnel are
version_added: 0.1.0
description:
  - The lasting entries of a vxlan. Where it sends broadcast and what it does not know, where each MAC address is, and which MAC address an address has.
  - Thousands of entries are one task. What is listed is made, or with O(state=absent) removed; with O(exclusive) what is not listed goes.
  - It acts on what it is told by name, whoever made that, and on nothing else. It writes no mark. What a topology has made
    (M(mooring.cnm.topology)) it refuses to touch.
author:
  - mooring.cnm contributors (@mooring)
options:
  name:
    description: The vxlan.
    type: str
    required: true
  netns:
    description: The network namespace that it is in, by its name or by a path. Empty for the host's own.
    type: str
    default: ""
  state:
    description: Whether what is listed should be there.
    type: str
    choices: [present, absent]
    default: present
  flood:
    description: The VTEPs that it sends broadcast to, multicast, and frames for MAC addresses without an entry.
    type: list
    elements: str
  macs:
    description: On which VTEP each MAC address is.
    type: list
    elements: dict
    suboptions:
      mac_address: {description: The MAC address., type: str, required: true}
      vtep: {description: The address of the VTEP., type: str, required: true}
  neighbours:
    description: Which MAC address each address has, so that nobody has to be asked. With the vxlan's C(proxy) it answers from them.
    type: list
    elements: dict
    suboptions:
      address: {description: The IPv4 or IPv6 address., type: str, required: true}
      mac_address: {description: Its MAC address., type: str, required: true}
  exclusive:
    description: Whether each list that is given has all that there should be. An empty one then means none. A list that is left out is left alone.
    type: bool
    default: false
extends_documentation_fragment:
  - mooring.cnm.attributes
requirements:
  - pyroute2 >= 0.7.2 (where something must change)
seealso:
  - module: mooring.cnm.link_info
  - module: mooring.cnm.netns_info
"""

EXAMPLES = r"""
- name: The two other hosts, and an endpoint on one of them
  mooring.cnm.vxlan_peers:
    name: vx0
    netns: net300
    flood: [192.0.2.2, 192.0.2.3]
    macs: [{mac_address: 02:42:0a:00:09:03, vtep: 192.0.2.2}]
    neighbours: [{address: 10.0.9.3, mac_address: 02:42:0a:00:09:03}]
    exclusive: true

- name: The third host has gone
  mooring.cnm.vxlan_peers:
    name: vx0
    netns: net300
    flood: [192.0.2.3]
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
  sample: {name: vx0, netns: net300, flood: [192.0.2.2], macs: [], neighbours: []}
ops:
  description: What was done or, in check mode, would be, in order. Check mode and the run give the same.
  returned: always
  type: list
  elements: str
  sample: ["add forwarding entry 00:00:00:00:00:00 to 192.0.2.2 on vx0 in net300"]
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
from ..module_utils.face.peers import run_peers
from ..module_utils.face.spec import PEERS, STATE


def main() -> None:
    module = AnsibleModule(argument_spec={**PEERS, **STATE}, supports_check_mode=True)
    run_peers(module)


if __name__ == "__main__":
    main()
