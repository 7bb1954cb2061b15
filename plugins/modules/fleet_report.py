#!/usr/bin/python
# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet_report
short_description: Gather what all hosts said into one report
version_added: 0.1.0
description:
  - Reads the registered results of an earlier task of all hosts, prints one report, and fails where it is bad news. Nothing after it is done on any host then.
  - It runs on the controller, once for the play (C(run_once)), and connects to no host.
author:
  - mooring.cnm contributors (@mooring)
options:
  stage:
    description:
      - With V(declared), variables are refused that begin with C(cnm_) and that the collection does not have, and an inventory that declares nothing.
      - With V(preflight), every problem that M(mooring.cnm.topology) found in check mode is listed.
      - With V(drift), every step is listed that it would have to do.
      - With V(stale), the hosts of the fleet are named that this play could not reach, or that failed in it. This alone does not fail.
    type: str
    required: true
    choices: [declared, preflight, drift, stale]
  register:
    description: The variable in which the results were registered. Required for V(stage=preflight) and V(stage=drift).
      With V(stage=stale), the results of M(mooring.cnm.topology), where O(plan) is given.
    type: str
  plan:
    description: The folder with the plan, as M(mooring.cnm.fleet_plan) returns it. With it V(stage=stale) names the hosts that were left out and do
      not know yet what has changed on an overlay that they are on.
    type: path
extends_documentation_fragment:
  - mooring.cnm.attributes
  - mooring.cnm.attributes.controller
"""

EXAMPLES = r"""
- name: Check on every host what would be done
  mooring.cnm.topology:
    plan: "{{ fleet.plan }}"
  check_mode: true
  register: preflight
  failed_when: false

- name: Refuse what cannot work anywhere before anything is changed
  mooring.cnm.fleet_report:
    stage: preflight
    register: preflight
  run_once: true
"""

RETURN = r"""
problems:
  description: Everything that is wrong on any host.
  returned: always
  type: list
  elements: dict
  contains:
    host: {description: The host that it concerns., type: str}
    path: {description: Where the value stands in the variables., type: str}
    value: {description: The value as it was given., type: str}
    message: {description: What is wrong and what would be right., type: str}
"""
