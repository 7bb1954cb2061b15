# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture of the host: what is there, and what of it is ours. One dump per kind and namespace; nothing is decided here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..firewall import run as firewall
from ..firewall.text import parse_save
from ..state.objects import Address, Chain, File, HostState, Jump, Key, Link, Namespace, Object, Route, Sysctl
from ..state.tag import LINK_GROUP, NAME_PREFIX, ROUTE_PROTOCOL, Tag, is_chain_of, read_tag
from . import files, namespaces, sysctls
from .dumps import SeenAddress, SeenLink, SeenRoute, read_addresses, read_links, read_routes
from .netlink import RouteSocket

End = tuple[str, int]
# What goes with a link on the host when it is removed, and is needed to put it back.
_LINK_SETTINGS = {"bridge": ("net/ipv4/conf/{}/route_localnet",)}


@dataclass
class _Picture:
    """What has been seen so far. routes: namespace and destination of those that are wanted."""

    wanted: HostState
    fleet: str
    tree: sysctls.Tree
    routes: set[tuple[str, str]]
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


@dataclass
class _Room:
    """One namespace, as its dumps show it."""

    netns: str
    links: dict[int, SeenLink]
    addresses: list[SeenAddress] = field(default_factory=list)
    routes: list[SeenRoute] = field(default_factory=list)
    settings: dict[str, str | None] = field(default_factory=dict)

    @property
    def lo(self) -> SeenLink:
        return next(link for link in self.links.values() if link.name == "lo")


def observe(wanted: HostState, fleet: str) -> HostState:
    """What stands on this host of what ``fleet`` owns, and all that stands where ``wanted`` should."""
    with sysctls.Tree() as tree:
        return _observe(wanted, fleet, tree)


def _observe(wanted: HostState, fleet: str, tree: sysctls.Tree) -> HostState:
    picture = _Picture(wanted, fleet, tree, {(one.netns, one.destination) for one in wanted.objects.values() if isinstance(one, Route)})
    settings: dict[str, list[str]] = {}
    for one in wanted.objects.values():
        if isinstance(one, Sysctl):
            settings.setdefault(one.netns, []).append(one.name)
    host = _read_host(tree, settings.get("", []))
    rooms = _read_namespaces(picture, settings)
    peers: dict[End, tuple[str, str]] = {}
    for room in rooms:
        _match_peers(room, host, peers)
    for room in [host, *rooms]:
        _add_room(room, picture, peers)
    for path, content in files.read_all().items():
        # What a killed run left empty is known by the namespace, which is made before it and removed after it.
        unfinished = not content and ("namespace", path.split("/")[-2]) in picture.owned
        picture.add(File(path, content), unfinished or picture.is_ours(_written_by(content)))
    _add_rules(picture)
    return HostState(picture.objects, frozenset(picture.owned))


def _read_host(tree: sysctls.Tree, settings: list[str]) -> _Room:
    with RouteSocket() as netlink:
        links = {link.index: link for link in read_links(netlink)}
        return _Room("", links, read_addresses(netlink), [], {name: sysctls.read(tree, name) for name in settings})


def _read_namespaces(picture: _Picture, settings: dict[str, list[str]]) -> list[_Room]:
    """Look into every named namespace. The result are those of ours, each once, under its first name."""
    inodes = namespaces.names()
    los: dict[str, SeenLink] = {}
    rooms = []
    for name in sorted(inodes):
        with namespaces.inside(name), RouteSocket() as netlink:
            room = _Room(name, {link.index: link for link in read_links(netlink)})
            los[name] = room.lo
            owner = read_tag(room.lo.alias)
            if owner is not None and owner.sandbox == name and picture.is_ours(owner):
                room.addresses, room.routes = read_addresses(netlink), read_routes(netlink)
                room.settings = {setting: sysctls.read(picture.tree, setting) for setting in settings.get(name, [])}
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


def _match_peers(room: _Room, host: _Room, peers: dict[End, tuple[str, str]]) -> None:
    """A veth knows the index of its other end: two that know each other, one here and one on the host, are a pair."""
    for link in room.links.values():
        other = host.links.get(link.peer)
        if link.kind == "veth" and other is not None and other.kind == "veth" and other.peer == link.index:
            peers[("", other.index)] = (room.netns, link.name)
            peers[(room.netns, link.index)] = ("", other.name)


def _add_room(room: _Room, picture: _Picture, peers: dict[End, tuple[str, str]]) -> None:
    netns = room.netns
    ours = set()
    for link in room.links.values():
        if link.name == "lo":
            continue
        seen = _link(netns, link, room.links, peers.get((netns, link.index)))
        if _is_ours(link, picture, seen.key in picture.wanted.objects):
            ours.add(link.index)
            for name in _LINK_SETTINGS.get(link.kind, ()) if not netns else ():
                room.settings.setdefault(name.format(link.name), sysctls.read(picture.tree, name.format(link.name)))
            picture.add(seen, True)
            continue
        for name in (link.name, *link.altnames):  # the kernel gives no second link any of them
            picture.add(replace(seen, name=name), False)
    for at in room.addresses:
        if at.index in ours:
            one = Address(netns, room.links[at.index].name, at.address)
            # Only a stray address of its subnet can be before a declared one, which then vanishes with it and has to be set anew.
            if not at.secondary or one.key not in picture.wanted.objects:
                picture.add(one, True)
    for route in room.routes:
        # In a namespace of ours, whatever took the place of a declared route is drift; other people's own routes are theirs.
        if route.metric == 0 and (route.protocol == ROUTE_PROTOCOL or (netns, route.destination) in picture.routes):
            via = room.links.get(route.index)
            picture.add(Route(netns, route.destination, route.gateway or "", via.name if via else ""), True)
    for name, value in room.settings.items():
        if value is not None:
            picture.add(Sysctl(netns, name, value), True)


def _is_ours(link: SeenLink, picture: _Picture, is_wanted: bool) -> bool:
    """A link with our group and no alias was not finished by a killed run: while we hold the lock nobody else is at work."""
    if link.alias:
        return picture.is_ours(read_tag(link.alias))
    return link.group == LINK_GROUP and (is_wanted or link.name.startswith(NAME_PREFIX))


def _link(netns: str, link: SeenLink, links: dict[int, SeenLink], peer: tuple[str, str] | None) -> Link:
    master = links.get(link.master)
    return Link(
        netns=netns,
        name=link.name,
        kind=link.kind,
        tag=link.alias if link.group == LINK_GROUP else None,  # the mark is both; where one is missing it is made again
        altname=next((name for name in link.altnames if name.startswith(NAME_PREFIX + "+")), ""),
        mac=link.mac,
        mtu=link.mtu,
        master=master.name if master else "",
        peer=peer or ("", ""),
        port=link.port,
        ipv6_link_local=link.ipv6_link_local,
        up=link.up,
    )


def _written_by(content: str) -> Tag | None:
    """Whose a file is: its first line says so."""
    words = content.split("\n", 1)[0].split()
    return read_tag(words[1]) if len(words) > 1 and words[0] == "#" else None


def _add_rules(picture: _Picture) -> None:
    mark = f"cnm:{picture.fleet}"
    for family in ("ipv4",):
        for table, chains in parse_save(firewall.save(family)).items():
            for name, rules in chains.items():
                picture.add(Chain(family, table, name, rules), is_chain_of(picture.fleet, name))
                marked = [rule for rule in rules if rule.comment == mark]
                for target in {rule.target for rule in marked}:
                    picture.add(Jump(family, table, name, target, tuple(rule for rule in marked if rule.target == target)), True)
