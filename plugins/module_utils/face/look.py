# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands of that which a module is told about: its links, what is on them, and what they need to stand."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from ipaddress import ip_interface
from typing import Callable

from ..kernel import namespaces
from ..kernel.dumps import SeenLink, read_links
from ..kernel.netlink import RouteSocket
from ..kernel.room import Room, link_of, peers_in, spaces_of
from ..kernel.tables import read_addresses, read_fdb, read_neighbours, read_routes
from ..state.entry import ALL_MACS, Fdb, Neighbour
from ..state.objects import Address, HostState, Key, Link, Namespace, Object, Route
from ..state.tag import ROUTE_PROTOCOL
from .told import Told

# linux/rtnetlink.h: by hand, by a start script, and ours. What the kernel, routers and routing daemons make is theirs.
_LISTED_PROTOCOLS = (3, 4, ROUTE_PROTOCOL)


def look(told: Told) -> HostState:
    """The picture of what ``told`` is about. Its links and what is on them are owned, whoever made them: to name a thing is to consent.

    What they need (a namespace, a parent, a bridge) is shown, and owned by others.
    """
    rooms = _rooms(told)
    links = {room.netns: room.links for room in rooms}
    peers = peers_in(rooms)
    named = {one.key for one in (*told.links, *told.ports)}
    on_links = {one.key for one in (*told.links, *told.ground)}
    is_in_hand = _hand(told)
    objects: dict[Key, Object] = {("namespace", room.netns): Namespace(room.netns) for room in rooms if room.netns}
    owned: set[Key] = set()
    for room in rooms:
        seen = {index: link_of(room, link, peers, links) for index, link in room.links.items()}
        objects.update({link.key: link for link in seen.values()})
        owned.update(link.key for link in seen.values() if link.key in named or _is_port(told, link))
        for one in _on_links(room, {index: link for index, link in seen.items() if link.key in on_links}, told):
            objects[one.key] = one
            if is_in_hand(one):
                owned.add(one.key)
    return HostState(objects, frozenset(owned))


def _rooms(told: Told) -> list[Room]:
    """The namespaces that links and what they need are in. One that does not exist is left out: it may be about to be made."""
    sought = {at[0] for one in (*told.links, *told.ground) for at in ((one.netns, ""), one.peer, one.parent) if at is not None} | {""}
    rooms: list[Room] = []
    links: dict[str, dict[int, SeenLink]] = {}
    with contextlib.ExitStack() as stack:
        home = os.open(namespaces.OWN, os.O_RDONLY | os.O_CLOEXEC)
        stack.callback(os.close, home)
        for netns in sorted(sought):
            if netns and not os.path.exists(namespaces.path_of(netns)):
                continue
            with namespaces.inside(netns), RouteSocket() as netlink:
                room = Room(netns, {link.index: link for link in read_links(netlink)})
                room.addresses, room.routes = read_addresses(netlink), read_routes(netlink)
                if told.kind == "vxlan":
                    room.neighbours, room.fdb = read_neighbours(netlink), read_fdb(netlink)
                room.spaces = spaces_of(netlink, room.links.values(), home, [other for other in links if other])
            links[netns] = room.links
            rooms.append(room)
    return rooms


def _is_port(told: Told, link: Link) -> bool:
    """Whether ``link`` is a port of a bridge whose list of ports was given."""
    return bool(link.master) and ("ports", (link.netns, link.master)) in told.lists


def _on_links(room: Room, mine: dict[int, Link], told: Told) -> Iterator[Object]:
    wanted = {one.key for one in told.on_links}
    first = {(at.index, ip_interface(at.address).network): at.address for at in room.addresses if at.index in mine and not at.secondary}
    for at in room.addresses:
        if at.index in mine:
            one = Address(room.netns, mine[at.index].name, at.address)
            before = Address(room.netns, one.link, first.get((at.index, ip_interface(at.address).network), "")) if at.secondary else one
            # With the first of its subnet a further address vanishes, and then has to be set anew.
            if one.key not in wanted or before.key in wanted:
                yield one
    for way in room.routes:
        if way.index in mine and way.protocol in _LISTED_PROTOCOLS:
            yield Route(room.netns, way.destination, way.gateway or "", mine[way.index].name, way.metric, way.table, way.type)
    for near in room.neighbours:
        if near.index in mine:
            yield Neighbour(room.netns, mine[near.index].name, near.address, near.mac)
    for entry in room.fdb:
        link = mine.get(entry.index)
        if link is not None and not entry.master and not (entry.mac == ALL_MACS and ("group", entry.dst) in link.options):
            yield Fdb(room.netns, link.name, entry.mac, entry.dst)


def _hand(told: Told) -> Callable[[Object], bool]:
    """Whether the module may change or remove an object. What is on a link of its own it puts back where it has to make the link anew."""
    keys = {one.key for one in told.on_links}
    # A MAC leads to one place only: an entry takes the place of another.
    macs = {one.mac for one in told.on_links if isinstance(one, Fdb)} - {ALL_MACS}
    if told.links:
        return lambda _one: told.present
    if told.present and told.exclusive:
        return lambda one: (list_of(one), (getattr(one, "netns", ""), getattr(one, "link", ""))) in told.lists
    return lambda one: one.key in keys or (isinstance(one, Fdb) and one.mac in macs)


def list_of(one: Object) -> str:
    """In which list of a module an object is."""
    if isinstance(one, Fdb):
        return "flood" if one.mac == ALL_MACS else "macs"
    return {"address": "addresses", "route": "routes", "neighbour": "neighbours"}.get(one.key[0], "")
