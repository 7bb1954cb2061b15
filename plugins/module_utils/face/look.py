# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands of that which a module is told about: its links, what is on them, and what they need to stand."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from ..kernel import namespaces
from ..kernel.dumps import read_links
from ..kernel.netlink import RouteSocket
from ..kernel.room import End as Place
from ..kernel.room import Room, addresses_of, link_of, peers_in, spaces_of
from ..kernel.tables import read_addresses, read_routes
from ..state.objects import HostState, Key, Link, Namespace, Object, Route
from ..state.tag import ROUTE_PROTOCOL
from .told import End, Told

# linux/rtnetlink.h: by hand, by a start script, and ours. What the kernel, routers and routing daemons make is theirs.
_LISTED_PROTOCOLS = (3, 4, ROUTE_PROTOCOL)


def look(told: Told, ours: Mapping[Key, Object]) -> HostState:
    """The picture of what ``told`` is about. Its links and what is on them are owned, whoever made them: to name a thing is to consent.

    What they need (a namespace, a parent, a bridge), or would take along, is shown, and owned by others, but for what is among ``ours``. Of a port it
    counts whose it is and with which flags, not what kind of link it is: in check mode an earlier task may be about to make it, and that is not known.
    """
    rooms, peers = _rooms_and_pairs(told)
    links = {room.netns: room.links for room in rooms}
    links_of, ports = {one.key for one in told.links}, {one.key for one in told.ports}
    ports |= {key for key, one in ours.items() if isinstance(one, Link) and not one.kind}
    on_links = {one.key for one in (*told.links, *told.ground)}
    wanted = {one.key for one in told.on_links}
    objects: dict[Key, Object] = {("namespace", room.netns): Namespace(room.netns) for room in rooms if room.netns}
    owned: set[Key] = set()
    for room in rooms:
        seen = {index: link_of(room, link, peers, links) for index, link in room.links.items()}
        for link in seen.values():
            counts_as_port = link.key in ports or is_port(told, link)
            objects[link.key] = replace(link, kind="") if counts_as_port else link
            if counts_as_port or link.key in links_of:
                owned.add(link.key)
        mine = {index: link for index, link in seen.items() if link.key in on_links}
        for one in (*_on_links(room, seen, {*wanted, *ours}), *_entries(room, mine)):
            objects[one.key] = one
            # What is on a link of its own the module puts back where it has to make the link anew.
            if ("link", room.netns, getattr(one, "link", "")) in on_links and (told.links or one.key[0] == "entries"):
                owned.add(one.key)
    return HostState(objects, frozenset(owned | (ours.keys() & objects.keys())))


def _rooms_and_pairs(told: Told) -> tuple[list[Room], dict[Place, End]]:
    """The namespaces that links and what they need are in, and of each pair with both ends there the other end.

    A pair that may have to go is looked for in all namespaces, so that it can be put back whole.
    """
    sought = {at[0] for one in (*told.links, *told.ground) for at in ((one.netns, ""), one.peer, one.parent) if at is not None} | {""}
    rooms = _rooms(told, sorted(sought))
    peers = peers_in(rooms)
    doomed = {one.key for one in told.links if one.kind == "veth" and (one.peer is not None or not told.present)}
    alone = (room for room in rooms for link in room.links.values() if ("link", room.netns, link.name) in doomed and (room.netns, link.index) not in peers)
    if next(alone, None) is not None:
        known = {os.stat(namespaces.path_of(netns)).st_ino for netns in ("", *(room.netns for room in rooms))}
        others = {inode: name for name, inode in namespaces.names().items() if inode not in known}
        rooms = _rooms(told, sorted({*sought, *others.values()}))
        peers = peers_in(rooms)
    return rooms, peers


def _rooms(told: Told, sought: Sequence[str]) -> list[Room]:
    """Namespaces. One that does not exist is left out: it may be about to be made."""
    rooms: list[Room] = []
    with namespaces.journey() as way:
        for netns in sought:
            with contextlib.suppress(namespaces.Gone):
                way.enter(netns)
                with RouteSocket() as netlink:
                    room = Room(netns, {link.index: link for link in read_links(netlink)})
                    room.addresses, room.routes = read_addresses(netlink), read_routes(netlink)
                    if told.kind == "vxlan":
                        from ..kernel.entries import read_entries

                        room.entries = read_entries(netlink)
                    room.spaces = spaces_of(netlink, room.links.values(), way.home, filter(None, sought))
                rooms.append(room)
    return rooms


def is_port(told: Told, link: Link) -> bool:
    """Whether ``link`` is a port of a bridge whose list of ports was given."""
    return bool(link.master) and ("ports", (link.netns, link.master)) in told.lists


def _on_links(room: Room, links: Mapping[int, Link], wanted: Collection[Key]) -> Iterator[Object]:
    """Addresses and routes."""
    yield from addresses_of(room, {index: link.name for index, link in links.items()}, wanted)
    for way in room.routes:
        if way.index in links and way.protocol in _LISTED_PROTOCOLS:
            yield Route(room.netns, way.destination, way.gateway or "", links[way.index].name, way.metric, way.table, way.type, way.protocol)


def _entries(room: Room, mine: Mapping[int, Link]) -> Iterator[Object]:
    """Neighbours and forwarding entries, but those of the bridge that the link is a port of."""
    if not room.entries:
        return
    from ..kernel.entries import tables_of
    from ..state.entry import BRIDGE_FDB

    for index, link in mine.items():
        yield from (one for one in tables_of(room.entries, index, link, lambda _address: True) if one.table != BRIDGE_FDB)


def list_of(one: Object) -> str:
    """In which list of a module for links an object is."""
    return {"address": "addresses", "route": "routes"}.get(one.key[0], "")
