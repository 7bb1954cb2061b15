# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations on addresses, routes and what else stands on links as netlink messages, for the namespace that the caller is in."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Iterator

from ..state.entry import Entries
from ..state.objects import Address, Link, Route
from ..state.op import Op, changes
from ..state.tag import ROUTE_PROTOCOL
from .encode import Attribute, Message, index_of, message
from .entry_messages import entry_messages
from .messages import change_link
from .tables import ROUTE_TYPES

_RTM_NEWADDR, _RTM_DELADDR, _RTM_NEWROUTE, _RTM_DELROUTE = 20, 21, 24, 25
_REPLACE, _CREATE = 0x100, 0x400
_IFA_F_NODAD, _RT_TABLE_COMPAT, _RT_SCOPE_LINK, _IPV6_ADDR_LINKLOCAL = 0x02, 252, 253, 0x20  # the last: net/ipv6.h


def inside_messages(ops: Iterable[Op]) -> Iterator[tuple[Op, list[Message]]]:
    """The messages of each change to a link, and of each step with what stands on one."""
    for op in ops:
        one, remove = op.subject, op.action == "remove"
        if isinstance(one, Entries):
            yield op, entry_messages(one.table, index_of(one.link), changes(op.before, op.after))
        elif isinstance(one, Link) and isinstance(op.before, Link):
            yield op, change_link(op.before, one)
        elif isinstance(one, Address):
            yield op, address(one, remove)
        elif isinstance(one, Route):
            yield op, route(one, remove)
        else:
            raise ValueError(f"no message for {op}")


def link_local_addresses(link: Link) -> list[Address]:
    """The fe80 addresses on a link of the namespace of this thread. None where the kernel has no IPv6."""
    try:
        with open("/proc/thread-self/net/if_inet6", encoding="ascii") as table:
            held = [line.split() for line in table]
    except FileNotFoundError:
        return []
    # number, index, prefix length, scope, flags, name; all but the name in hexadecimal digits.
    mine = ((number, length) for number, _index, length, scope, _flags, name in held if name == link.name and int(scope, 16) == _IPV6_ADDR_LINKLOCAL)
    return [Address(link.netns, link.name, f"{ipaddress.IPv6Address(bytes.fromhex(number))}/{int(length, 16)}") for number, length in mine]


def address(one: Address, remove: bool = False) -> list[Message]:
    """An address on its link, or no longer. One of IPv6 is in use at once: it was chosen for this link, so nobody is asked whether it is taken."""
    own, _slash, length = one.address.partition("/")
    is_ipv4 = ":" not in own
    attrs: list[Attribute] = [("IFA_LOCAL", own), ("IFA_ADDRESS", own)]
    if is_ipv4 and one.broadcast and int(length) < 31 and not remove:
        last = int.from_bytes(socket.inet_aton(own), "big") | 0xFFFFFFFF >> int(length)
        attrs.append(("IFA_BROADCAST", socket.inet_ntoa(last.to_bytes(4, "big"))))
    header = {"family": socket.AF_INET if is_ipv4 else socket.AF_INET6, "prefixlen": int(length), "index": index_of(one.link)}
    if not is_ipv4:
        header["flags"] = _IFA_F_NODAD
    return [message("ifaddrmsg", header, attrs, _RTM_DELADDR if remove else _RTM_NEWADDR, 0 if remove else _CREATE | _REPLACE)]


def route(one: Route, remove: bool = False) -> list[Message]:
    """A route, in the place of whatever stands there, or no longer."""
    attrs: list[Attribute] = [("RTA_TABLE", one.table)]
    network = ipaddress.ip_network("0.0.0.0/0" if one.destination == "default" else one.destination)
    if network.prefixlen:
        attrs.append(("RTA_DST", str(network.network_address)))
    if one.gateway:
        attrs.append(("RTA_GATEWAY", one.gateway))
    if one.link:
        attrs.append(("RTA_OIF", index_of(one.link)))
    if one.metric:
        attrs.append(("RTA_PRIORITY", one.metric))
    header = {
        "family": socket.AF_INET if network.version == 4 else socket.AF_INET6,
        "dst_len": network.prefixlen,
        "table": one.table if one.table < 256 else _RT_TABLE_COMPAT,  # one byte; the attribute counts
        "proto": 0 if remove else one.protocol or ROUTE_PROTOCOL,
        "type": next(number for number, name in ROUTE_TYPES.items() if name == one.type),
        "scope": 0 if one.gateway or one.type != "unicast" or network.version == 6 else _RT_SCOPE_LINK,
    }
    return [message("rtmsg", header, attrs, _RTM_DELROUTE if remove else _RTM_NEWROUTE, 0 if remove else _CREATE | _REPLACE)]
