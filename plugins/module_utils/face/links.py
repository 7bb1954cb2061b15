# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules for links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .run import run_told
from .shown import shown_link
from .told import told_link
from .wish import wish

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def run_link(module: AnsibleModule, kind: str) -> None:
    """The whole run of the module for links of this kind."""
    told = told_link(kind, module.params)
    run_told(module, kind, told, lambda stands: wish(told, stands), lambda state: shown_link(told, state))
