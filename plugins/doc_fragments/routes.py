# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The routes through an interface."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  routes:
    description:
      - All routes that lead through the interface. Those that the kernel, router advertisements, DHCP or routing daemons made are theirs, and do not count.
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
"""
