# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger: which subnets and addresses were given to whom, so that nothing ever moves while it is declared.

It holds only what it gave itself, never what is declared, and what each host last said about itself (``seen``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..model.declaration import IPAddress, IPNetwork
from ..model.keys import Keys, as_given, read_items, read_keys, read_list
from ..model.names import read_name
from ..model.overlap import overlapping_pairs, span_of
from ..model.port import read_port_number
from ..model.problem import Problem
from ..model.report import Report, Unreadable, shown
from ..model.reserved import Reserved, read_reserved
from ..model.values import integer_between, read_address, read_subnet

VERSION = 1
PATH = "ledger"
LEDGER = Keys({"version": as_given, "networks": as_given, "endpoints": as_given, "ranges": as_given, "ports": as_given, "seen": as_given})
GRANT = Keys({"subnets": as_given, "vnis": as_given})
VNI = integer_between(1, 2**24 - 1)


def read_ledger(raw: object) -> tuple[Ledger, list[Problem]]:
    """The ledger from what its file holds; null (a new or empty file) is an empty one.

    One that was edited into nonsense gives problems with the path inside the file, and must not be used then.
    """
    report = Report()
    found = read_keys(report, PATH, raw, LEDGER)
    version = found.get("version")
    if found and (version != VERSION or isinstance(version, bool)):
        message = f"the ledger is of a version that this release does not know: it knows version {VERSION}. Use the release that wrote it, or a newer one"
        report.add(f"{PATH}.version", version, message)
        return Ledger(), report.problems
    ledger = Ledger(
        networks=read_grants(report, f"{PATH}.networks", found.get("networks")),
        endpoints=read_endpoints(report, f"{PATH}.endpoints", found.get("endpoints")),
        ranges=read_ranges(report, f"{PATH}.ranges", found.get("ranges")),
        ports=read_given_ports(report, f"{PATH}.ports", found.get("ports")),
        seen=read_seen(report, f"{PATH}.seen", found.get("seen")),
    )
    check_overlaps(report, ledger)
    return ledger, report.problems


def ledger_dict(ledger: Ledger) -> dict[str, object]:
    """The ledger as its file holds it, sorted."""
    ports = {sandbox: dict(sorted(given.items())) for sandbox, given in sorted(ledger.ports.items())}
    return {
        **({"ports": ports} if ports else {}),
        "version": VERSION,
        "networks": {name: {"subnets": [str(subnet) for subnet in grant.subnets], "vnis": list(grant.vnis)} for name, grant in sorted(ledger.networks.items())},
        "endpoints": {
            network: {endpoint: [str(address) for address in addresses] for endpoint, addresses in sorted(endpoints.items())}
            for network, endpoints in sorted(ledger.endpoints.items())
        },
        "ranges": {network: {host: str(cidr) for host, cidr in sorted(ranges.items())} for network, ranges in sorted(ledger.ranges.items())},
        "seen": {host: reserved.seen() for host, reserved in sorted(ledger.seen.items())},
    }


def key_of(host: str, name: str) -> str:
    """How the ledger calls a thing of one host: HOST/NAME. A name has no '/', so the last one divides."""
    return f"{host}/{name}"


def place_of(key: str) -> tuple[str, str]:
    """The host (empty: of the whole fleet) and the name in a key. A host's name may have a '/', a name has none."""
    host, _slash, name = key.rpartition("/")
    return host, name


def read_key(report: Report, path: str, key: str) -> bool:
    """Whether a key is NAME or HOST/NAME."""
    try:
        read_name(key.rpartition("/")[2])
    except Unreadable:
        report.add(path, key, "NAME or HOST/NAME is expected")
        return False
    return True


def read_grants(report: Report, path: str, raw: object) -> dict[str, Grant]:
    """``networks``: what was given to each network."""
    grants = {}
    for key, value in read_items(report, path, raw):
        here = f"{path}.{shown(key)}"
        if read_key(report, here, key):
            found = read_keys(report, here, value, GRANT)
            subnets = read_list(report, f"{here}.subnets", found.get("subnets"), read_subnet)
            grants[key] = Grant(tuple(subnets), tuple(read_list(report, f"{here}.vnis", found.get("vnis"), VNI)))
    return grants


def read_endpoints(report: Report, path: str, raw: object) -> dict[str, dict[str, tuple[IPAddress, ...]]]:
    """``endpoints``: the addresses that were given to each sandbox in each network; no two have one."""
    endpoints = {}
    for network, items in read_items(report, path, raw):
        here = f"{path}.{shown(network)}"
        if not read_key(report, here, network):
            continue
        holders: dict[IPAddress, str] = {}
        given = endpoints[network] = dict[str, tuple[IPAddress, ...]]()
        for key, value in read_items(report, here, items):
            below = f"{here}.{shown(key)}"
            if read_key(report, below, key):
                given[key] = tuple(read_list(report, below, value, read_address))
            for address in given.get(key, ()):
                if holders.setdefault(address, key) != key:
                    report.add(below, str(address), f"the ledger gives this address to {holders[address]} too: remove one of the two entries")
    return endpoints


def read_ranges(report: Report, path: str, raw: object) -> dict[str, dict[str, IPNetwork]]:
    """``ranges``: the part of a fleet network's subnet that is one host's."""
    ranges: dict[str, dict[str, IPNetwork]] = {}
    for network, items in read_items(report, path, raw):
        here = f"{path}.{shown(network)}"
        if read_key(report, here, network):
            ranges[network] = {}
            for host, value in read_items(report, here, items):
                try:
                    ranges[network][host] = read_subnet(value)
                except Unreadable as error:
                    report.add(f"{here}.{shown(host)}", value, str(error))
    return ranges


def read_given_ports(report: Report, path: str, raw: object) -> dict[str, dict[str, int]]:
    """``ports``: the port of the host that was given to each published port of a sandbox which left it open; no two of a host have one."""
    ports: dict[str, dict[str, int]] = {}
    holders: dict[tuple[str, str, int], str] = {}
    for key, items in read_items(report, path, raw):
        here = f"{path}.{shown(key)}"
        if read_key(report, here, key):
            ports[key] = read_keys(report, here, items, Keys({name: read_port_number for name, _value in read_items(Report(), here, items)}))
        for name, number in ports.get(key, {}).items():
            protocol = name.partition("/")[2] or "tcp"
            holder = holders.setdefault((place_of(key)[0], protocol, number), f"{key}.{name}")
            if holder != f"{key}.{name}":
                report.add(f"{here}.{shown(name)}", number, f"the ledger gives this port to {holder} too: remove one of the two entries")
    return ports


def read_seen(report: Report, path: str, raw: object) -> dict[str, Reserved]:
    """``seen``: what each host last said about itself."""
    seen = {}
    for host, value in read_items(report, path, raw):
        if not isinstance(value, dict):
            report.add(f"{path}.{shown(host)}", value, "a dictionary is expected")
        seen[host] = read_reserved(value)
    return seen


def check_overlaps(report: Report, ledger: Ledger) -> None:
    """No two networks of one host, or of the whole fleet, were given subnets that overlap; no two have one VNI; no two hosts have ranges that overlap."""
    spans: dict[str, list[tuple[IPNetwork, str]]] = {}
    holders: dict[int, str] = {}
    for key, grant in sorted(ledger.networks.items()):
        for subnet in grant.subnets:
            spans.setdefault(place_of(key)[0], []).append((subnet, key))
        for vni in grant.vnis:
            if holders.setdefault(vni, key) != key:
                report.add(f"{PATH}.networks.{key}.vnis", vni, f"the ledger gives this VNI to {holders[vni]} too: remove one of the two entries")
    for given in spans.values():
        for one, other in overlapping_pairs(span_of(subnet, key) for subnet, key in given):
            first, second = sorted((one.holder, other.holder))
            value = ", ".join(str(subnet) for subnet in ledger.networks[second].subnets)
            report.add(f"{PATH}.networks.{second}.subnets", value, f"it overlaps what the ledger gives to {first}: remove one of the two entries")
    for network, ranges in ledger.ranges.items():
        for one, other in overlapping_pairs(span_of(cidr, host) for host, cidr in ranges.items()):
            first, second = sorted((one.holder, other.holder))
            value = str(ranges[second])
            report.add(f"{PATH}.ranges.{network}.{second}", value, f"it overlaps what the ledger gives to {first}: remove one of the two entries")


@dataclass(frozen=True)
class Grant:
    """What the ledger gave to a network."""

    subnets: tuple[IPNetwork, ...] = ()
    vnis: tuple[int, ...] = ()


@dataclass(frozen=True)
class Ledger:
    """Everything that was given. Networks are called NAME, or HOST/NAME where each host has its own; endpoints HOST/SANDBOX."""

    networks: dict[str, Grant] = field(default_factory=dict)
    endpoints: dict[str, dict[str, tuple[IPAddress, ...]]] = field(default_factory=dict)
    ranges: dict[str, dict[str, IPNetwork]] = field(default_factory=dict)
    seen: dict[str, Reserved] = field(default_factory=dict)
    ports: dict[str, dict[str, int]] = field(default_factory=dict)
