#!/usr/bin/python
# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: bridge
short_description: Make, change or remove a bridge
version_added: 0.1.0
description:
  - A bridge with its options, ports, addresses and routes. Whatever is left out is left alone, and what differs is changed in place.
  - It acts on what it is told by name, whoever made that, and on nothing else. It writes no mark. What a topology has made
    (M(mooring.cnm.topology)) it refuses to touch.
author:
  - mooring.cnm contributors (@mooring)
options:
  stp:
    description: Whether it speaks the spanning tree protocol.
    type: bool
  forward_delay:
    description: How long a port listens and learns before it forwards, in hundredths of a second, as C(ip link) counts.
    type: int
  ageing:
    description: After which time it forgets a MAC address, in hundredths of a second, as C(ip link) counts.
    type: int
    aliases: [ageing_time]
  priority:
    description: Its priority in the spanning tree.
    type: int
  vlan_filtering:
    description: Whether it keeps VLANs apart.
    type: bool
  mcast_snooping:
    description: Whether it sends multicast only where somebody asked for it.
    type: bool
  ports:
    description:
      - The ports of the bridge, all of them. An interface that is not listed is taken out of the bridge, and left as it is.
      - Left out, they are left alone; an empty list means none.
    type: list
    elements: dict
    suboptions:
      name: {description: "The interface, which stands already, in the bridge's namespace.", type: str, required: true}
      hairpin: {description: Whether a frame may leave through the port that it came by., type: bool}
      isolated: {description: Whether it is kept apart from other isolated ports., type: bool}
      learning: {description: Whether the bridge learns MAC addresses from it., type: bool}
      neigh_suppress: {description: Whether the bridge answers ARP and neighbour requests itself instead of sending them here., type: bool}
      flood: {description: Whether frames for MAC addresses that the bridge does not know are sent here., type: bool}
      mcast_flood: {description: "The same for multicast.", type: bool}
      bcast_flood: {description: "The same for broadcast.", type: bool}
extends_documentation_fragment:
  - mooring.cnm.attributes
  - mooring.cnm.link
  - mooring.cnm.mac_address
  - mooring.cnm.addresses
  - mooring.cnm.routes
requirements:
  - pyroute2 >= 0.7.2 (where something must change)
seealso:
  - module: mooring.cnm.link_info
  - module: mooring.cnm.netns_info
"""

EXAMPLES = r"""
- name: A bridge with an address
  mooring.cnm.bridge:
    name: br-app
    addresses: [192.0.2.1/24, "2001:db8::1/64"]
    mcast_snooping: false

- name: Two ports, which do not see each other
  mooring.cnm.bridge:
    name: br-app
    ports:
      - {name: app1, isolated: true}
      - {name: app2, isolated: true}

- name: It is gone; its ports stand
  mooring.cnm.bridge:
    name: br-app
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
  sample: {name: br-app, netns: "", state: present, up: true, addresses: [192.0.2.1/24]}
ops:
  description: What was done or, in check mode, would be, in order. Check mode and the run give the same.
  returned: always
  type: list
  elements: str
  sample: ["create bridge br-app", "add address 192.0.2.1/24 on br-app", "change bridge br-app: up from no to yes"]
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
from ..module_utils.face.spec import LINK, MAC, PORTS, STATE, kind_spec


def main() -> None:
    spec = {**LINK, **STATE, **MAC, **PORTS, **kind_spec("bridge")}
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    run_link(module, "bridge")


if __name__ == "__main__":
    main()
