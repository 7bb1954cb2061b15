# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What link_info and netns_info tell: all links of a namespace, and all named namespaces, whoever made them."""

from __future__ import annotations

import contextlib
from typing import Any

from ..kernel import namespaces
from ..kernel.dumps import LO, SeenLink, read_links
from ..kernel.netlink import RouteSocket
from ..state.objects import HostState, Key, Link, Object
from ..state.tag import read_tag
from .look import look
from .shown import Shown, link_options
from .told import Told


def links_in(netns: str, names: list[str] | None) -> list[Shown]:
    """The links of a namespace, sorted by name, as their modules have options for them, with what else is known. names: only these."""
    told = Told("vxlan", False, ground=[Link(netns, "", "")])
    every = [one for one in look(told, {}).objects.values() if isinstance(one, Link) and one.netns == netns]
    told.ground = [one for one in every if names is None or one.name in names]
    state = look(told, {})
    with namespaces.inside(netns), RouteSocket() as netlink:
        seen = {link.name: link for link in read_links(netlink)}
    return [_link(one, seen[one.name], state) for one in sorted(told.ground, key=lambda link: link.name) if one.name in seen]


def _link(one: Link, seen: SeenLink, state: HostState) -> Shown:
    objects: dict[Key, Object] = state.objects
    peer = {"peer": {"netns": one.peer[0], "name": one.peer[1]}} if one.peer and one.peer[1] else {}
    return {
        **link_options(one, HostState(objects)),
        **peer,
        "kind": one.kind,
        "master": one.master or "",
        "index": seen.index,
        "mac_address": one.mac or "",
        "altnames": sorted(seen.altnames),
        "alias": seen.alias or "",
        **_owner(seen.alias),
    }


def spaces() -> list[Shown]:
    """The named namespaces, sorted, with the names of their links. One namespace can have several names."""
    found: list[Shown] = []
    for name, inode in sorted(namespaces.names().items()):
        with contextlib.suppress(namespaces.Gone), namespaces.inside(name, inode), RouteSocket() as netlink:
            links = read_links(netlink)
            alias = next(link.alias for link in links if link.index == LO)
            found.append({"name": name, "path": namespaces.path_of(name), "inode": inode, "links": sorted(link.name for link in links), **_owner(alias)})
    return found


def _owner(alias: str | None) -> dict[str, Any]:
    owner = read_tag(alias)
    return {"fleet": owner.fleet if owner else "", "network": owner.network if owner else "", "sandbox": owner.sandbox if owner else ""}
