# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel tells about addresses and routes, read from its dumps into plain data.

The numbers are those of linux/if_addr.h and rtnetlink.h. Nothing here needs pyroute2.
"""

from __future__ import annotations

import socket
import struct
from typing import NamedTuple

from .netlink import RouteSocket, attributes, number_in

_ADDRESS, _ROUTE = struct.Struct("=BBBBI"), struct.Struct("=BBBBBBBBI")
_RTM_GETADDR, _RTM_GETROUTE, _RTM_GETNSID = 22, 26, 90
_NETNSA_NSID, _NETNSA_FD = 1, 3
_IFA_ADDRESS, _IFA_LOCAL, _IFA_BROADCAST, _IFA_F_SECONDARY = 1, 2, 4, 1
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_PRIORITY, _RTA_TABLE = 1, 4, 5, 6, 15
_RT_SCOPE_LINK, _RT_TABLE_LOCAL = 253, 255
ROUTE_TYPES = {1: "unicast", 6: "blackhole", 7: "unreachable"}
_IPV6_METRIC = 1024  # what the kernel makes of a metric 0 of IPv6


class SeenAddress(NamedTuple):
    """An address with its prefix length on the link with this index. secondary: it goes when an earlier one of its subnet goes. broadcast: it has one."""

    index: int
    address: str
    secondary: bool
    broadcast: bool


class SeenRoute(NamedTuple):
    """A route. index: that of its link, 0 for none. metric: 0 where it is what the kernel makes of no metric."""

    destination: str
    gateway: str | None
    index: int
    protocol: int
    metric: int
    on_link: bool
    table: int = 254
    type: str = "unicast"


def read_addresses(netlink: RouteSocket) -> list[SeenAddress]:
    """The addresses of IPv4 and of IPv6, without those that the kernel makes itself (fe80)."""
    found = []
    for body in netlink.dump(_RTM_GETADDR, _ADDRESS.pack(socket.AF_UNSPEC, 0, 0, 0, 0)):
        family, length, flags, scope, index = _ADDRESS.unpack_from(body)
        if family == socket.AF_INET6 and scope == _RT_SCOPE_LINK:
            continue
        held = attributes(body, _ADDRESS.size)
        raw = held.get(_IFA_LOCAL) or held[_IFA_ADDRESS]
        secondary = family == socket.AF_INET and bool(flags & _IFA_F_SECONDARY)
        found.append(SeenAddress(index, f"{socket.inet_ntop(family, raw)}/{length}", secondary, _IFA_BROADCAST in held))
    return found


def read_routes(netlink: RouteSocket, family: int = socket.AF_UNSPEC) -> list[SeenRoute]:
    """The routes of these types in all tables but ``local``."""
    found = []
    for body in netlink.dump(_RTM_GETROUTE, _ROUTE.pack(family, 0, 0, 0, 0, 0, 0, 0, 0)):
        family, length, _source, _tos, table, protocol, scope, kind, _flags = _ROUTE.unpack_from(body)
        if kind not in ROUTE_TYPES or table == _RT_TABLE_LOCAL:
            continue
        held = attributes(body, _ROUTE.size)
        is_ipv6, metric = family == socket.AF_INET6, number_in(held, _RTA_PRIORITY)
        destination = f"{socket.inet_ntop(family, held[_RTA_DST])}/{length}" if _RTA_DST in held else "::/0" if is_ipv6 else "default"
        gateway = socket.inet_ntop(family, held[_RTA_GATEWAY]) if _RTA_GATEWAY in held else None
        found.append(
            SeenRoute(
                destination,
                gateway,
                number_in(held, _RTA_OIF) if ROUTE_TYPES[kind] == "unicast" else 0,
                protocol,
                0 if is_ipv6 and metric == _IPV6_METRIC else metric,
                scope == _RT_SCOPE_LINK,
                number_in(held, _RTA_TABLE, table),
                ROUTE_TYPES[kind],
            )
        )
    return found


def read_namespace_number(netlink: RouteSocket, handle: int) -> int:
    """The number by which the socket's namespace knows the one behind the descriptor; -1 where it has none."""
    answer = netlink.ask(_RTM_GETNSID, struct.pack("=BxxxHHi", socket.AF_UNSPEC, 8, _NETNSA_FD, handle))
    return int(struct.unpack("=i", attributes(answer, 4)[_NETNSA_NSID])[0])
