# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a module is told to its result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from ..aim import Aim
from ..runner import run
from ..state.objects import HostState
from .look import look
from .told import Told
from .wish import assumed, missing, refusals

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def run_told(module: AnsibleModule, name: str, told: Told, wished: Callable[[HostState], HostState], shown: Callable[[HostState], dict[str, Any]]) -> None:
    """What a module was told is looked at, brought to what is wished for, and shown."""
    aim = Aim(
        look=lambda ours: look(told, ours),
        wish=wished,
        hindrances=lambda stands: refusals(told, stands),
        missing=lambda stands: missing(told, stands),
        assumed=lambda stands: assumed(told, stands),
    )
    run(module, f"module {name}", lambda: (aim, told.problems), shown)
