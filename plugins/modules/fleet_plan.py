#!/usr/bin/python
# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet_plan
short_description: Plan the networks of a whole fleet
version_added: 0.1.0
description:
  - Reads the declarations of all hosts of the inventory, whatever C(--limit) says, checks them together, gives what they leave open from the ledger, and
    lays down each host's slice on the controller.
  - It runs on the controller, once for the play (C(run_once)), and connects to no host.
  - The fleet is every host that has a variable C(cnm_networks), C(cnm_sandboxes), C(cnm_networks__ANYTHING) or C(cnm_sandboxes__ANYTHING).
    Settings of the fleet are the variables that the role P(mooring.cnm.topology#role) documents.
  - What the ledger gave never moves while it is declared. What left the declaration is freed.
author:
  - mooring.cnm contributors (@mooring)
options:
  look:
    description: The variable in which each host's result of M(mooring.cnm.topology_info) was registered.
    type: str
    default: host__look
  allocate:
    description: Whether something new may be given. Without, what the ledger does not have is a problem, and the ledger is left as it is.
    type: bool
    default: true
extends_documentation_fragment:
  - mooring.cnm.attributes
  - mooring.cnm.attributes.controller
seealso:
  - module: mooring.cnm.topology
"""

EXAMPLES = r"""
- name: Look at the hosts
  mooring.cnm.topology_info:
    gather: [reserved]
  register: host__look

- name: Plan the fleet
  mooring.cnm.fleet_plan:
  register: fleet
  run_once: true

- name: Show which subnet the ledger gave to a network
  ansible.builtin.debug:
    msg: "{{ fleet.networks[inventory_hostname].frontend.ipam.config[0].subnet }}"

- name: Check a declaration in continuous integration, where no host can be reached
  mooring.cnm.fleet_plan:
    allocate: false
  run_once: true
  check_mode: true
"""

RETURN = r"""
problems:
  description: Everything that is wrong with the declaration. The task fails where there is any.
  returned: always
  type: list
  elements: dict
  contains:
    host: {description: The host that it concerns; empty for all., type: str}
    path: {description: Where the value stands in the variables., type: str}
    value: {description: The value as it was given., type: str}
    message: {description: What is wrong and what would be right., type: str}
networks:
  description: The networks of each host by name, with what the ledger gave.
  returned: always
  type: dict
  sample: {node1: {frontend: {driver: bridge, ipam: {config: [{subnet: 172.20.0.0/24, gateway: 172.20.0.1}]}}}}
plan:
  description: The folder with the plan on the controller. It lasts as long as the run of Ansible.
  returned: success
  type: str
"""
