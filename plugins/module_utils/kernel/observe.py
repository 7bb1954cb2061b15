# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture of the host: what is there, and what of it is ours. One dump per kind and namespace; nothing is decided here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from ..state.entry import ALL_MACS, Fdb, Neighbour
from ..state.objects import Address, File, HostState, Key, Link, Namespace, Object, Route, Sysctl
from ..state.queue import Queue, Redirect
from ..state.tag import LINK_GROUP, NAME_PREFIX, ROUTE_PROTOCOL, Tag, read_tag
from . import files, namespaces, sysctls
from .dumps import SeenLink, read_links
from .netlink import RouteSocket
from .room import End, Room, link_of, peers_in, queues_of, spaces_of
from .rules import read_rules
from .strays import stray_places
from .tables import read_addresses, read_fdb, read_neighbours, read_routes

# What goes with a link on the host when it is removed, and is needed to put it back.
_LINK_SETTINGS = {"bridge": ("net/ipv4/conf/{}/route_localnet",)}


@dataclass
class _Picture:
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


def observe(wanted: HostState, fleet: str, places: Iterable[str] = ()) -> HostState:
    """What stands on this host of what ``fleet`` owns, and all that stands where ``wanted`` should.

    places: paths of namespaces of others to look into, beside those that something is wanted in.
    """
    with sysctls.Tree() as tree:
        return _observe(_Picture(wanted, fleet, tree, {*places, *_places_in(wanted)}))


def _observe(picture: _Picture) -> HostState:
    wanted = picture.wanted
    settings: dict[str, list[str]] = {}
    for one in wanted.objects.values():
        if isinstance(one, Sysctl):
            settings.setdefault(one.netns, []).append(one.name)
        elif isinstance(one, Route):
            picture.routes[(one.netns, one.destination, one.metric, one.table)] = one
        elif isinstance(one, (Fdb, Neighbour)):
            picture.entries.add(one.netns)
        elif isinstance(one, (Queue, Redirect)):
            picture.queues.add(one.netns)
    home = os.open(namespaces.OWN, os.O_RDONLY | os.O_CLOEXEC)
    try:
        rooms = [_read_host(picture, settings.get("", []), home), *_read_namespaces(picture, settings, home)]
        _read_engine(rooms[0], picture)
        known = {os.stat(namespaces.path_of(netns)).st_ino for netns in ("", *(room.netns for room in rooms), *filter(os.path.exists, picture.places))}
        picture.places.update(stray_places(picture.fleet, known, home))
        rooms.extend(_read_places(picture, settings, home))
    finally:
        os.close(home)
    picture.peers = peers_in(rooms)
    for room in rooms:
        _add_room(room, picture)
    _add_footings(rooms[0], picture)
    for path, content in files.read_all().items():
        # What a killed run left empty is known by the namespace, which is made before it and removed after it.
        unfinished = not content and ("namespace", path.split("/")[-2]) in picture.owned
        picture.add(File(path, content), unfinished or picture.is_ours(_written_by(content)))
    for rules, ours in read_rules(picture.fleet):
        picture.add(rules, ours)
    return HostState(picture.objects, frozenset(picture.owned))


def _read_host(picture: _Picture, settings: list[str], home: int) -> Room:
    with RouteSocket() as netlink:
        room = Room("", {link.index: link for link in read_links(netlink)})
        picture.links[""] = room.links
        _read_inside(room, picture, netlink, settings, home)
    return room


