#!/usr/bin/python
# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vxlan
short_description: Make, change or remove a VXLAN tunnel
version_added: 0.1.0
description:
  - An interface that carries Ethernet frames over UDP to other hosts. Where they are is told by M(mooring.cnm.vxlan_peers), by O(group), or learned.
  - It is born in its namespace; its socket, and so its way out, is in O(parent_netns), normally the host's own.
  - O(id), O(port), O(proxy), O(l2miss), O(l3miss) and O(udp_csum) are what it is born with. With another value it is made anew, and what is on it is put back.
  - It acts on what it is told by name, whoever made that, and on nothing else. It writes no mark. What a topology has made
    (M(mooring.cnm.topology)) it refuses to touch.
author:
  - mooring.cnm contributors (@mooring)
options:
  id:
    description: The VXLAN network identifier (VNI). It is needed to make one.
    type: int
  local:
    description: The address that its packets come from.
    type: str
  port:
    description: The UDP port of the other hosts. The kernel's own choice is 8472; that of IANA is 4789.
    type: int
  group:
    description: A multicast group, or the one other host, that everything without an entry of its own is sent to.
    type: str
  ttl:
    description: The time to live of its packets. V(0) is the kernel's own choice.
    type: int
  learning:
    description: Whether it learns from packets where a MAC address is.
    type: bool
  proxy:
    description: Whether it answers ARP and neighbour requests itself, from its neighbours.
    type: bool
  l2miss:
    description: Whether the kernel reports MAC addresses without an entry.
    type: bool
  l3miss:
    description: Whether the kernel reports addresses without a neighbour.
    type: bool
  udp_csum:
    description: Whether its packets have UDP checksums.
    type: bool
extends_documentation_fragment:
  - mooring.cnm.attributes
  - mooring.cnm.link
  - mooring.cnm.mac_address
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
- name: A tunnel in the namespace net300, as a port of the bridge there
  mooring.cnm.vxlan:
    name: vx0
    netns: net300
    master: br0
    id: 300
    port: 4789
    local: 192.0.2.1
    learning: false
    proxy: true

- name: It is gone
  mooring.cnm.vxlan:
    name: vx0
    netns: net300
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
  sample: {name: vx0, netns: net300, state: present, up: true, id: 300, port: 4789, local: 192.0.2.1, learning: false, parent_netns: ""}
ops:
  description: What was done or, in check mode, would be, in order. Check mode and the run give the same.
  returned: always
  type: list
  elements: str
  sample: ["create vxlan vx0 in net300"]
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
from ..module_utils.face.spec import LINK, MAC, MASTER, PARENT, STATE, kind_spec


def main() -> None:
    spec = {**LINK, **STATE, **MAC, **MASTER, **PARENT, **kind_spec("vxlan")}
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    run_link(module, "vxlan")


if __name__ == "__main__":
    main()
