# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One namespace as its dumps show it: how its links are paired and stacked with those of others, and each link as an object."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_interface
from typing import TYPE_CHECKING

from ..state.objects import Address, Key, Link
from ..state.tag import LINK_GROUP, NAME_PREFIX
from . import namespaces
from .dumps import SeenLink
from .netlink import RouteSocket
from .tables import SeenAddress, SeenRoute, read_namespace_number

if TYPE_CHECKING:
    from .entries import Tables
    from .seen_queue import SeenQueue, SeenRedirect

End = tuple[str, int]
STACKED = ("macvlan", "ipvlan", "vlan", "vxlan")
_SOMEWHERE = ("(a namespace without a name)", "")


@dataclass
class Room:
    """One namespace. spaces: other namespaces by the numbers that they have in this one, as far as links that rest on others need them."""

    netns: str
    links: dict[int, SeenLink]
    addresses: list[SeenAddress] = field(default_factory=list)
    routes: list[SeenRoute] = field(default_factory=list)
    entries: Tables = field(default_factory=dict)
    queues: list[SeenQueue] = field(default_factory=list)
    redirects: list[SeenRedirect] = field(default_factory=list)
    settings: dict[str, str | None] = field(default_factory=dict)
    spaces: dict[int, str] = field(default_factory=dict)


def spaces_of(netlink: RouteSocket, links: Iterable[SeenLink], home: int, others: Iterable[str]) -> dict[int, str]:
    """The namespaces that links here rest on, by their numbers here. home: a descriptor of the host's; others: named ones, asked only where needed, and
    passed over where they have gone meanwhile.
    """
    sought = {link.netnsid for link in links if link.netnsid >= 0 and link.kind in STACKED}
    found = {read_namespace_number(netlink, home): ""} if sought else {}
    for name in others if sought - set(found) else ():
        with contextlib.suppress(OSError), namespaces.opened(namespaces.path_of(name)) as there:
            found.setdefault(read_namespace_number(netlink, there), name)
    return found


def peers_in(rooms: list[Room]) -> dict[End, tuple[str, str]]:
    """The other end of each veth that has it in one of ``rooms``: two that know each other's index are a pair, and where several could be, the
    namespace decides.
    """
    peers: dict[End, tuple[str, str]] = {}
    ends: dict[tuple[int, int], list[Room]] = {}
    veths = [(room, link) for room in rooms for link in room.links.values() if link.kind == "veth"]
    for room, link in veths:
        if link.netnsid >= 0:
            ends.setdefault((link.index, link.below), []).append(room)
        elif link.below in room.links:
            peers[(room.netns, link.index)] = (room.netns, room.links[link.below].name)
    for room, link in veths:
        if link.netnsid < 0 or (room.netns, link.index) in peers:
            continue
        others = ends.get((link.below, link.index), [])
        alone = len(others) == 1 and len(ends[(link.index, link.below)]) == 1
        other = next((one for one in others if one is not room and (alone or _is_number_of(room.netns, link.netnsid, one.netns))), None)
        if other is not None:
            peers[(room.netns, link.index)] = (other.netns, other.links[link.below].name)
            peers[(other.netns, link.below)] = (room.netns, link.name)
    return peers


def _is_number_of(netns: str, number: int, other: str) -> bool:
    """Whether ``other`` has this number in ``netns``: the indexes of links are the same in many namespaces. One that has gone meanwhile has none."""
    with contextlib.suppress(OSError, namespaces.Gone), namespaces.opened(namespaces.path_of(other)) as at, namespaces.inside(netns), RouteSocket() as netlink:
        return read_namespace_number(netlink, at) == number
    return False


def link_of(room: Room, seen: SeenLink, peers: dict[End, tuple[str, str]], rooms: dict[str, dict[int, SeenLink]]) -> Link:
    """A link as an object. rooms: the links of every namespace, by its name."""
    master = room.links.get(seen.master)
    return Link(
        netns=room.netns,
        name=seen.name,
        kind=seen.kind,
        tag=seen.alias or "" if seen.group == LINK_GROUP else None,  # the mark is both; where one is missing it is made again
        altname=next((name for name in seen.altnames if name.startswith(NAME_PREFIX + "+")), ""),
        mac=seen.mac,
        mtu=seen.mtu,
        master=master.name if master else "",
        peer=peers.get((room.netns, seen.index), ("", "")),
        parent=_parent_of(room, seen, rooms) if seen.kind in STACKED else None,
        options=seen.options,
        port=seen.port,
        ipv6_link_local=seen.ipv6_link_local,
        txqlen=seen.txqlen,
        promisc=seen.promisc,
        up=seen.up,
    )


def addresses_of(room: Room, links: Mapping[int, str], wanted: Collection[Key]) -> Iterator[Address]:
    """What stands on links, which are given by index and name. With the first of its subnet a further address vanishes: where the first is not wanted, and
    so will go, a further one that is wanted counts as not there, and is set anew.
    """
    for at in room.addresses:
        if at.index in links:
            one = Address(room.netns, links[at.index], at.address, at.broadcast)
            if not at.secondary or one.key not in wanted or _first_of(room, at, one).key in wanted:
                yield one


def _first_of(room: Room, at: SeenAddress, one: Address) -> Address:
    network = ip_interface(at.address).network
    firsts = (other for other in room.addresses if other.index == at.index and not other.secondary and ip_interface(other.address).network == network)
    return replace(one, address=next((first.address for first in firsts), ""))


def _parent_of(room: Room, seen: SeenLink, rooms: dict[str, dict[int, SeenLink]]) -> tuple[str, str]:
    netns = room.netns if seen.netnsid < 0 else room.spaces.get(seen.netnsid)
    if netns is None:
        return _SOMEWHERE
    below = rooms.get(netns, {}).get(seen.below)
    return (netns, below.name if below else "")
