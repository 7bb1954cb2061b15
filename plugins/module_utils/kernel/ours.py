# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of that which was seen on a host is ours, and what of others' stands where ours should. Nothing is decided here but whose a thing is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ..state.entry import NEIGHBOURS, Entries
from ..state.objects import HostState, Key, Link, Object, Route, Sysctl
from ..state.queue import Queue, Redirect
from ..state.tag import LINK_GROUP, ROUTE_PROTOCOL, Tag, read_tag
from . import sysctls
from .dumps import LO, SeenLink
from .room import End, Room, addresses_of, link_of

# What goes with a link on the host when it is removed, and is needed to put it back.
_LINK_SETTINGS = {"bridge": ("net/ipv4/conf/{}/route_localnet",)}


@dataclass
class Picture:
    """What has been seen so far. routes: those that are wanted, by the place that they take. entries, queues: namespaces where such are wanted.

    places: paths of namespaces of others. bridges: those of networks of ours that a Docker engine knows: it makes them again where they are missing.
    """

    wanted: HostState
    fleet: str
    tree: sysctls.Tree
    places: set[str]
    routes: dict[tuple[str, str, int, int], Route] = field(default_factory=dict)
    entries: set[str] = field(default_factory=set)
    queues: set[str] = field(default_factory=set)
    links: dict[str, dict[int, SeenLink]] = field(default_factory=dict)
    peers: dict[End, tuple[str, str]] = field(default_factory=dict)
    bridges: set[str] = field(default_factory=set)
    objects: dict[Key, Object] = field(default_factory=dict)
    owned: set[Key] = field(default_factory=set)

    def add(self, one: Object, ours: bool) -> None:
        """Foreign objects matter only where ours should stand."""
        if ours or one.key in self.wanted.objects:
            self.objects[one.key] = one
        if ours:
            self.owned.add(one.key)

    def is_ours(self, tag: Tag | None) -> bool:
        return tag is not None and tag.fleet == self.fleet


def is_place(netns: str) -> bool:
    """Whether a namespace is somebody else's, where only what stands on our links is ours."""
    return netns.startswith("/")


def add_room(room: Room, picture: Picture) -> None:
    netns = room.netns
    ours: dict[int, Link] = {}
    for link in room.links.values():
        if link.index == LO:
            continue
        seen = link_of(room, link, picture.peers, picture.links)
        if _is_ours(link, picture):
            ours[link.index] = seen
            for name in _LINK_SETTINGS.get(link.kind, ()) if not netns else ():
                room.settings.setdefault(name.format(link.name), sysctls.read(picture.tree, name.format(link.name)))
            picture.add(seen, True)
            continue
        for name in (link.name, *link.altnames):  # the kernel gives no second link any of them
            picture.add(replace(seen, name=name), False)
    for one in addresses_of(room, {index: link.name for index, link in ours.items()}, picture.wanted.objects):
        picture.add(one, True)
    _add_routes(room, picture, ours)
    _add_entries(room, picture, ours)
    for queueing, is_ours in _queues(room, {index: link.name for index, link in ours.items()}):
        picture.add(queueing, is_ours or (isinstance(queueing, Queue) and queueing.key in picture.wanted.objects))
    for name, value in room.settings.items():
        if value is not None:
            picture.add(Sysctl(netns, name, value), True)


def add_footings(host: Room, picture: Picture) -> None:
    """Links of the host that something of ours rests on, or should: they are others', but what rests on them follows them."""
    resting = [one for one in (*picture.objects.values(), *picture.wanted.objects.values()) if isinstance(one, Link) and one.parent is not None]
    names = {one.parent[1] for one in resting if one.parent is not None and not one.parent[0]}
    for link in host.links.values() if names else ():
        seen = link_of(host, link, picture.peers, picture.links)
        if link.name in names:
            picture.objects.setdefault(seen.key, seen)


def _add_routes(room: Room, picture: Picture, ours: dict[int, Link]) -> None:
    """In a namespace of ours, whatever took the place of a declared route is drift; other people's own routes are theirs.

    On the host only what leads over a link of ours is ours, and another's route in the place of one is in its way.
    """
    for seen in room.routes:
        via = room.links.get(seen.index)
        wanted = picture.routes.get((room.netns, seen.destination, seen.metric, seen.table))
        one = Route(room.netns, seen.destination, seen.gateway or "", via.name if via else "", seen.metric, seen.table, seen.type)
        is_own = bool(room.netns) and not is_place(room.netns)
        if is_own or seen.index in ours or (wanted is not None and wanted.type != "unicast" and one.key == wanted.key):
            if seen.protocol == ROUTE_PROTOCOL or wanted is not None:
                picture.add(one, True)
        elif wanted is not None:
            picture.add(wanted, False)


def _add_entries(room: Room, picture: Picture, ours: dict[int, Link]) -> None:
    if not room.entries:
        return
    from .entries import tables_of

    for index, link in ours.items():
        wanted = picture.wanted.objects.get(("entries", room.netns, link.name, NEIGHBOURS))
        addresses = {address for address, _mac in wanted.pairs} if isinstance(wanted, Entries) else frozenset()
        for one in tables_of(room.entries, index, link, addresses.__contains__):
            picture.add(one, True)


def _is_ours(link: SeenLink, picture: Picture) -> bool:
    """A link with our group and no alias was not finished by a killed run: while we hold the lock nobody else is at work.

    A bridge that Docker has made again, for a network that it knows from us, is taken up too: after a boot Docker may be first.
    """
    if link.alias:
        return picture.is_ours(read_tag(link.alias))
    return link.group == LINK_GROUP or (link.kind == "bridge" and link.name in picture.bridges)


def _queues(room: Room, ours: dict[int, str]) -> Iterator[tuple[Queue | Redirect, bool]]:
    """What stands on links of ours, which are given by index and name, and whether it is ours. Where a queue of ours is wanted, another one is drift."""
    for seen in room.queues:
        if seen.index in ours:
            yield Queue(room.netns, ours[seen.index], seen.rate, seen.burst, seen.limit), seen.ours
    for arriving in room.redirects:
        if arriving.index in ours:
            to = room.links.get(arriving.to)
            yield Redirect(room.netns, ours[arriving.index], to.name if to else ""), arriving.ours
