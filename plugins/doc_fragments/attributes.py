# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The attributes that every module of this collection has; a module states its own where it differs."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/mooring.cnm.cnm) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - mooring.cnm.cnm
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: full
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: full
  platform:
    description: Target OS or families that can be operated against.
    platforms: linux
    support: full
"""

    # Reads only: nothing changes, so there is nothing to show.
    INFO = r"""
options: {}
attributes:
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: none
    details: This module changes nothing.
"""

    # Runs on the controller and connects to no host.
    CONTROLLER = r"""
options: {}
attributes:
  action:
    description: Has a corresponding action plugin so some parts of the options can be executed on the controller.
    support: full
  connection:
    description: Uses the target's configured connection information to execute code on it.
    support: none
    details: This action works on the controller alone.
"""
