# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces of others that a run looks into, and holds meanwhile: those that are declared, and those that have a leg of ours which nothing on the host
leads to, since a macvlan or ipvlan is not seen from its parent.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet

from ..state.tag import LINK_GROUP, read_tag
from . import namespaces
from .dumps import SeenLink, read_links
from .netlink import RouteSocket
from .tables import read_namespace_number

_KINDS = ("macvlan", "ipvlan")


@contextlib.contextmanager
def holding() -> Iterator[None]:
    """Let go of what is held at the end of the block. The process of a module needs none: it ends with its run."""
    try:
        yield
    finally:
        for path in tuple(namespaces.HELD):
            let_go(path)


def hold(path: str) -> int:
    """Hold what is at ``path`` now, whatever was held there before. Its descriptor. Raises OSError."""
    from .held import open_many  # few hosts have one

    open_many()
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    let_go(path)
    namespaces.HELD[path] = handle
    return handle


def let_go(path: str) -> None:
    if path in namespaces.HELD:
        os.close(namespaces.HELD.pop(path))


def hold_places(declared: AbstractSet[str], fleet: str, known: Collection[int]) -> list[str]:
    """Hold the namespaces at the paths that are ``declared``, as far as they are there, and those in which a leg of ``fleet`` stands that nothing leads to,
    and whose parent is on this host. The paths of them all.

    The parent tells it from a leg of another host that is simulated on this one. known: inodes of namespaces that are looked into anyway.
    """
    for path in sorted(declared - namespaces.HELD.keys()):
        with contextlib.suppress(FileNotFoundError):
            hold(path)
    there = sorted(declared & namespaces.HELD.keys())
    seen = {*known, *(os.stat(namespaces.HELD[path]).st_ino for path in there)}
    found: dict[int, list[str]] = {}
    with namespaces.journey() as way:
        # What was found by an earlier look comes first, and stays what it was.
        for path in (*namespaces.HELD, *_paths()):
            # Processes end, and their namespaces with them; or they go on into another one.
            with contextlib.suppress(OSError):
                inode = os.stat(namespaces.HELD.get(path, path)).st_ino
                if inode in found:
                    found[inode].append(path)
                elif inode not in seen:
                    way.go(path, inode)
                    seen.add(inode)
                    if _has_leg(fleet, way.home):
                        found[inode] = [path]
    return [*there, *filter(None, (_hold_one(inode, paths) for inode, paths in found.items()))]


def _hold_one(inode: int, paths: list[str]) -> str:
    """Hold the namespace of this inode by the first of its paths that still leads there: some may be those of passers-by. That path; empty where none does."""
    for path in paths:
        with contextlib.suppress(OSError):
            if path in namespaces.HELD or os.fstat(hold(path)).st_ino == inode:
                return path
            let_go(path)
    return ""


def _paths() -> Iterator[str]:
    """Every path to a namespace, by its name or by a process."""
    yield from (namespaces.path_of(name) for name in sorted(namespaces.names()))
    yield from (f"/proc/{process}/ns/net" for process in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()))


def _has_leg(fleet: str, home: int) -> bool:
    """Whether there is one in the namespace that this thread is in."""
    with RouteSocket() as netlink:
        numbers = {link.netnsid for link in read_links(netlink, _KINDS) if link.netnsid >= 0 and _is_leg(link, fleet)}
        return bool(numbers) and read_namespace_number(netlink, home) in numbers


def _is_leg(link: SeenLink, fleet: str) -> bool:
    owner = read_tag(link.alias)
    return link.kind in _KINDS and link.group == LINK_GROUP and owner is not None and owner.fleet == fleet
