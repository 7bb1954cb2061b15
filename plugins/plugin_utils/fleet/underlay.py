# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which address the hosts of a fleet reach each other, how large a packet may be there, and that each is a machine of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from ...module_utils.model.declaration import IPAddress
from ...module_utils.model.problem import Problem
from ...module_utils.model.report import Unreadable, shown
from ...module_utils.model.reserved import Reserved
from ...module_utils.model.values import integer_between, read_address


@dataclass(frozen=True)
class Underlay:
    """One host's place on the underlay.

    address: where its overlays send from. reached: the IPv4 address at which others ask for its own ports. mtu: in bytes. None: not known.
    """

    address: IPAddress | None = None
    reached: IPv4Address | None = None
    mtu: int | None = None


def underlay_of(host: str, get: Callable[[str], Any], report: Any, problems: list[Problem]) -> Underlay:
    """Each value as given, else ansible_host where it is an address, else what the host told. get: a variable of the host.

    An ansible_host by which no other host comes here is none: it leads to the controller itself, or through a tunnel that begins there.
    """
    told = report or {}
    given = get("cnm_underlay_address")
    address = _address(given)
    if given is not None and address is None:
        message = "it is an address by which other hosts reach this one, such as 192.0.2.10 or 2001:db8::10"
        problems.append(Problem(host, "cnm_underlay_address", shown(given), message))
    others = [_address(get("ansible_host")), _address(told.get("underlay_address"))]
    known = [one for one in (address, *others) if one is not None]
    reached = next((one for one in known if isinstance(one, IPv4Address)), None)
    return Underlay(known[0] if known else None, reached, _mtu(host, get("cnm_underlay_mtu"), told, problems))


def completed(underlay: Underlay, seen: Reserved | None) -> Underlay:
    """With what the ledger remembers of a host that has not reported in this run."""
    if seen is None:
        return underlay
    return Underlay(underlay.address or seen.underlay_address, underlay.reached, underlay.mtu or seen.underlay_mtu)


def check_overlays(joined: Mapping[str, Iterable[str]], underlay: Mapping[str, Underlay]) -> list[Problem]:
    """The hosts of an overlay reach each other by addresses of one family, each by its own. joined: the hosts that have an endpoint, by overlay."""
    problems = []
    twice: set[str] = set()
    for network, hosts in sorted(joined.items()):
        known = [(host, underlay[host].address) for host in sorted(hosts) if underlay[host].address is not None]
        holders: dict[IPAddress | None, str] = {}
        for host, address in known:
            holder = holders.setdefault(address, host)
            if holder != host and host not in twice:
                twice.add(host)
                message = f"{holder} has this address too, and both are on overlay {network}: give each its own, or keep one if they are one machine"
                problems.append(Problem(host, "cnm_underlay_address", str(address), message))
        for host, address in known[1:]:
            if isinstance(address, IPv6Address) is not isinstance(known[0][1], IPv6Address):
                message = f"overlay {network} has endpoints here and on {known[0][0]}, which has {known[0][1]}: give all its hosts addresses of one family"
                problems.append(Problem(host, "cnm_underlay_address", str(address), message))
    return problems


def one_machine(reports: Mapping[str, Any]) -> list[Problem]:
    """Names of the inventory that lead to one and the same host. Each would take away what the other has."""
    problems, holders = [], dict[str, str]()
    for host, report in reports.items():
        holder = holders.setdefault(str((report or {}).get("machine") or host), host)
        if holder != host:
            message = f"this is the same machine as {holder}: keep one of the two names, or let one declare nothing"
            problems.append(Problem(host, "inventory_hostname", shown(host), message))
    return problems


def _address(value: Any) -> IPAddress | None:
    """An address by which others can come here."""
    try:
        found = read_address(value)
    except Unreadable:
        return None
    is_nowhere = found.is_loopback or found.is_unspecified or found.is_multicast or (isinstance(found, IPv6Address) and found.is_link_local)
    return None if is_nowhere else found


def _mtu(host: str, given: Any, told: Mapping[str, Any], problems: list[Problem]) -> int | None:
    if given is None:
        return told.get("underlay_mtu")
    try:
        return int(integer_between(576, 65535)(given))
    except Unreadable:
        problems.append(Problem(host, "cnm_underlay_mtu", shown(given), "it is a number of bytes from 576 to 65535"))
        return None
