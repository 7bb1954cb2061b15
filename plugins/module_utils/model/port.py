# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ports are published: the short and the long syntax of the Compose specification."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address

from .declaration import IPAddress, Port
from .keys import Keys, list_items, read_keys
from .report import Report, Unreadable
from .values import read_address, read_integer, read_text

PORT_RANGE = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
BROADCAST = IPv4Address("255.255.255.255")
NO_HOST_PORT = 'a host port chosen at random is not yet supported: name one, as in "8080:80" (in quotes, or YAML may take it for a number)'


def read_protocol(value: object) -> str:
    """tcp or udp, in lower case."""
    protocol = read_text(value).lower()
    if protocol == "sctp":
        raise Unreadable("sctp is not yet supported; supported: tcp, udp")
    if protocol not in ("tcp", "udp"):
        raise Unreadable("the protocol of a port is tcp or udp")
    return protocol


def read_host_ip(value: object) -> IPv4Address:
    """The address of the host on which a port is published."""
    address = read_address(value)
    if address.is_multicast or address == BROADCAST:
        raise Unreadable(f"{address} is not an address that a host can have")
    return address


def read_port_number(value: object) -> int:
    """A port number from 1 to 65535."""
    number = read_integer(value)
    if not 1 <= number <= 65535:
        raise Unreadable("a port number from 1 to 65535 is expected")
    return number


def read_published(value: object) -> int:
    """A host port; 0 means a random one to Docker."""
    if isinstance(value, str) and PORT_RANGE.fullmatch(value) and "-" in value:
        raise Unreadable("a host port chosen from a range is not yet supported: name one")
    if value in ("", "0") or (isinstance(value, int) and value == 0):
        raise Unreadable(NO_HOST_PORT)
    return read_port_number(value)


LONG_SYNTAX = Keys(
    {"target": read_port_number, "published": read_published, "host_ip": read_host_ip, "protocol": read_protocol},
    frozenset({"mode", "name", "app_protocol"}),
    ("published", "target"),
)


def read_ports(report: Report, path: str, raw: object, default_host_ip: IPAddress | None) -> tuple[Port, ...]:
    """Every published port of a sandbox, sorted; ranges are expanded, what cannot be read is reported."""
    ports: list[Port] = []
    for item_path, item in list_items(report, path, raw):
        if isinstance(item, dict):
            ports.extend(read_long_syntax(report, item_path, item, default_host_ip))
            continue
        try:
            ports.extend(read_short_syntax(item, default_host_ip))
        except Unreadable as error:
            report.add(item_path, item, str(error))
    return tuple(sorted(ports, key=lambda port: port.order))


def read_long_syntax(report: Report, path: str, raw: dict[object, object], default_host_ip: IPAddress | None) -> Iterator[Port]:
    """The one port of ``{target, published, host_ip, protocol}``, or none if something is wrong with it."""
    before = len(report.problems)
    found = read_keys(report, path, raw, LONG_SYNTAX)
    if len(report.problems) == before:
        yield Port(found["published"], found["target"], found.get("protocol", "tcp"), found.get("host_ip", default_host_ip))


def read_short_syntax(value: object, default_host_ip: IPAddress | None) -> Iterator[Port]:
    """The ports of ``[HOST_IP:]PUBLISHED:TARGET[/PROTOCOL]``, where both may be ranges of one length."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise Unreadable(NO_HOST_PORT)
    if not isinstance(value, str):
        raise Unreadable('a port is text such as "8080:80" or "127.0.0.1:8443:443/tcp", or a dictionary with target and published')
    numbers, slash, protocol_text = str(value).partition("/")
    parts = numbers.rsplit(":", 2)
    protocol = read_protocol(protocol_text) if slash else "tcp"
    host_ip = read_host_ip(parts[0].strip("[]")) if len(parts) == 3 else default_host_ip
    first_target, last_target = read_range(parts[-1])
    if len(parts) == 1 or parts[-2] in ("", "0"):
        raise Unreadable(NO_HOST_PORT)
    first, last = read_range(parts[-2])
    if last > first and last_target == first_target:
        raise Unreadable("a host port chosen from a range is not yet supported: name one, or as many in the sandbox as on the host")
    if last - first != last_target - first_target:
        raise Unreadable(f"the host's range has {last - first + 1} ports and the sandbox's {last_target - first_target + 1}: give both the same length")
    return (Port(first + step, first_target + step, protocol, host_ip) for step in range(last - first + 1))


def read_range(text: str) -> tuple[int, int]:
    """First and last port of ``80`` or ``5000-5005``."""
    match = PORT_RANGE.fullmatch(text)
    if not match:
        raise Unreadable('a port is written [HOST_IP:]PUBLISHED:TARGET[/PROTOCOL], as in "8080:80" or "127.0.0.1:5000-5005:5000-5005/udp"')
    first = read_port_number(match[1])
    last = read_port_number(match[2] or match[1])
    if last < first:
        raise Unreadable(f"the range {text} ends before it begins")
    return first, last
