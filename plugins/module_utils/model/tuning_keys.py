# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the keys of a Tuning are read, in a network and in an endpoint, and written again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from ipaddress import ip_network
from typing import Any

from .keys import Keys, as_given, list_items, read_keys
from .report import Report, Unreadable
from .sysctl import OF_AN_INTERFACE, read_sysctls
from .tuning import UNTUNED, Bandwidth, FixedRoute, Tuning
from .values import Reader, integer_between, one_of, read_address, read_boolean, read_subnet, read_text

# 68: the least that IPv4 needs (RFC 791). 65535: the most that the kernel gives a bridge or a veth.
MTU = integer_between(68, 65535)
_UNITS = {"bit": 1, "kbit": 10**3, "mbit": 10**6, "gbit": 10**9}
_BITS = re.compile(r"([0-9]{1,15})(bit|kbit|mbit|gbit)?")
# Below, one packet of 1,500 bytes takes longer than the kernel's clock for a burst goes (4.3 s); above, no link of this world is.
LEAST_RATE, MOST_RATE = 8_000, 10**12
MOST_BURST = 8 * 2**30


def read_bits(value: object) -> int:
    """A number of bits: a whole number, or text with a unit of tc (``10mbit``)."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _BITS.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Unreadable("a number of bits is expected, as 1000000 or with a unit as in 100kbit, 10mbit or 1gbit")
    return int(match[1]) * _UNITS[match[2] or "bit"]


def bits_between(lowest: int, highest: int) -> Reader:
    """A reader of numbers of bits, rounded down to whole bytes."""

    def read(value: object) -> int:
        bits = read_bits(value)
        if not lowest <= bits <= highest:
            raise Unreadable(f"from {bits_in_words(lowest)} to {bits_in_words(highest)} is expected")
        return bits - bits % 8

    return read


def bits_in_words(bits: int) -> str | int:
    """A number of bits with the largest unit that it is a whole number of."""
    unit = next(name for name, size in reversed(_UNITS.items()) if bits % size == 0)
    return bits if unit == "bit" else f"{bits // _UNITS[unit]}{unit}"


def read_destination(value: object) -> object:
    """Where a route leads: a subnet, ``default`` (of IPv4), or ``::/0``."""
    return ip_network("0.0.0.0/0") if read_text(value) == "default" else read_subnet(value)


RATE, BURST = bits_between(LEAST_RATE, MOST_RATE), bits_between(8 * 68, MOST_BURST)
BANDWIDTH = Keys({"ingress_rate": RATE, "ingress_burst": BURST, "egress_rate": RATE, "egress_burst": BURST})
ROUTE = Keys(
    {
        "destination": read_destination,
        "gateway": read_address,
        "metric": integer_between(0, 2**32 - 1),
        "table": integer_between(1, 2**32 - 1),
        "type": one_of(("unicast", "blackhole", "unreachable")),
    },
    required=("destination",),
)
OF_A_NETWORK: Mapping[str, Reader] = {
    "bandwidth": as_given,
    "promisc": read_boolean,
    "routes": as_given,
    "sysctls": as_given,
    "txqlen": integer_between(0, 2**31 - 1),
}
OF_AN_ENDPOINT: Mapping[str, Reader] = {**OF_A_NETWORK, "mtu": MTU}


def take_tuning(report: Report, path: str, found: dict[str, Any], keys: Mapping[str, Reader]) -> Tuning:
    """What ``found``, whose values are read already, has under ``keys``, which are taken out of it."""
    given = {key: found.pop(key) for key in keys if key in found}
    if not given:
        return UNTUNED
    bandwidth = read_keys(report, f"{path}.bandwidth", given.pop("bandwidth", None), BANDWIDTH)
    for direction in ("ingress", "egress"):
        if f"{direction}_burst" in bandwidth and f"{direction}_rate" not in bandwidth:
            message = f"a burst needs its rate: declare {direction}_rate beside it"
            report.add(f"{path}.bandwidth.{direction}_burst", bandwidth.pop(f"{direction}_burst"), message)
    return Tuning(
        bandwidth=Bandwidth(**bandwidth),
        routes=read_routes(report, f"{path}.routes", given.pop("routes", None)),
        sysctls=tuple(sorted(read_sysctls(report, f"{path}.sysctls", given.pop("sysctls", None), OF_AN_INTERFACE).items())),
        **given,
    )


def read_routes(report: Report, path: str, raw: object) -> tuple[FixedRoute, ...]:
    """The routes of a list, sorted."""
    routes: dict[tuple[str, int, int], FixedRoute] = {}
    for item_path, item in list_items(report, path, raw):
        before = len(report.problems)
        found = read_keys(report, item_path, item, ROUTE)
        if len(report.problems) > before:
            continue
        one = FixedRoute(**found)
        if one.gateway is not None and one.type != "unicast":
            report.add(f"{item_path}.gateway", str(one.gateway), f"a route of type {one.type} leads nowhere: leave the gateway out")
        elif one.gateway is not None and one.gateway.version != one.destination.version:
            report.add(f"{item_path}.gateway", str(one.gateway), f"the gateway is IPv{one.gateway.version} and the destination IPv{one.destination.version}")
        elif routes.setdefault(one.place, one) != one:
            report.add(item_path, str(one.destination), "two routes have this destination, metric and table: give them different metrics, or keep one")
    return tuple(routes[place] for place in sorted(routes))


def tuning_options(tuning: Tuning) -> dict[str, object]:
    """A tuning in option names, without what is not declared."""
    if tuning == UNTUNED:
        return {}
    options: dict[str, object] = {name: value for name in ("mtu", "promisc", "txqlen") if (value := getattr(tuning, name)) is not None}
    rates = {one.name: getattr(tuning.bandwidth, one.name) for one in fields(Bandwidth)}
    if tuning.bandwidth != Bandwidth():
        options["bandwidth"] = {name: bits_in_words(value) for name, value in sorted(rates.items()) if value is not None}
    if tuning.routes:
        options["routes"] = [_route_options(one) for one in tuning.routes]
    if tuning.sysctls:
        options["sysctls"] = dict(tuning.sysctls)
    return options


def _route_options(route: FixedRoute) -> dict[str, object]:
    default = FixedRoute(route.destination)
    given = {one.name: getattr(route, one.name) for one in fields(FixedRoute) if getattr(route, one.name) != getattr(default, one.name)}
    return {"destination": str(route.destination), **{name: value if isinstance(value, (int, str)) else str(value) for name, value in sorted(given.items())}}
