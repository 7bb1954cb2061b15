# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How one raw value is read: text, numbers, addresses.

A reader returns what the value means, or raises ``Unreadable`` with a sentence that says what would be right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address, ip_network
from typing import Any, Callable, TypeVar

from .declaration import IPAddress, IPNetwork
from .problem import NO_ZONE
from .report import Unreadable, UnreadableItems, shown, suggestion

T = TypeVar("T")
Reader = Callable[[object], Any]
INTEGER = re.compile(r"[+-]?[0-9]{1,20}")


def read_text(value: object) -> str:
    """Text. A number is refused, since YAML may have made it out of something else (22:22 without quotes is 1342)."""
    if not isinstance(value, str):
        raise Unreadable("text is expected" + (": put it in quotes" if isinstance(value, (int, float)) else ""))
    return str(value)


def read_boolean(value: object) -> bool:
    """true or false, also as text, as Docker's driver_opts have it."""
    if isinstance(value, bool):
        return value
    text = value.lower() if isinstance(value, str) else ""
    if text not in ("true", "false"):
        raise Unreadable("true or false is expected")
    return text == "true"


def read_integer(value: object) -> int:
    """A whole number, also as text."""
    if isinstance(value, str) and INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unreadable("a whole number is expected")
    return int(value)


def read_each(items: Iterable[object], reader: Callable[[object], T]) -> list[T]:
    """Every item by its reader; all that cannot be read are told, each with its place."""
    found, wrong = [], []
    for index, item in enumerate(items):
        try:
            found.append(reader(item))
        except Unreadable as error:
            wrong.append((f"[{index}]", item, str(error)))
    if wrong:
        raise UnreadableItems(wrong)
    return found


def integer_between(lowest: int, highest: int) -> Reader:
    """A reader of whole numbers from ``lowest`` to ``highest``, both included."""

    def read(value: object) -> int:
        number = read_integer(value)
        if not lowest <= number <= highest:
            raise Unreadable(f"a number from {lowest} to {highest} is expected")
        return number

    return read


def one_of(supported: tuple[str, ...], not_yet: tuple[str, ...] = ()) -> Reader:
    """A reader of one word out of a few; those of ``not_yet`` are known and refused as such."""

    def read(value: object) -> str:
        word = read_text(value)
        if word in not_yet:
            raise Unreadable(f"'{word}' is not yet supported; supported: {', '.join(supported)}")
        if word not in supported:
            raise Unreadable(f"there is no '{shown(word)}': {suggestion(word, supported, not_yet)}")
        return word

    return read


def read_address(value: object) -> IPAddress:
    """An IPv4 address in dotted form, or an IPv6 address."""
    text = read_text(value)
    if "%" in text:
        raise Unreadable(NO_ZONE)
    try:
        return ip_address(text)
    except ValueError:
        raise Unreadable("an address such as 172.20.0.10 or fd00::10 is expected") from None


def read_ipv4_address(value: object) -> IPv4Address:
    """An IPv4 address in dotted form."""
    address = read_address(value)
    if not isinstance(address, IPv4Address):
        raise Unreadable(f"{address} is an IPv6 address: an IPv4 address such as 172.20.0.10 is expected")
    return address


def read_ipv6_address(value: object) -> IPv6Address:
    """An IPv6 address."""
    address = read_address(value)
    if not isinstance(address, IPv6Address):
        raise Unreadable(f"{address} is an IPv4 address: an IPv6 address such as fd00::10 is expected")
    return address


def read_subnet(value: object) -> IPNetwork:
    """A subnet of either family as address/length, with no host bits set."""
    text = read_text(value)
    address, _slash, length = text.partition("/")
    if not re.fullmatch("[0-9]{1,3}", length) or "%" in address:
        raise Unreadable("a subnet such as 172.20.0.0/24 or fd00:20::/64 is expected")
    try:
        network = ip_network((address, int(length)), strict=False)
        given = ip_address(address)
    except ValueError:
        raise Unreadable("a subnet such as 172.20.0.0/24 or fd00:20::/64 is expected") from None
    if network.network_address != given:
        raise Unreadable(f"{address} is an address in the subnet, not the subnet: write {network}")
    return network


def read_ipv4_subnet(value: object) -> IPv4Network:
    """An IPv4 subnet."""
    subnet = read_subnet(value)
    if not isinstance(subnet, IPv4Network):
        raise Unreadable(f"{subnet} is an IPv6 subnet: an IPv4 subnet such as 172.20.0.0/24 is expected")
    return subnet
