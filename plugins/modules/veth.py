#!/usr/bin/python
# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: veth
short_description: Make, change or remove a pair of interfaces that are each other's cable
version_added: 0.1.0
description:
  - Two interfaces, each of which receives what the other one sends. Both are born where they should be, in any namespace.
  - It acts on what it is told by name, whoever made that, and on nothing else. It writes no mark. What a topology has made
    (M(mooring.cnm.topology)) it refuses to touch.
author:
  - mooring.cnm contributors (@mooring)
options:
  peer:
    description: The other end. It is needed to make a pair; left out, an end that stands keeps the one that it has.
    type: dict
    suboptions:
      name:
        description: The interface, by a name of at most 15 bytes.
        type: str
        required: true
      netns:
        description:
          - The network namespace that the interface is in, by its name (P(mooring.cnm.topology#role) and C(ip netns) put it in C(/run/netns)) or by
            a path.
          - Empty for the host's own.
        type: str
        default: ''
      up:
        description:
          - Whether it is up.
          - Left out, an interface that stands is left as it is, and a new one comes up, when it has its addresses.
        type: bool
      mtu:
        description: The largest packet, in bytes.
        type: int
      txqlen:
        description: The length of the transmit queue, in packets.
        type: int
      promisc:
        description: Whether it takes frames for every MAC address.
        type: bool
      mac_address:
        description: Its MAC address. Left out, the kernel chooses one for a new interface.
        type: str
      master:
        description: The bridge that it is a port of, in the same namespace. Empty for none.
        type: str
      addresses:
        description:
          - All IPv4 and IPv6 addresses of the interface with their prefix lengths, but for link-local ones, which the kernel makes itself.
          - Left out, they are left alone; an empty list removes them.
        type: list
        elements: str
      routes:
        description:
          - All routes that lead through the interface. Those that the kernel, router advertisements, DHCP or routing daemons made are theirs, and do
            not count.
          - Left out, they are left alone; an empty list removes them.
        type: list
        elements: dict
        suboptions:
          destination:
            description: A prefix, or V(default).
            type: str
            required: true
          gateway:
            description: The next hop. Without one the destination is on the link itself.
            type: str
          metric:
            description: Of several routes to one destination the one with the smallest metric counts. V(0) is the kernel's own choice.
            type: int
            default: 0
          table:
            description: The number of the routing table. V(254) is the main one.
            type: int
            default: 254
extends_documentation_fragment:
  - mooring.cnm.attributes
  - mooring.cnm.link
  - mooring.cnm.mac_address
  - mooring.cnm.master
  - mooring.cnm.addresses
  - mooring.cnm.routes
requirements:
  - pyroute2 >= 0.7.2 (where something must change)
seealso:
  - module: mooring.cnm.link_info
  - module: mooring.cnm.netns_info
"""

EXAMPLES = r"""
- name: From the bridge br-app into the namespace app1
  mooring.cnm.veth:
    name: app1
    master: br-app
    peer:
      name: eth0
      netns: app1
      mac_address: 02:42:c0:00:02:0b
      addresses: [192.0.2.11/24]
      routes: [{destination: default, gateway: 192.0.2.1}]

- name: Both ends are gone
  mooring.cnm.veth:
    name: app1
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
  sample: {name: app1, netns: "", state: present, up: true, master: br-app, peer: {name: eth0, netns: app1, up: true, addresses: [192.0.2.11/24]}}
ops:
  description: What was done or, in check mode, would be, in order. Check mode and the run give the same.
  returned: always
  type: list
  elements: str
  sample: ["create veth app1 with veth eth0 in app1"]
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
from ..module_utils.face.spec import LINK, MAC, MASTER, STATE


def main() -> None:
    spec = {**LINK, **STATE, **MAC, **MASTER, "peer": {"type": "dict", "options": {**LINK, **MAC, **MASTER}}}
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    run_link(module, "veth")


if __name__ == "__main__":
    main()
