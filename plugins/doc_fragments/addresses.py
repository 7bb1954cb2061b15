# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses of an interface."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  addresses:
    description:
      - All IPv4 and IPv6 addresses of the interface with their prefix lengths, but for link-local ones, which the kernel makes itself.
      - Left out, they are left alone; an empty list removes them.
    type: list
    elements: str
"""
