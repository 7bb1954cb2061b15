# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ports are published: the short and the long syntax of the Compose specification."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

from .declaration import IPAddress, IPNetwork, Port
from .keys import Keys, as_given, list_items, read_keys, read_list
from .report import Report, Unreadable
from .values import integer_between, read_address, read_subnet, read_text

PORT_RANGE = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
BROADCAST = IPv4Address("255.255.255.255")
PROTOCOLS = ("tcp", "udp", "sctp")
IN_WORDS = 'a port is written [HOST_IP:][PUBLISHED:]TARGET[/PROTOCOL], as in "8080:80", "80" or "127.0.0.1:5000-5005:5000-5005/udp"'
IN_QUOTES = 'a port is written in quotes, as in "8080:80": without them YAML takes it for a number, and 22:22 for 1342'

Span = tuple[int, int]
read_port_number = integer_between(1, 65535)


def read_protocol(value: object) -> str:
    """tcp, udp or sctp, in lower case."""
    protocol = read_text(value).lower()
    if protocol not in PROTOCOLS:
        raise Unreadable("the protocol of a port is tcp, udp or sctp")
    return protocol


def read_host_ip(value: object) -> IPAddress:
    """The address of the host on which a port is published."""
    address = read_address(value)
    if address.is_multicast or address == BROADCAST or (isinstance(address, IPv6Address) and address.ipv4_mapped is not None):
        raise Unreadable(f"{address} is not an address that a host can have")
    if address == IPv6Address("::1"):
        raise Unreadable("a port is not published on ::1: the kernel routes nothing from there to a sandbox, and there is no userland proxy. Use 127.0.0.1")
    if address.is_link_local and address.version == 6:
        raise Unreadable(f"{address} is known on one link only: publish on another address of the host")
    return address


def read_range(text: str) -> Span:
    """First and last port of ``80`` or ``5000-5005``."""
    match = PORT_RANGE.fullmatch(text)
    if not match:
        raise Unreadable(IN_WORDS)
    first = read_port_number(match[1])
    last = read_port_number(match[2] or match[1])
    if last < first:
        raise Unreadable(f"the range {text} ends before it begins")
    return first, last


def read_span(value: object) -> Span:
    """One port or a range, as a number or as text."""
    if isinstance(value, str) and "-" in value:
        return read_range(value)
    number = read_port_number(value)
    return number, number


def read_published(value: object) -> Span | None:
    """A host port or a range of them; 0 and empty text leave the choice to us."""
    return None if value in ("", "0") or (isinstance(value, int) and value == 0 and not isinstance(value, bool)) else read_span(value)


LONG_SYNTAX = Keys(
    {"target": read_span, "published": as_given, "host_ip": read_host_ip, "protocol": read_protocol, "allow_from": as_given, "name": read_text},
    frozenset({"mode", "app_protocol"}),
    ("target",),
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


def read_long_syntax(report: Report, path: str, raw: dict[object, object], default_host_ip: IPAddress | None) -> list[Port]:
    """The ports of ``{target, published, host_ip, protocol, allow_from}``, or none if something is wrong with them."""
    before = len(report.problems)
    found = read_keys(report, path, raw, LONG_SYNTAX)
    allowed: list[IPNetwork] | None = None
    if found.get("allow_from") is not None:
        allowed = read_list(report, f"{path}.allow_from", found["allow_from"], read_source)
    try:
        if len(report.problems) == before:
            published = read_published(found.get("published", 0))
            host_ip = found.get("host_ip", default_host_ip)
            return list(
                expanded(published, found["target"], found.get("protocol", "tcp"), host_ip, None if allowed is None else tuple(sorted_networks(allowed)))
            )
    except Unreadable as error:
        report.add(f"{path}.published", found.get("published"), str(error))
    return []


def read_source(value: object) -> IPNetwork:
    """Who may reach a port: a subnet, or one address."""
    text = read_text(value)
    return read_subnet(text if "/" in text else f"{text}/{read_address(text).max_prefixlen}")


def sorted_networks(networks: list[IPNetwork]) -> list[IPNetwork]:
    """Networks of both families in one order, each once."""
    return sorted(set(networks), key=lambda one: (one.version, int(one.network_address), one.prefixlen))


def read_short_syntax(value: object, default_host_ip: IPAddress | None) -> Iterator[Port]:
    """The ports of ``[HOST_IP:][PUBLISHED:]TARGET[/PROTOCOL]``, where both may be ranges."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise Unreadable(IN_QUOTES)
    if not isinstance(value, str):
        raise Unreadable('a port is text such as "8080:80" or "127.0.0.1:8443:443/tcp", or a dictionary with target and published')
    numbers, slash, protocol_text = str(value).partition("/")
    parts = numbers.rsplit(":", 2)  # an IPv6 address may stand without brackets, as Docker takes it
    protocol = read_protocol(protocol_text) if slash else "tcp"
    host_ip = read_host_ip(without_brackets(parts[0])) if len(parts) == 3 else default_host_ip
    target = read_range(parts[-1])
    return expanded(read_range(parts[-2]) if len(parts) > 1 and parts[-2] not in ("", "0") else None, target, protocol, host_ip)


def without_brackets(text: str) -> str:
    """The address in ``[fd00::1]``, or the text as it is."""
    return text[1:-1] if text[:1] == "[" and text[-1:] == "]" else text


def expanded(published: Span | None, target: Span, protocol: str, host_ip: IPAddress | None, allow_from: tuple[IPNetwork, ...] | None = None) -> Iterator[Port]:
    """One Port for each port of the sandbox. A longer range of the host for one port of the sandbox is one to choose from."""
    first, last = target
    if published is None:
        return (Port(0, number, protocol, host_ip, None, allow_from) for number in range(first, last + 1))
    low, high = published
    if high > low and first == last:
        return iter([Port(0, first, protocol, host_ip, published, allow_from)])
    if high - low != last - first:
        raise Unreadable(f"the host's range has {high - low + 1} ports and the sandbox's {last - first + 1}: give both the same length")
    return (Port(low + step, first + step, protocol, host_ip, None, allow_from) for step in range(high - low + 1))
