# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands on a parent and keeps others from it: it has to go before they come, or gives them first what they need.

The kernel has no two macvlans with one MAC up on a parent (macvlan_addr_busy), no two ipvlans with one address (ipvlan_addr_busy), and one kind of
them, or one macvlan of mode passthru, on each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from .difference import another_thing
from .objects import Address, Key, Link, Object

# What cannot be on a parent beside a link of each kind.
_OTHERS = {"macvlan": ("ipvlan", "passthru"), "ipvlan": ("macvlan", "passthru"), "passthru": ("ipvlan", "macvlan", "passthru")}
Place = tuple[str, str]


def in_the_way(stands: Mapping[Key, Object], wanted: Mapping[Key, Object]) -> tuple[set[Key], dict[str, int]]:
    """The links of ``stands`` that have to go, since they hold what another link of ``wanted``, which does not hold it yet, needs on the same parent.

    Those that only change, and so give away a MAC or an address, stay. Then it is the turn of their namespace before that of who takes it: the second
    part of the result, where two that exchange something have none.
    """
    held = set(_needs(stands.values()))
    needed: dict[tuple[Place, str], set[Key]] = {}
    for key, parent, what in set(_needs(wanted.values())) - held:
        needed.setdefault((parent, what), set()).add(key)
    hindrances = {
        (key, what, taker) for key, parent, what in held for other in _OTHERS.get(what, (what,)) for taker in needed.get((parent, other), set()) - {key}
    }
    giving = {key for key, what, _taker in hindrances if what not in _OTHERS and key in wanted and not another_thing(stands[key], wanted[key])}
    # What is made on the host comes up at once, and within one namespace there is one turn for all.
    handed = {(key[1], taker[1]) for key, _what, taker in hindrances if key in giving and taker[1] not in ("", key[1])}
    turns = _turns(handed)
    stays = {(key, taker) for key, _what, taker in hindrances if key in giving and (key[1], taker[1]) in handed and {key[1], taker[1]} <= turns.keys()}
    return {key for key, _what, taker in hindrances if (key, taker) not in stays}, turns


def _turns(handed: set[tuple[str, str]]) -> dict[str, int]:
    """By namespace, when it is its turn, so that who gives comes before who takes."""
    turns: dict[str, int] = {}
    left = {netns for pair in handed for netns in pair}
    while free := {netns for netns in left if not any(taker == netns and giver in left for giver, taker in handed)}:
        turns.update(dict.fromkeys(free, len(turns)))
        left -= free
    return turns


def _needs(objects: Collection[Object]) -> Iterator[tuple[Key, Place, str]]:
    """Each link and its parent with what it takes of that: a kind, or the whole, and the MAC of a macvlan, the addresses of an ipvlan."""
    ipvlans: dict[Key, Place] = {}
    for one in objects:
        if isinstance(one, Link) and one.parent is not None and one.kind in _OTHERS:
            yield one.key, one.parent, "passthru" if ("mode", "passthru") in one.options else one.kind
            if one.kind == "ipvlan":
                ipvlans[one.key] = one.parent
            elif one.mac:
                yield one.key, one.parent, one.mac
    for one in objects if ipvlans else ():
        if isinstance(one, Address) and ("link", one.netns, one.link) in ipvlans:
            key = ("link", one.netns, one.link)
            yield key, ipvlans[key], one.address.partition("/")[0]
