# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands on a parent and keeps others from it, so that it has to go before they come.

The kernel has no two macvlans with one MAC up on a parent (macvlan_addr_busy), no two ipvlans with one address (ipvlan_addr_busy), and one kind of
them, or one macvlan of mode passthru, on each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .objects import Address, Key, Link, Object

# What cannot be on a parent beside a link of each kind.
_OTHERS = {"macvlan": ("ipvlan", "passthru"), "ipvlan": ("macvlan", "passthru"), "passthru": ("ipvlan", "macvlan", "passthru")}
Place = tuple[str, str]


def in_the_way(stands: Mapping[Key, Object], wanted: Mapping[Key, Object]) -> set[Key]:
    """The links of ``stands`` that hold what another link of ``wanted``, which does not hold it yet, needs on the same parent."""
    if not any(_rests_with_others(one) for one in stands.values()):
        return set()
    held = set(_needs(stands.values()))
    needed: dict[tuple[Place, str], set[Key]] = {}
    for key, parent, what in set(_needs(wanted.values())) - held:
        needed.setdefault((parent, what), set()).add(key)
    return {key for key, parent, what in held for other in _OTHERS.get(what, (what,)) if needed.get((parent, other), set()) - {key}} if needed else set()


def _rests_with_others(one: Object) -> bool:
    return isinstance(one, Link) and one.kind in _OTHERS and one.parent is not None


def _needs(objects: Iterable[Object]) -> Iterator[tuple[Key, Place, str]]:
    """Each link and its parent with what it takes of that: a kind, or the whole, and the MAC of a macvlan, the addresses of an ipvlan."""
    ipvlans: dict[Key, Place] = {}
    held = list(objects)
    for one in held:
        if isinstance(one, Link) and one.parent is not None and _rests_with_others(one):
            yield one.key, one.parent, "passthru" if ("mode", "passthru") in one.options else one.kind
            if one.kind == "ipvlan":
                ipvlans[one.key] = one.parent
            elif one.mac:
                yield one.key, one.parent, one.mac
    for one in held if ipvlans else ():
        if isinstance(one, Address) and ("link", one.netns, one.link) in ipvlans:
            key = ("link", one.netns, one.link)
            yield key, ipvlans[key], one.address.partition("/")[0]
