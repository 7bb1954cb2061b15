# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The road of the module netns: a named network namespace with its lo up."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from ..aim import Aim
from ..kernel import namespaces
from ..kernel.dumps import LO, read_links
from ..kernel.netlink import RouteSocket
from ..model.problem import Problem
from ..runner import run
from ..state.objects import HostState, Key, Namespace, Object
from ..state.tag import read_tag

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def run_space(module: AnsibleModule) -> None:
    """That of netns."""
    name, present = module.params["name"], module.params["state"] == "present"
    wanted = Namespace(name)
    aim = Aim(
        look=lambda _ours: _look(name, present),
        wish=lambda _stands: HostState({wanted.key: wanted}, frozenset([wanted.key])) if present else HostState(),
        hindrances=lambda stands: _refusals(name, stands),
    )
    run(module, "module netns", lambda: (aim, _problems(name)), lambda state: {"name": name, "state": "present" if wanted.key in state.objects else "absent"})


def _problems(name: str) -> list[Problem]:
    if re.fullmatch(r"[^/\s]{1,255}", name) and name not in (".", ".."):
        return []
    return [Problem("", "name", name, "the name of a namespace is that of a file in /run/netns: 1 to 255 bytes without blanks and '/'")]


def _look(name: str, present: bool) -> HostState:
    """The namespace of this name, and where it is to go, what goes with it. With one of several names goes the name alone."""
    names = namespaces.names()
    if name not in names:
        return HostState()
    with namespaces.inside(name), RouteSocket() as netlink:
        lo = next(link for link in read_links(netlink) if link.index == LO)
    one = Namespace(name, lo.alias, up=lo.up)
    objects: dict[Key, Object] = {one.key: one}
    if not present and [*names.values(), os.stat(namespaces.OWN).st_ino].count(names[name]) == 1:
        from .inside import all_that_goes_with

        objects.update(all_that_goes_with(one, {inode: each for each, inode in names.items()}.values()))
    return HostState(objects, frozenset(objects))


def _refusals(name: str, stands: HostState) -> list[Problem]:
    owners = [read_tag(getattr(one, "tag", None)) for one in stands.objects.values()]
    owner = next((owner for owner in owners if owner is not None), None)
    if owner is None:
        return []
    its = "the namespace was" if read_tag(getattr(stands.objects[("namespace", name)], "tag", None)) else "the namespace has an interface that was"
    message = f"{its} made by a topology, for {owner.purpose} of fleet {owner.fleet}: change it in the declaration, or choose another name"
    return [Problem("", "name", name, message)]
