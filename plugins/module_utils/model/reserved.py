# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says that others on it use: routes, resolvers, ports, the underlay."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Callable, TypeVar

from .declaration import IPAddress, IPNetwork
from .overlap import Span, outermost, span_of
from .values import integer_between, read_address, read_integer, read_ipv4_address, read_subnet, read_text

T = TypeVar("T")
PORT = integer_between(0, 65535)
MTU = integer_between(0, 2**31 - 1)  # what a link of the kernel can have; that of lo is more than an IP packet can be


@dataclass(frozen=True)
class TakenPort:
    """A port on which a process of the host listens. host_ip: 0.0.0.0 is every IPv4 address, ``::`` every address of both families."""

    protocol: str
    port: int
    host_ip: IPAddress
    process: str = ""

    def has(self, address: IPAddress) -> bool:
        """Whether this takes the port of an address of the host; 0.0.0.0 and ``::`` stand for every one of their family."""
        if self.host_ip == IPv6Address("::"):
            return True
        return address.version == self.host_ip.version and (address == self.host_ip or address.is_unspecified or self.host_ip.is_unspecified)


@dataclass(frozen=True)
class HostLink:
    """A link of the host that others made. kind: empty for a network card. parent, master: the links that it rests on, and that it is a port of.
    mode, flag: of a macvlan or ipvlan.
    """

    name: str
    kind: str = ""
    mtu: int = 1500
    up: bool = True
    parent: str = ""
    master: str = ""
    mode: str = ""
    flag: str = ""


@dataclass(frozen=True)
class Reserved:
    """What is in use on a host by others than this fleet. Prefixes and resolvers keep subnets away, ports keep ports away.

    port_range: first and last of the ports that the host gives away itself (ip_local_port_range). reserved_ports: first and last of each range
    of them that it does not (ip_local_reserved_ports). links: those of the host's own namespace; none where the host did not tell.
    """

    prefixes: tuple[IPNetwork, ...] = ()
    resolvers: tuple[IPAddress, ...] = ()
    ports: tuple[TakenPort, ...] = ()
    underlay_address: IPv4Address | None = None
    underlay_mtu: int | None = None
    port_range: tuple[int, int] = (32768, 60999)
    reserved_ports: tuple[tuple[int, int], ...] = ()
    links: tuple[HostLink, ...] = ()

    def lasting(self) -> Reserved:
        """Without ports and links, which come and go."""
        return replace(self, ports=(), links=(), port_range=Reserved.port_range, reserved_ports=())

    def seen(self) -> dict[str, object]:
        """The part that lasts, as the ledger keeps it."""
        return {
            "prefixes": [str(prefix) for prefix in self.prefixes],
            "resolvers": [str(address) for address in self.resolvers],
            "underlay_address": None if self.underlay_address is None else str(self.underlay_address),
            "underlay_mtu": self.underlay_mtu,
        }

    def spans(self) -> list[Span]:
        """The addresses that no subnet may have, sorted, with words for what holds them. The default route holds none."""
        held = [span_of(prefix, f"the route {prefix}") for prefix in self.prefixes if prefix.prefixlen > 0]
        held += [span_of(ip_network(address), f"the resolver {address}") for address in self.resolvers]
        if self.underlay_address is not None:
            held.append(span_of(ip_network(self.underlay_address), f"the underlay address {self.underlay_address}"))
        return outermost(held)


def read_reserved(raw: object) -> Reserved:
    """``reserved`` of ``topology_info``. What cannot be read is passed over: it comes from a host, not from a person."""
    items = raw if isinstance(raw, dict) else {}
    ranges = readable(read_port_range, [items.get("port_range")])
    return Reserved(
        prefixes=tuple(sorted(set(readable(read_subnet, items.get("prefixes"))), key=lambda one: (one.version, int(one.network_address), one.prefixlen))),
        resolvers=tuple(dict.fromkeys(readable(read_address, items.get("resolvers")))),
        ports=tuple(sorted(set(readable(read_taken_port, items.get("ports"))), key=lambda one: (one.protocol, one.port, str(one.host_ip), one.process))),
        links=tuple(readable(read_host_link, items.get("links"))),
        port_range=ranges[0] if ranges else Reserved.port_range,
        reserved_ports=tuple(readable(read_port_range, items.get("reserved_ports"))),
        underlay_address=next(iter(readable(read_ipv4_address, [items.get("underlay_address")])), None),
        underlay_mtu=next(iter(readable(MTU, [items.get("underlay_mtu")])), None),
    )


def read_taken_port(value: object) -> TakenPort:
    """One of ``ports``."""
    items = value if isinstance(value, dict) else {}
    address = read_address("::" if items.get("host_ip") == "*" else items.get("host_ip"))
    return TakenPort(read_text(items.get("protocol")), read_integer(items.get("port")), address, str(items.get("process") or ""))


def read_port_range(value: object) -> tuple[int, int]:
    """First and last port of a range, as a list of the two."""
    first, last = (PORT(one) for one in (value if isinstance(value, (list, tuple)) else ()))
    return first, last


def read_host_link(value: object) -> HostLink:
    """One of ``links``."""
    items = value if isinstance(value, dict) else {}
    kind, *others = (str(items.get(key) or "") for key in ("kind", "parent", "master", "mode", "flag"))
    return HostLink(read_text(items.get("name")), kind, MTU(items.get("mtu")), items.get("up") is not False, *others)


def readable(reader: Callable[[object], T], raw: object) -> list[T]:
    """What ``reader`` makes of the items of a list that it can read."""
    found = []
    for item in raw if isinstance(raw, (list, tuple)) else ():
        try:
            found.append(reader(item))
        except ValueError:
            continue
    return found
