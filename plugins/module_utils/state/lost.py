# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel takes away by itself when something else goes."""

from __future__ import annotations

from collections.abc import Iterable

from .objects import Address, Key, Object, Route


def lost_routes(stood: Iterable[Object], left: Iterable[Object]) -> set[Key]:
    """The routes in ``left`` through links that had an IPv4 address in ``stood`` and have none any more: with the last one the kernel
    switches IPv4 off on a link (``fib_disable_ip``).
    """
    remaining = list(left)
    bare = _links_with_address(stood) - _links_with_address(remaining)
    return {one.key for one in remaining if isinstance(one, Route) and (one.netns, one.link) in bare}


def _links_with_address(objects: Iterable[Object]) -> set[tuple[str, str | None]]:
    return {(one.netns, one.link) for one in objects if isinstance(one, Address) and ":" not in one.address}
