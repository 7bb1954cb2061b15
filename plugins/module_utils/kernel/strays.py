# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces of others that have a leg of ours which nothing on the host leads to: a macvlan or ipvlan is not seen from its parent."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator

from ..state.tag import LINK_GROUP, read_tag
from . import namespaces
from .dumps import SeenLink, read_links
from .netlink import RouteSocket
from .tables import read_namespace_number

_KINDS = ("macvlan", "ipvlan")


def stray_places(fleet: str, known: Collection[int]) -> dict[str, int]:
    """The paths of namespaces in which such a leg of ``fleet`` stands, whose parent is on this host, each with the inode behind it.

    The parent tells it from a leg of another host that is simulated on this one. known: inodes of namespaces that are looked into anyway.
    """
    found, seen = {}, set(known)
    with namespaces.journey() as way:
        for path, inode in _places():
            if inode in seen:
                continue
            # Processes end, and their namespaces with them; or they go on into others, as this one does here.
            with contextlib.suppress(OSError):
                way.go(path, inode)
                seen.add(inode)
                if _has_leg(fleet, way.home):
                    found[path] = inode
    return found


def _places() -> Iterator[tuple[str, int]]:
    """Every path to a namespace by its name or by a process, with the inode behind it."""
    for name, inode in sorted(namespaces.names().items()):
        yield namespaces.path_of(name), inode
    for process in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        path = f"/proc/{process}/ns/net"
        try:
            inode = os.stat(path).st_ino
        except OSError:
            continue
        yield path, inode


def _has_leg(fleet: str, home: int) -> bool:
    """Whether there is one in the namespace that this thread is in."""
    with RouteSocket() as netlink:
        numbers = {link.netnsid for link in read_links(netlink, _KINDS) if link.netnsid >= 0 and _is_leg(link, fleet)}
        return bool(numbers) and read_namespace_number(netlink, home) in numbers


def _is_leg(link: SeenLink, fleet: str) -> bool:
    owner = read_tag(link.alias)
    return link.kind in _KINDS and link.group == LINK_GROUP and owner is not None and owner.fleet == fleet
