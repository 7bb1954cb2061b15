# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture of the host: what is there, and what of it is ours. One dump per kind and namespace; nothing is decided here."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator

from ..state.entry import Entries
from ..state.objects import File, HostState, Link, Namespace, Route, Sysctl
from ..state.queue import Queue, Redirect
from ..state.tag import LINK_GROUP, NAME_PREFIX, Tag, read_tag
from . import files, namespaces, sysctls
from .bind import OWNER_BYTES
from .dumps import LO, SeenLink, read_links
from .netlink import RouteSocket
from .ours import Picture, add_footings, add_room, is_place
from .places import hold_places
from .room import Room, peers_in, spaces_of
from .rules import read_rules
from .tables import read_addresses, read_routes


def observe(wanted: HostState, fleet: str, places: Iterable[str] = ()) -> HostState:
    """What stands on this host of what ``fleet`` owns, and all that stands where ``wanted`` should.

    places: paths of namespaces of others to look into, beside those that something is wanted in.
    """
    with sysctls.Tree() as tree:
        return _observe(Picture(wanted, fleet, tree, {*places, *_places_in(wanted)}))


def _observe(picture: Picture) -> HostState:
    wanted = picture.wanted
    settings: dict[str, list[str]] = {}
    for one in wanted.objects.values():
        if isinstance(one, Sysctl):
            settings.setdefault(one.netns, []).append(one.name)
        elif isinstance(one, Route):
            picture.routes[(one.netns, one.destination, one.metric, one.table)] = one
        elif isinstance(one, Entries):
            picture.entries.add(one.netns)
        elif isinstance(one, (Queue, Redirect)):
            picture.queues.add(one.netns)
    rooms = [_read_host(picture, settings.get("", [])), *_read_namespaces(picture, settings)]
    _read_engine(rooms[0], picture)
    known = {os.stat(namespaces.path_of(netns)).st_ino for netns in ("", *(room.netns for room in rooms))}
    rooms.extend(_read_places(picture, settings, hold_places(picture.places, picture.fleet, known)))
    picture.peers = peers_in(rooms)
    for room in rooms:
        add_room(room, picture)
    add_footings(rooms[0], picture)
    for path, content in files.read_all().items():
        # What a killed run left empty is known by the namespace, which is made before it and removed after it.
        unfinished = not content and ("namespace", path.split("/")[-2]) in picture.owned
        picture.add(File(path, content), unfinished or picture.is_ours(_written_by(content)))
    for rules, ours in read_rules(picture.fleet):
        picture.add(rules, ours)
    return HostState(picture.objects, frozenset(picture.owned))


def _read_host(picture: Picture, settings: list[str]) -> Room:
    with namespaces.journey() as way, RouteSocket() as netlink:
        room = Room("", {link.index: link for link in read_links(netlink)})
        picture.links[""] = room.links
        _read_inside(room, picture, netlink, settings, way.home)
    return room


def _read_inside(room: Room, picture: Picture, netlink: RouteSocket, settings: list[str], home: int) -> None:
    """What stands on the links of a namespace, each table only where something of ours can be in it."""
    kinds = {link.kind for link in room.links.values() if link.group == LINK_GROUP}
    room.addresses = read_addresses(netlink)
    if room.netns or "macvlan" in kinds or "ipvlan" in kinds or any(not place[0] for place in picture.routes):
        room.routes = read_routes(netlink)
    if "vxlan" in kinds or room.netns in picture.entries:
        from .entries import read_entries

        room.entries = read_entries(netlink)
    if room.netns in picture.queues or any(link.group == LINK_GROUP and (link.queue == "tbf" or link.kind == "ifb") for link in room.links.values()):
        from .queues import read_queues

        room.queues, room.redirects = read_queues(netlink)
    room.spaces = spaces_of(netlink, room.links.values(), home, picture.links)
    room.settings = {setting: sysctls.read(picture.tree, setting) for setting in settings}


def _read_engine(host: Room, picture: Picture) -> None:
    """What a Docker engine knows, where it is to know something of ours, or may know it."""
    bridges = (link for link in host.links.values() if link.kind == "bridge")
    if any(key[0] == "engine" for key in picture.wanted.objects) or any(one.group == LINK_GROUP or one.name.startswith(NAME_PREFIX) for one in bridges):
        from .engine import seen_networks

        for one, ours in seen_networks(picture.wanted, picture.fleet, host.links.values()):
            picture.add(one, ours)
            if ours:
                picture.bridges.add(one.bridge)


def _read_namespaces(picture: Picture, settings: dict[str, list[str]]) -> list[Room]:
    """Look into every named namespace. The result are those of ours, each once, under its first name."""
    inodes = namespaces.names()
    los: dict[str, SeenLink] = {}
    rooms = []
    with namespaces.journey() as way:
        for name in sorted(inodes):
            try:
                way.enter(name, inodes[name])
            except namespaces.Gone:  # as those of Podman's containers do at any time
                continue
            with RouteSocket() as netlink:
                room = Room(name, {link.index: link for link in read_links(netlink)})
                los[name], picture.links[name] = room.links[LO], room.links
                owner = read_tag(los[name].alias)
                if owner is not None and owner.sandbox == name and picture.is_ours(owner):
                    _read_inside(room, picture, netlink, settings.get(name, []), way.home)
                    rooms.append(room)
    first_names = {inodes[room.netns]: room.netns for room in rooms}
    for name, lo in los.items():
        first, owner = first_names.get(inodes[name], name), read_tag(lo.alias)
        # Another name has no lo of its own to repair.
        joins, up = ("", lo.up) if first == name else (first, True)
        picture.add(Namespace(name, str(owner) if owner else None, joins, up), picture.is_ours(owner))
    for name, said in _unfinished().items():
        # What a killed run left is taken up by its creation; it stands in the way only if it is somebody else's.
        ours = picture.is_ours(read_tag(said))
        if ("namespace", name) not in picture.wanted.objects or not (ours or said == ""):
            picture.add(Namespace(name), ours)
    return rooms


def _unfinished() -> dict[str, str]:
    """Names that were never bound to a namespace, each with the owner that its file tells (empty: an empty file)."""
    home = os.stat(namespaces.OWN).st_dev
    found = {}
    with contextlib.suppress(FileNotFoundError):
        for entry in os.scandir(namespaces.DIRECTORY):
            with contextlib.suppress(FileNotFoundError):
                if entry.is_file(follow_symlinks=False) and entry.stat().st_dev != home and entry.stat().st_size < OWNER_BYTES:
                    with open(entry.path, encoding="utf-8", errors="replace") as file:
                        found[entry.name] = file.read().strip()
    return found


def _read_places(picture: Picture, settings: dict[str, list[str]], paths: Iterable[str]) -> Iterator[Room]:
    """Look into namespaces of others, which are held."""
    for path in paths:
        with namespaces.journey() as way:
            way.enter(path)
            with RouteSocket() as netlink:
                room = Room(path, {link.index: link for link in read_links(netlink)})
                picture.links[path] = room.links
                _read_inside(room, picture, netlink, settings.get(path, []), way.home)
        yield room


def _places_in(wanted: HostState) -> set[str]:
    return {one.netns for one in wanted.objects.values() if isinstance(one, (Link, Sysctl)) and is_place(one.netns)}


def _written_by(content: str) -> Tag | None:
    """Whose a file is: its first line says so."""
    words = content.split("\n", 1)[0].split()
    return read_tag(words[1]) if len(words) > 1 and words[0] == "#" else None
