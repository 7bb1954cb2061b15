# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The road of the module netns: a named network namespace with its lo up."""

from __future__ import annotations

import re

from ..kernel import namespaces
from ..kernel.dumps import read_links
from ..kernel.netlink import RouteSocket
from ..model.problem import Problem
from ..state.objects import HostState, Key, Link, Namespace, Object
from ..state.tag import read_tag
from .run import Face


def space_face(name: str, present: bool) -> Face:
    """That of netns."""
    wanted = Namespace(name)
    return Face(
        _problems(name),
        lambda: _look(name),
        lambda stands: HostState({**stands.objects, wanted.key: wanted}) if present else HostState(),
        lambda stands: _refusals(name, stands),
        lambda _stands: [],
        lambda state: {"name": name, "state": "present" if wanted.key in state.objects else "absent"},
    )


def _problems(name: str) -> list[Problem]:
    if re.fullmatch(r"[^/\s]{1,255}", name) and name not in (".", ".."):
        return []
    return [Problem("", "name", name, "the name of a namespace is that of a file in /run/netns: 1 to 255 bytes without blanks and '/'")]


def _look(name: str) -> HostState:
    if name not in namespaces.names():
        return HostState()
    with namespaces.inside(name), RouteSocket() as netlink:
        links = read_links(netlink)
    lo = next(link for link in links if link.name == "lo")
    objects: dict[Key, Object] = {("namespace", name): Namespace(name, lo.alias, up=lo.up)}
    # Those that have to go before their namespace.
    vxlans = [Link(name, link.name, link.kind, tag=link.alias) for link in links if link.kind == "vxlan"]
    objects.update({link.key: link for link in vxlans})
    return HostState(objects, frozenset(objects))


def _refusals(name: str, stands: HostState) -> list[Problem]:
    owners = [read_tag(getattr(one, "tag", None)) for one in stands.objects.values()]
    owner = next((owner for owner in owners if owner is not None), None)
    if owner is None:
        return []
    message = f"the namespace was made by a topology, for {owner.purpose} of fleet {owner.fleet}: change it in the declaration, or choose another name"
    return [Problem("", "name", name, message)]
