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
        while namespaces.HELD:
            os.close(namespaces.HELD.popitem()[1])


def hold_places(declared: AbstractSet[str], fleet: str, known: Collection[int]) -> None:
    """Hold the namespaces at the paths that are ``declared``, as far as they are there, and those in which a leg of ``fleet`` stands that nothing leads to,
    and whose parent is on this host.

    The parent tells it from a leg of another host that is simulated on this one. known: inodes of namespaces that are looked into anyway.
    """
    if declared:
        _hold_declared(declared)
    seen = {*known, *(os.fstat(handle).st_ino for handle in namespaces.HELD.values())}
    found: dict[int, list[str]] = {}
    with namespaces.journey() as way:
        for path in _paths():
            # Processes end, and their namespaces with them; or they go on into another one.
            with contextlib.suppress(OSError):
                inode = os.stat(path).st_ino
                if inode in found:
                    found[inode].append(path)
                elif inode not in seen:
                    way.go(path, inode)
                    seen.add(inode)
                    if _has_leg(fleet, way.home):
                        found[inode] = [path]
    for inode, paths in found.items():
        _hold_one(inode, paths)


def _hold_declared(declared: AbstractSet[str]) -> None:
    from .held import open_many  # few hosts have one

    open_many()
    for path in sorted(declared - namespaces.HELD.keys()):
        with contextlib.suppress(FileNotFoundError):
            namespaces.HELD[path] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def _hold_one(inode: int, paths: list[str]) -> None:
    """Hold the namespace of this inode by the first of its paths that still leads there: some may be those of passers-by."""
    for path in paths:
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            if os.fstat(handle).st_ino == inode:
                namespaces.HELD[path] = handle
                return
            os.close(handle)


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