def _read_inside(room: Room, picture: _Picture, netlink: RouteSocket, settings: list[str], home: int) -> None:
    """What stands on the links of a namespace, each table only where something of ours can be in it."""
    kinds = {link.kind for link in room.links.values() if link.group == LINK_GROUP}
    room.addresses = read_addresses(netlink)
    if room.netns or "macvlan" in kinds or "ipvlan" in kinds or any(not place[0] for place in picture.routes):
        room.routes = read_routes(netlink)
    if "vxlan" in kinds or room.netns in picture.entries:
        room.neighbours, room.fdb = read_neighbours(netlink), read_fdb(netlink)
    if room.netns in picture.queues or any(link.group == LINK_GROUP and (link.queue == "tbf" or link.kind == "ifb") for link in room.links.values()):
        from .queues import read_queues

        room.queues, room.redirects = read_queues(netlink)
    room.spaces = spaces_of(netlink, room.links.values(), home, picture.links)
    room.settings = {setting: sysctls.read(picture.tree, setting) for setting in settings}


def _read_engine(host: Room, picture: _Picture) -> None:
    """What a Docker engine knows, where it is to know something of ours, or may know it."""
    bridges = (link for link in host.links.values() if link.kind == "bridge")
    if any(key[0] == "engine" for key in picture.wanted.objects) or any(one.group == LINK_GROUP or one.name.startswith(NAME_PREFIX) for one in bridges):
        from .engine import seen_networks

        for one, ours in seen_networks(picture.wanted, picture.fleet, host.links.values()):
            picture.add(one, ours)
            if ours:
                picture.bridges.add(one.bridge)


def _read_namespaces(picture: _Picture, settings: dict[str, list[str]], home: int) -> list[Room]:
    """Look into every named namespace. The result are those of ours, each once, under its first name."""
    inodes = namespaces.names()
    los: dict[str, SeenLink] = {}
    rooms = []
    for name in sorted(inodes):
        with namespaces.inside(name), RouteSocket() as netlink:
            room = Room(name, {link.index: link for link in read_links(netlink)})
            los[name], picture.links[name] = room.lo, room.links
            owner = read_tag(room.lo.alias)
            if owner is not None and owner.sandbox == name and picture.is_ours(owner):
                _read_inside(room, picture, netlink, settings.get(name, []), home)
                rooms.append(room)
    first_names = {inodes[room.netns]: room.netns for room in rooms}
    for name, lo in los.items():
        first, owner = first_names.get(inodes[name], name), read_tag(lo.alias)
        # Another name has no lo of its own to repair.
        joins, up = ("", lo.up) if first == name else (first, True)
        picture.add(Namespace(name, str(owner) if owner else None, joins, up), picture.is_ours(owner))
    for name, said in namespaces.unfinished().items():
        # What a killed run left is taken up by its creation; it stands in the way only if it is somebody else's.
        ours = picture.is_ours(read_tag(said))
        if ("namespace", name) not in picture.wanted.objects or not (ours or said == ""):
            picture.add(Namespace(name), ours)
    return rooms


def _read_places(picture: _Picture, settings: dict[str, list[str]], home: int) -> Iterator[Room]:
    """Look into namespaces of others. One that has ended is not there, and nothing in it."""
    for path in sorted(picture.places):
        if os.path.exists(path):
            with namespaces.inside(path), RouteSocket() as netlink:
                room = Room(path, {link.index: link for link in read_links(netlink)})
                picture.links[path] = room.links
                _read_inside(room, picture, netlink, settings.get(path, []), home)
                yield room


def _places_in(wanted: HostState) -> set[str]:
    return {one.netns for one in wanted.objects.values() if isinstance(one, (Link, Sysctl)) and _is_place(one.netns)}


def _is_place(netns: str) -> bool:
    """Whether a namespace is somebody else's, where only what stands on our links is ours."""
    return netns.startswith("/")


