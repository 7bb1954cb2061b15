# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in the way, as a problem. Few runs have one."""

from __future__ import annotations

from .model.problem import Problem
from .state.engine import EngineNetwork, is_in_the_way
from .state.objects import HostState, Object
from .state.tag import read_tag
from .state.words import name_of


def clash(stands: Object, wanted: HostState) -> Problem:
    """The problem that something of somebody else's stands where ours should, or holds fast what is ours."""
    if isinstance(stands, EngineNetwork):
        return Problem("", f"cnm_networks.{stands.name}.docker_network", "", is_in_the_way(stands))
    owner, path = read_tag(getattr(wanted.objects[stands.key], "tag", None)), stands.key[-1]
    if stands.key[0] == "namespace":
        path = f"cnm_sandboxes.{path}"
    elif owner is not None:
        path = f"cnm_sandboxes.{owner.sandbox}" if owner.sandbox else f"cnm_networks.{owner.network}"
    message = f"the {name_of(stands)} is on this host already and was not made by this fleet, so it is left alone: remove it, or choose another name"
    return Problem("", path, "", message)
