# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another Python for a module: messages to the kernel are made with pyroute2, which the one that Ansible has chosen may lack."""

from __future__ import annotations

import sys

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.common import respawn


def go_on_elsewhere(module: AnsibleModule) -> None:
    """End the module with what it says under an interpreter that has pyroute2, or without one."""
    if not respawn.has_respawned():
        others = [path for path in ("/usr/bin/python3", "/usr/libexec/platform-python") if path != sys.executable]
        other = respawn.probe_interpreters_for_module(others, "pyroute2")
        if other:
            respawn.respawn_module(other)
    module.fail_json(msg=missing_required_lib("pyroute2"), problems=[], before={}, after={}, ops=[])
