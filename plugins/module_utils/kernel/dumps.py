# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel tells about links, addresses and routes, read from its dumps into plain data.

The numbers are those of linux/if_link.h, if_addr.h and rtnetlink.h. Nothing here needs pyroute2.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

from .netlink import Attributes, RouteSocket, attributes

_LINK, _ADDRESS, _ROUTE = struct.Struct("=BxHiII"), struct.Struct("=BBBBI"), struct.Struct("=BBBBBBBBI")
_U32, _NESTED = struct.Struct("=I"), 0x8000
_RTM_GETLINK, _RTM_GETADDR, _RTM_GETROUTE = 18, 22, 26
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_LINK, _IFLA_MASTER, _IFLA_LINKINFO, _IFLA_IFALIAS = 1, 3, 4, 5, 10, 18, 20
_IFLA_AF_SPEC, _IFLA_GROUP, _IFLA_EXT_MASK, _IFLA_PROP_LIST, _IFLA_ALT_IFNAME = 26, 27, 29, 52, 53
_IFLA_INFO_KIND, _IFLA_INFO_SLAVE_KIND, _IFLA_INFO_SLAVE_DATA = 1, 4, 5
_BRPORT_FLAGS = {"hairpin": 4, "isolated": 33}
_INET6_ADDR_GEN_MODE, _IN6_ADDR_GEN_MODE_NONE = 8, 1
_IFA_ADDRESS, _IFA_LOCAL, _IFA_F_SECONDARY = 1, 2, 1
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_PRIORITY, _RTA_TABLE = 1, 4, 5, 6, 15
_RT_TABLE_MAIN, _RTN_UNICAST, _RT_SCOPE_LINK = 254, 1, 253
_SKIP_STATISTICS = struct.pack("=HHI", 8, _IFLA_EXT_MASK, 8)
_IFF_UP = 1


@dataclass(frozen=True)
class SeenLink:
    """A link as the kernel shows it. master, peer: interface indexes, 0 for none. port: flags of a bridge port."""

    index: int
    name: str
    kind: str
    up: bool
    mac: str
    mtu: int
    master: int
    peer: int
    group: int
    alias: str | None
    altnames: tuple[str, ...]
    port: tuple[tuple[str, bool], ...]
    ipv6_link_local: bool


@dataclass(frozen=True)
class SeenAddress:
    """An address with its prefix length on the link with this index. secondary: it goes when an earlier one of its subnet goes."""

    index: int
    address: str
    secondary: bool


@dataclass(frozen=True)
class SeenRoute:
    """A route of the main table. index: that of its link, 0 for none."""

    destination: str
    gateway: str | None
    index: int
    protocol: int
    metric: int
    on_link: bool


def read_links(netlink: RouteSocket) -> list[SeenLink]:
    """Every link of the socket's namespace."""
    return [_link(body) for body in netlink.dump(_RTM_GETLINK, _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0) + _SKIP_STATISTICS)]


def read_addresses(netlink: RouteSocket) -> list[SeenAddress]:
    """The addresses of IPv4 and of IPv6, without those that the kernel makes itself (fe80)."""
    found = []
    for body in netlink.dump(_RTM_GETADDR, _ADDRESS.pack(socket.AF_UNSPEC, 0, 0, 0, 0)):
        family, length, flags, scope, index = _ADDRESS.unpack_from(body)
        if family == socket.AF_INET6 and scope == _RT_SCOPE_LINK:
            continue
        held = attributes(body, _ADDRESS.size)
        raw = held.get(_IFA_LOCAL) or held[_IFA_ADDRESS]
        found.append(SeenAddress(index, f"{socket.inet_ntop(family, raw)}/{length}", family == socket.AF_INET and bool(flags & _IFA_F_SECONDARY)))
    return found


def read_routes(netlink: RouteSocket) -> list[SeenRoute]:
    """The unicast routes of the main IPv4 table."""
    found = []
    for body in netlink.dump(_RTM_GETROUTE, _ROUTE.pack(socket.AF_INET, 0, 0, 0, 0, 0, 0, 0, 0)):
        _family, length, _source, _tos, table, protocol, scope, kind, _flags = _ROUTE.unpack_from(body)
        held = attributes(body, _ROUTE.size)
        if _number(held, _RTA_TABLE, table) != _RT_TABLE_MAIN or kind != _RTN_UNICAST:
            continue
        destination = f"{socket.inet_ntoa(held[_RTA_DST])}/{length}" if _RTA_DST in held else "default"
        gateway = socket.inet_ntoa(held[_RTA_GATEWAY]) if _RTA_GATEWAY in held else None
        found.append(SeenRoute(destination, gateway, _number(held, _RTA_OIF), protocol, _number(held, _RTA_PRIORITY), scope == _RT_SCOPE_LINK))
    return found


def _link(body: bytes) -> SeenLink:
    _family, _kind, index, flags, _change = _LINK.unpack_from(body)
    held = attributes(body, _LINK.size)
    info = attributes(held.get(_IFLA_LINKINFO, b""), 0)
    return SeenLink(
        index=index,
        name=_text(held[_IFLA_IFNAME]),
        kind=_text(info.get(_IFLA_INFO_KIND, b"")),
        up=bool(flags & _IFF_UP),
        mac=held.get(_IFLA_ADDRESS, b"").hex(":"),
        mtu=_number(held, _IFLA_MTU),
        master=_number(held, _IFLA_MASTER),
        peer=_number(held, _IFLA_LINK),
        group=_number(held, _IFLA_GROUP),
        alias=_text(held[_IFLA_IFALIAS]) if _IFLA_IFALIAS in held else None,
        altnames=_altnames(held.get(_IFLA_PROP_LIST, b"")),
        port=_port(info),
        ipv6_link_local=_ipv6_link_local(held.get(_IFLA_AF_SPEC, b"")),
    )


def _altnames(listed: bytes) -> tuple[str, ...]:
    """All names in a property list, which repeats one attribute and so cannot be read into a dictionary."""
    names, offset = [], 0
    while offset + 4 <= len(listed):
        length, kind = struct.unpack_from("=HH", listed, offset)
        if length < 4:
            break
        if kind & ~_NESTED == _IFLA_ALT_IFNAME:
            names.append(_text(listed[offset + 4 : offset + length]))
        offset += (length + 3) & ~3
    return tuple(names)


def _port(info: Attributes) -> tuple[tuple[str, bool], ...]:
    """The flags of a bridge port, by name; none where the link is no port of a bridge."""
    if _text(info.get(_IFLA_INFO_SLAVE_KIND, b"")) != "bridge":
        return ()
    held = attributes(info.get(_IFLA_INFO_SLAVE_DATA, b""), 0)
    return tuple((name, held[kind] != b"\0") for name, kind in sorted(_BRPORT_FLAGS.items()) if kind in held)


def _ipv6_link_local(families: bytes) -> bool:
    """Whether the kernel makes an fe80 address, which it does not where a link or the kernel has no IPv6."""
    mode = attributes(attributes(families, 0).get(socket.AF_INET6, b""), 0).get(_INET6_ADDR_GEN_MODE)
    return mode is not None and mode[0] != _IN6_ADDR_GEN_MODE_NONE


def _number(held: dict[int, bytes], kind: int, otherwise: int = 0) -> int:
    return int(_U32.unpack(held[kind])[0]) if kind in held else otherwise


def _text(raw: bytes) -> str:
    return raw.rstrip(b"\0").decode(errors="replace")
