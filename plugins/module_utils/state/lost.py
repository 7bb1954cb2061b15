# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel takes away by itself when something else goes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace

from .objects import Address, Key, Link, Namespace, Object, Route


def lost_with(gone: AbstractSet[Key], objects: Collection[Object]) -> set[Key]:
    """What of ``objects`` is not there any more when ``gone`` is not, with ``gone`` itself: what is in a namespace, the other end
    of a pair, what rests on a link or stands on it, and again what rests on that.
    """
    lost = set(gone)
    links = [one for one in objects if isinstance(one, Link)] if gone else []
    more = lost
    while more:
        more = {one.key for one in links if one.key not in lost and rests_on(one, lost)}
        lost |= more
    return lost | {one.key for one in objects if not isinstance(one, Link) and rests_on(one, lost)} if gone else lost


def rests_on(one: Object, gone: AbstractSet[Key]) -> bool:
    """Whether ``one`` vanishes with something in ``gone``, by itself."""
    if isinstance(one, Namespace):
        return False
    netns = getattr(one, "netns", "")
    if netns and ("namespace", netns) in gone:
        return True
    if not isinstance(one, Link):
        link = getattr(one, "link", None)
        return link is not None and ("link", netns, link) in gone
    footings = [footing for footing in (one.peer, one.parent) if footing is not None]
    return any(("link", *footing) in gone or (footing[0] and ("namespace", footing[0]) in gone) for footing in footings)


def without(objects: Mapping[Key, Object], taken: Iterable[Object]) -> dict[Key, Object]:
    """``objects`` where somebody else has ``taken`` some: without those and all that rests on them. A port of a bridge that was taken stays as it is."""
    gone = lost_with({one.key for one in taken}, objects.values())
    left = {key: one for key, one in objects.items() if key not in gone}
    ports = [one for one in left.values() if isinstance(one, Link) and one.master and ("link", one.netns, one.master) in gone]
    return {**left, **{one.key: replace(one, master=None, port=()) for one in ports}}


def lost_routes(stood: Iterable[Object], left: Iterable[Object]) -> set[Key]:
    """The routes in ``left`` through links that had an IPv4 address in ``stood`` and have none any more: with the last one the kernel
    switches IPv4 off on a link (``fib_disable_ip``).
    """
    remaining = list(left)
    bare = _links_with_address(stood) - _links_with_address(remaining)
    return {one.key for one in remaining if isinstance(one, Route) and ":" not in one.destination and (one.netns, one.link) in bare} if bare else set()


def _links_with_address(objects: Iterable[Object]) -> set[tuple[str, str | None]]:
    return {(one.netns, one.link) for one in objects if isinstance(one, Address) and ":" not in one.address}
