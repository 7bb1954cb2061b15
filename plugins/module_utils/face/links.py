# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The road of the modules for links, and of vxlan_peers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from ..aim import Aim
from ..runner import run
from ..state.objects import HostState
from .look import look
from .shown import shown_link, shown_peers
from .told import Told, told_link, told_peers
from .wish import assumed, missing, refusals, wish

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def run_link(module: AnsibleModule, kind: str) -> None:
    """That of the module for links of this kind."""
    _run(module, kind, told_link(kind, module.params), shown_link)


def run_peers(module: AnsibleModule) -> None:
    """That of vxlan_peers."""
    _run(module, "vxlan_peers", told_peers(module.params), shown_peers)


def _run(module: AnsibleModule, name: str, told: Told, shown: Callable[[Told, HostState], dict[str, Any]]) -> None:
    aim = Aim(
        who=f"module {name}",
        look=lambda ours: look(told, ours),
        wish=lambda stands: wish(told, stands),
        hindrances=lambda stands: refusals(told, stands),
        missing=lambda stands: missing(told, stands),
        assumed=lambda stands: assumed(told, stands),
    )
    run(module, lambda: (aim, told.problems), lambda state: shown(told, state))
