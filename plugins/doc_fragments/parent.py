# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interface that another one rests on."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  parent:
    description: The interface that it rests on. To another one it cannot be moved, so it is made anew there, with its MAC address and addresses.
    type: str
  parent_netns:
    description:
      - The namespace of O(parent). Empty for the host's own, which is the default.
      - Given alone, without O(parent), it means something for a vxlan only.
    type: str
"""
