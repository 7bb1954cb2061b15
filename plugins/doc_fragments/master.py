# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bridge that an interface is a port of."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  master:
    description: The bridge that it is a port of, or the VRF, in the same namespace. Empty for none. The kernel takes an ipvlan into a VRF, but into no bridge.
    type: str
"""