def _add_room(room: Room, picture: _Picture) -> None:
    netns = room.netns
    ours: dict[int, Link] = {}
    for link in room.links.values():
        if link.name == "lo":
            continue
        seen = link_of(room, link, picture.peers, picture.links)
        if _is_ours(link, picture, seen.key in picture.wanted.objects):
            ours[link.index] = seen
            for name in _LINK_SETTINGS.get(link.kind, ()) if not netns else ():
                room.settings.setdefault(name.format(link.name), sysctls.read(picture.tree, name.format(link.name)))
            picture.add(seen, True)
            continue
        for name in (link.name, *link.altnames):  # the kernel gives no second link any of them
            picture.add(replace(seen, name=name), False)
    for at in room.addresses:
        if at.index in ours:
            one = Address(netns, ours[at.index].name, at.address)
            # Only a stray address of its subnet can be before a declared one, which then vanishes with it and has to be set anew.
            if not at.secondary or one.key not in picture.wanted.objects:
                picture.add(one, True)
    _add_routes(room, picture, ours)
    _add_entries(room, picture, ours)
    for queueing, is_ours in queues_of(room, {index: link.name for index, link in ours.items()}):
        picture.add(queueing, is_ours or (isinstance(queueing, Queue) and queueing.key in picture.wanted.objects))
    for name, value in room.settings.items():
        if value is not None:
            picture.add(Sysctl(netns, name, value), True)


def _add_footings(host: Room, picture: _Picture) -> None:
    """Links of the host that something of ours rests on, or should: they are others', but what rests on them follows them."""
    resting = [one for one in (*picture.objects.values(), *picture.wanted.objects.values()) if isinstance(one, Link) and one.parent is not None]
    names = {one.parent[1] for one in resting if one.parent is not None and not one.parent[0]}
    for link in host.links.values() if names else ():
        seen = link_of(host, link, picture.peers, picture.links)
        if link.name in names:
            picture.objects.setdefault(seen.key, seen)


def _add_routes(room: Room, picture: _Picture, ours: dict[int, Link]) -> None:
    """In a namespace of ours, whatever took the place of a declared route is drift; other people's own routes are theirs.

    On the host only what leads over a link of ours is ours, and another's route in the place of one is in its way.
    """
    for seen in room.routes:
        via = room.links.get(seen.index)
        wanted = picture.routes.get((room.netns, seen.destination, seen.metric, seen.table))
        one = Route(room.netns, seen.destination, seen.gateway or "", via.name if via else "", seen.metric, seen.table, seen.type)
        is_own = bool(room.netns) and not _is_place(room.netns)
        if is_own or seen.index in ours or (wanted is not None and wanted.type != "unicast" and one.key == wanted.key):
            if seen.protocol == ROUTE_PROTOCOL or wanted is not None:
                picture.add(one, True)
        elif wanted is not None:
            picture.add(wanted, False)


def _add_entries(room: Room, picture: _Picture, ours: dict[int, Link]) -> None:
    for at in room.neighbours:
        if at.index in ours:
            one = Neighbour(room.netns, ours[at.index].name, at.address, at.mac)
            if at.protocol == ROUTE_PROTOCOL or one.key in picture.wanted.objects:
                picture.add(one, True)
    for entry in room.fdb:
        link = ours.get(entry.index)
        # Where a vxlan was born with a place to send everything to, that entry belongs to the link.
        if link is not None and not (entry.mac == ALL_MACS and ("group", entry.dst) in link.options):
            picture.add(Fdb(room.netns, link.name, entry.mac, entry.dst, entry.master), True)


def _is_ours(link: SeenLink, picture: _Picture, is_wanted: bool) -> bool:
    """A link with our group and no alias was not finished by a killed run: while we hold the lock nobody else is at work.

    A bridge that Docker has made again, for a network that it knows from us, is taken up too: after a boot Docker may be first.
    """
    if link.alias:
        return picture.is_ours(read_tag(link.alias))
    if link.kind == "bridge" and link.name in picture.bridges:
        return True
    return link.group == LINK_GROUP and (is_wanted or link.name.startswith(NAME_PREFIX))


def _written_by(content: str) -> Tag | None:
    """Whose a file is: its first line says so."""
    words = content.split("\n", 1)[0].split()
    return read_tag(words[1]) if len(words) > 1 and words[0] == "#" else None
