# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The road of the modules for links, and of vxlan_peers."""

from __future__ import annotations

from ..state.objects import HostState
from .look import look
from .run import Face, Shown
from .shown import shown_link, shown_peers
from .told import Params, Told, told_link, told_peers
from .wish import missing, refusals, wish


def link_face(kind: str, params: Params) -> Face:
    """That of the module for links of this kind."""
    return _face(told_link(kind, params))


def peers_face(params: Params) -> Face:
    """That of vxlan_peers."""
    return _face(told_peers(params))


def _face(told: Told) -> Face:
    def shown(state: HostState) -> Shown:
        return shown_link(told, state) if told.links else shown_peers(told, state)

    return Face(
        told.problems,
        lambda: look(told),
        lambda stands: wish(told, stands),
        lambda stands: refusals(told, stands),
        lambda stands: missing(told, stands),
        shown,
    )
