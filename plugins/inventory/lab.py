# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Yields the hosts of a lab."""

from __future__ import annotations

DOCUMENTATION = r"""
name: lab
short_description: Yield simulated hosts inside this machine
version_added: 0.1.0
description:
  - Yields V(node1), V(node2), … in group C(cnm_lab). M(mooring.cnm.lab) makes them, P(mooring.cnm.lab#connection) reaches them.
  - The file's name ends in C(lab.yml) or C(lab.yaml).
author:
  - mooring.cnm contributors (@mooring)
options:
  plugin:
    description: Names this plugin.
    type: str
    required: true
    choices: [mooring.cnm.lab]
  size:
    description: How many hosts there are.
    type: int
    default: 3
    env:
      - name: CNM_LAB_SIZE
seealso:
  - plugin: mooring.cnm.lab
    plugin_type: connection
"""

EXAMPLES = r"""
# Five hosts. Without a size there are as many as the environment says in CNM_LAB_SIZE, else three.
plugin: mooring.cnm.lab
size: 5
"""

from typing import Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin

from ..module_utils.lab.address import UNDERLAY

GROUP = "cnm_lab"


class InventoryModule(BaseInventoryPlugin):
    NAME = "mooring.cnm.lab"

    def verify_file(self, path: str) -> bool:
        return super().verify_file(path) and path.endswith(("lab.yml", "lab.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        size, largest = self.get_option("size"), UNDERLAY.num_addresses - 2
        if not 1 <= size <= largest:
            raise AnsibleParserError(f"A lab cannot have {size} hosts: set CNM_LAB_SIZE, or size in {path}, to a number from 1 to {largest}.")
        self.inventory.add_group(GROUP)
        self.inventory.set_variable(GROUP, "ansible_connection", "mooring.cnm.lab")
        self.inventory.set_variable(GROUP, "ansible_python_interpreter", "/usr/bin/python3")
        for number in range(1, size + 1):
            name = f"node{number}"
            self.inventory.add_host(name, group=GROUP)
            # Counted and not derived from the name: so no two of them can have the same one.
            self.inventory.set_variable(name, "ansible_host", str(UNDERLAY[number]))
