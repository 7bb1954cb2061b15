#!/usr/bin/python
# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: link_info
short_description: Show the interfaces of a network namespace
version_added: 0.1.0
description:
  - All interfaces of a namespace with their addresses, routes and options, in the words of the modules that make them, whoever made them.
author:
  - mooring.cnm contributors (@mooring)
options:
  netns:
    description: The network namespace, by its name or by a path. Empty for the host's own.
    type: str
    default: ""
  names:
    description: Only these interfaces. One that does not exist is left out of the result.
    type: list
    elements: str
extends_documentation_fragment:
  - mooring.cnm.attributes
  - mooring.cnm.attributes.info
seealso:
  - module: mooring.cnm.netns_info
  - module: mooring.cnm.topology_info
"""

EXAMPLES = r"""
- name: What is in the namespace web
  mooring.cnm.link_info:
    netns: web
  register: web

- name: It has an address
  ansible.builtin.assert:
    that: web.links | selectattr('name', 'eq', 'eth0') | map(attribute='addresses') | flatten | length > 0
"""

RETURN = r"""
links:
  description: The interfaces, sorted by name.
  returned: always
  type: list
  elements: dict
  contains:
    name: {description: Its name., type: str}
    netns: {description: "The namespace, as it was asked for.", type: str}
    kind: {description: "What it is (C(bridge), C(veth), C(vxlan), …); empty for one of hardware, and for C(lo).", type: str}
    index: {description: Its number in the namespace., type: int}
    up: {description: Whether it is up., type: bool}
    mtu: {description: The largest packet in bytes., type: int}
    mac_address: {description: Its MAC address., type: str}
    master: {description: The bridge that it is a port of., type: str}
    peer: {description: The other end of a pair (C(netns) and C(name)) where that is on the host or in the same namespace., type: dict}
    addresses: {description: "Its addresses, without link-local ones of IPv6.", type: list, elements: str}
    routes: {description: "The routes through it, without those that the kernel and daemons made.", type: list, elements: dict}
    altnames: {description: Its other names., type: list, elements: str}
    alias: {description: Its alias., type: str}
    fleet: {description: The fleet whose topology made it; empty for what others made., type: str}
    network: {description: The network that it serves there., type: str}
    sandbox: {description: The sandbox that it serves there., type: str}
  sample: [{name: eth0, netns: web, kind: veth, up: true, addresses: [192.0.2.11/24]}]
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils import bytecode  # noqa: F401  # pylint: disable=unused-import
from ..module_utils.face.info import links_in
from ..module_utils.state.fault import Fault


def main() -> None:
    module = AnsibleModule(
        argument_spec={"netns": {"type": "str", "default": ""}, "names": {"type": "list", "elements": "str"}},
        supports_check_mode=True,
    )
    try:
        module.exit_json(changed=False, links=links_in(module.params["netns"], module.params["names"]))
    except Fault as fault:
        module.fail_json(msg=str(fault))


if __name__ == "__main__":
    main()
