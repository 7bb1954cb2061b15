# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel tells about links, read from its dumps into plain data.

The numbers are those of linux/if_link.h and rtnetlink.h. Nothing here needs pyroute2.
"""

from __future__ import annotations

import socket
import struct
from typing import NamedTuple

from ..state.objects import Options
from .netlink import Attributes, RouteSocket, attribute, attributes, number_in, places
from .options import KINDS, OF_A_PORT, PORT, VXLAN_LINK, read_options

_LINK, _RTM_GETLINK = struct.Struct("=BxHiII"), 18
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_LINK, _IFLA_QDISC, _IFLA_MASTER, _IFLA_LINKINFO, _IFLA_IFALIAS = 1, 3, 4, 5, 6, 10, 18, 20
_IFLA_TXQLEN, _IFLA_AF_SPEC, _IFLA_GROUP, _IFLA_EXT_MASK, _IFLA_LINK_NETNSID, _IFLA_PROP_LIST, _IFLA_ALT_IFNAME = 13, 26, 27, 29, 37, 52, 53
_IFLA_INFO_KIND, _IFLA_INFO_DATA, _IFLA_INFO_SLAVE_KIND, _IFLA_INFO_SLAVE_DATA = 1, 2, 4, 5
_OF_A_LINK = frozenset((1, 3, 4, 5, 6, 10, 13, 18, 20, 26, 27, 37, 52))  # of those above
_INET6_ADDR_GEN_MODE, _IN6_ADDR_GEN_MODE_NONE = 8, 1
_SKIP_STATISTICS = struct.pack("=HHI", 8, _IFLA_EXT_MASK, 8)
_IFF_UP, _IFF_PROMISC = 1, 0x100
LO = 1  # the index of lo in every namespace, whatever it is called there


class SeenLink(NamedTuple):
    """A link as the kernel shows it. master, below: interface indexes, 0 for none. below: a veth's other end, or what the link rests on, which is
    in the namespace ``netnsid`` (as numbered in the link's own), -1 for the link's own. port: flags of a bridge port.
    queue: the kind of queue that it sends through.
    """

    index: int
    name: str
    kind: str
    up: bool
    mac: str
    mtu: int
    master: int
    below: int
    netnsid: int
    group: int
    alias: str | None
    altnames: tuple[str, ...]
    options: Options
    port: Options
    ipv6_link_local: bool
    txqlen: int
    promisc: bool
    queue: str


def read_links(netlink: RouteSocket, kinds: tuple[str, ...] = ()) -> list[SeenLink]:
    """Every link of the socket's namespace, or at least those of these kinds: of one kind the kernel tells no others, where it knows that kind."""
    asked = [attribute(_IFLA_LINKINFO, attribute(_IFLA_INFO_KIND, kind.encode())) for kind in kinds]
    bodies = netlink.dump(_RTM_GETLINK, _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0) + _SKIP_STATISTICS + (asked[0] if len(asked) == 1 else b""))
    return [_link(body) for body in bodies if not kinds or any(kind.encode() in body for kind in kinds)]


def _link(body: bytes) -> SeenLink:
    _family, _kind, index, flags, _change = _LINK.unpack_from(body)
    held = attributes(body, _LINK.size, _OF_A_LINK)
    info = attributes(held.get(_IFLA_LINKINFO, b""), 0)
    kind = _text(info.get(_IFLA_INFO_KIND, b""))
    own = attributes(info[_IFLA_INFO_DATA], 0) if kind in KINDS and _IFLA_INFO_DATA in info else {}
    return SeenLink(
        index=index,
        name=_text(held[_IFLA_IFNAME]),
        kind=kind,
        up=bool(flags & _IFF_UP),
        mac=held.get(_IFLA_ADDRESS, b"").hex(":"),
        mtu=number_in(held, _IFLA_MTU),
        master=number_in(held, _IFLA_MASTER),
        below=number_in(own, VXLAN_LINK) if kind == "vxlan" else number_in(held, _IFLA_LINK),
        netnsid=number_in(held, _IFLA_LINK_NETNSID, -1),
        group=number_in(held, _IFLA_GROUP),
        alias=_text(held[_IFLA_IFALIAS]) if _IFLA_IFALIAS in held else None,
        altnames=_altnames(held.get(_IFLA_PROP_LIST, b"")),
        options=read_options(KINDS[kind], own) if own else (),
        port=_port(info),
        ipv6_link_local=_ipv6_link_local(held.get(_IFLA_AF_SPEC, b"")),
        txqlen=number_in(held, _IFLA_TXQLEN),
        promisc=bool(flags & _IFF_PROMISC),
        queue=_text(held.get(_IFLA_QDISC, b"")),
    )


def _altnames(listed: bytes) -> tuple[str, ...]:
    """All names in a property list, which repeats one attribute and so cannot be read into a dictionary."""
    return tuple(_text(listed[place]) for number, place in places(listed, 0) if number == _IFLA_ALT_IFNAME)


def _port(info: Attributes) -> Options:
    """The flags of a bridge port, by name; none where the link is no port of a bridge."""
    if _text(info.get(_IFLA_INFO_SLAVE_KIND, b"")) != "bridge":
        return ()
    return read_options(PORT, attributes(info.get(_IFLA_INFO_SLAVE_DATA, b""), 0, OF_A_PORT))


def _ipv6_link_local(families: bytes) -> bool:
    """Whether the kernel makes an fe80 address, which it does not where a link or the kernel has no IPv6."""
    mode = attributes(attributes(families, 0).get(socket.AF_INET6, b""), 0).get(_INET6_ADDR_GEN_MODE)
    return mode is not None and mode[0] != _IN6_ADDR_GEN_MODE_NONE


def _text(raw: bytes) -> str:
    return raw.rstrip(b"\0").decode(errors="replace")
