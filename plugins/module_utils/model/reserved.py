# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says that others on it use: routes, resolvers, ports, the underlay."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Callable, TypeVar

from .overlap import Span, outermost, span_of
from .values import read_address, read_integer, read_subnet, read_text

T = TypeVar("T")


@dataclass(frozen=True, order=True)
class TakenPort:
    """A port on which a process of the host listens. host_ip 0.0.0.0: on every address."""

    protocol: str
    port: int
    host_ip: IPv4Address
    process: str = ""


@dataclass(frozen=True)
class Reserved:
    """What is in use on a host by others than this fleet. Prefixes and resolvers keep subnets away, ports keep ports away."""

    prefixes: tuple[IPv4Network, ...] = ()
    resolvers: tuple[IPv4Address, ...] = ()
    ports: tuple[TakenPort, ...] = ()
    underlay_address: IPv4Address | None = None
    underlay_mtu: int | None = None

    def seen(self) -> dict[str, object]:
        """The part that lasts, as the ledger keeps it. Ports come and go and are left out."""
        return {
            "prefixes": [str(prefix) for prefix in self.prefixes],
            "resolvers": [str(address) for address in self.resolvers],
            "underlay_address": None if self.underlay_address is None else str(self.underlay_address),
            "underlay_mtu": self.underlay_mtu,
        }

    def spans(self) -> list[Span]:
        """The addresses that no subnet may have, sorted, with words for what holds them. The default route holds none."""
        held = [span_of(prefix, f"the route {prefix}") for prefix in self.prefixes if prefix.prefixlen > 0]
        held += [span_of(IPv4Network(address), f"the resolver {address}") for address in self.resolvers]
        if self.underlay_address is not None:
            held.append(span_of(IPv4Network(self.underlay_address), f"the underlay address {self.underlay_address}"))
        return outermost(held)


def read_reserved(raw: object) -> Reserved:
    """``reserved`` of ``topology_info``. What is not about IPv4 or cannot be read is passed over: it comes from a host, not from a person."""
    items = raw if isinstance(raw, dict) else {}
    return Reserved(
        prefixes=tuple(sorted(set(readable(read_subnet, items.get("prefixes"))))),
        resolvers=tuple(dict.fromkeys(readable(read_address, items.get("resolvers")))),
        ports=tuple(sorted(set(readable(read_taken_port, items.get("ports"))))),
        underlay_address=next(iter(readable(read_address, [items.get("underlay_address")])), None),
        underlay_mtu=next(iter(readable(read_integer, [items.get("underlay_mtu")])), None),
    )


def read_taken_port(value: object) -> TakenPort:
    """One of ``ports``. A listener on every IPv6 address has the IPv4 ones too."""
    items = value if isinstance(value, dict) else {}
    host_ip = items.get("host_ip")
    address = IPv4Address(0) if host_ip in ("::", "*") else read_address(host_ip)
    return TakenPort(read_text(items.get("protocol")), read_integer(items.get("port")), address, str(items.get("process") or ""))


def readable(reader: Callable[[object], T], raw: object) -> list[T]:
    """What ``reader`` makes of the items of a list that it can read."""
    found = []
    for item in raw if isinstance(raw, (list, tuple)) else ():
        try:
            found.append(reader(item))
        except ValueError:
            continue
    return found
