# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What conntrack remembers, and making it forget UDP connections to ports of the host."""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from ..state.chain import Connections
from .netlink import NETLINK_NETFILTER, NLA_F_NESTED, Attributes, Refused, RouteSocket, attribute, attributes
from .tables import read_addresses

# linux/netfilter/nfnetlink_conntrack.h
_SUBSYSTEM = 1
_GET, _DELETE = (_SUBSYSTEM << 8) | 1, (_SUBSYSTEM << 8) | 2
_ORIGINAL, _REPLY, _ID, _ZONE = 1, 2, 12, 18
_TUPLE_IP, _TUPLE_PROTOCOL = 1, 2
_PROTOCOL, _SOURCE_PORT, _DESTINATION_PORT = 1, 2, 3
# Source and destination in the attributes of a tuple's addresses.
_ENDS = {"ipv4": (1, 2), "ipv6": (3, 4)}
_FAMILIES = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
_HEADER = struct.Struct("=BBH")
_PORT = struct.Struct("!H")
_UDP = bytes([socket.IPPROTO_UDP])


@dataclass(frozen=True)
class _Entry:
    """address, port: where the first packet was sent. answers: from whom the answers come. key: the attributes that name the entry."""

    address: str
    port: int
    answers: str
    key: bytes


def forget(what: Connections) -> None:
    """Delete the entries of UDP connections that were sent to one of the ports on this host, or that led to one of the addresses."""
    header = _HEADER.pack(_FAMILIES[what.family], 0, 0)
    try:
        with RouteSocket(NETLINK_NETFILTER) as netlink:
            entries = [entry for body in netlink.dump(_GET, header) for entry in _read(body, what.family)]
            local = _local_addresses() if entries else set()
            for one in entries:
                to_port = (one.address, one.port) in what.ports or ("", one.port) in what.ports
                is_local = one.address in local or ip_address(one.address).is_loopback
                if one.answers in what.addresses or (to_port and is_local):
                    with contextlib.suppress(Refused):  # it ended meanwhile
                        netlink.send([(_DELETE, 0, header + one.key)])
    except OSError as error:
        # A kernel without conntrack remembers nothing.
        if not isinstance(error, Refused) and error.errno != errno.EPROTONOSUPPORT:
            raise


def _local_addresses() -> set[str]:
    with RouteSocket() as netlink:
        return {one.address.split("/")[0] for one in read_addresses(netlink)}


def _read(body: bytes, family: str) -> Iterator[_Entry]:
    found = attributes(body, _HEADER.size)
    original, reply = attributes(found.get(_ORIGINAL, b""), 0), attributes(found.get(_REPLY, b""), 0)
    protocol = attributes(original.get(_TUPLE_PROTOCOL, b""), 0)
    if protocol.get(_PROTOCOL) != _UDP:
        return
    source, destination = _ENDS[family]
    address, answers = _address(original, destination, family), _address(reply, source, family)
    key = attribute(_ORIGINAL | NLA_F_NESTED, found[_ORIGINAL])
    key += b"".join(attribute(number, found[number]) for number in (_ID, _ZONE) if number in found)
    yield _Entry(address, _PORT.unpack(protocol[_DESTINATION_PORT])[0], answers, key)


def _address(tuple_: Attributes, end: int, family: str) -> str:
    return socket.inet_ntop(_FAMILIES[family], attributes(tuple_[_TUPLE_IP], 0)[end])
