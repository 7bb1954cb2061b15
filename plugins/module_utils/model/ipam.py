# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The key ``ipam`` of a network: its subnets, with gateways, ranges and addresses that nobody is given."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from .declaration import IPAddress, IPNetwork, Subnet
from .keys import Keys, as_given, list_items, read_items, read_keys
from .report import Report, Unreadable, shown
from .subnet import lies_between, usable_range
from .values import one_of, read_address, read_subnet

LINK_LOCAL = IPv6Network("fe80::/64")
# What no sandbox can have. IPv6: unspecified, loopback and what is written in the place of IPv4 (RFC 4291, 2.5.5), and multicast.
IMPOSSIBLE: tuple[IPNetwork, ...] = (
    *(IPv4Network(text) for text in ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32")),
    *(IPv6Network(text) for text in ("::/96", "::ffff:0:0/96", "ff00::/8")),
)
# What sandboxes take for their gateway in place of the bridge, by family: Docker's names among the aux_addresses.
GATEWAY_NAMES = {4: "DefaultGatewayIPv4", 6: "DefaultGatewayIPv6"}

Sizes = tuple[tuple[int, int], ...]


def read_network_subnet(value: object) -> IPNetwork:
    """A subnet that sandboxes can have, or one that says only its size (``0.0.0.0/24``, ``::/64``), as Docker 29 takes it."""
    subnet = read_subnet(value)
    if is_size(subnet):
        return subnet
    for impossible in IMPOSSIBLE:
        if subnet.version == impossible.version and subnet.overlaps(impossible):
            raise Unreadable(f"no host can use the addresses of {impossible}: choose another subnet")
    if subnet.version == 6 and subnet != LINK_LOCAL and subnet.overlaps(LINK_LOCAL):
        raise Unreadable(f"{LINK_LOCAL} is on every link: choose exactly that, or a subnet outside it")
    return subnet


def is_size(subnet: IPNetwork) -> bool:
    """Whether this asks for a subnet by its size."""
    return subnet.network_address.is_unspecified and subnet.prefixlen > 0


IPAM = Keys({"driver": one_of(("default",)), "config": as_given}, frozenset({"options"}))
IPAM_CONFIG = Keys({"subnet": read_network_subnet, "gateway": read_address, "ip_range": read_subnet, "aux_addresses": as_given})


def read_ipam(report: Report, path: str, raw: object, driver: str, most: int, enabled: tuple[int, ...]) -> tuple[tuple[Subnet, ...], Sizes]:
    """The subnets that a network declares, and the prefix lengths of those that it asks for by their size, by family.

    most: how many of each family a network of this driver can have. enabled: the families that the network has.
    """
    config = read_keys(report, path, raw, IPAM).get("config")
    subnets: list[Subnet] = []
    sizes: list[tuple[int, int]] = []
    for entry, (item_path, item) in enumerate(list_items(report, f"{path}.config", config)):
        found = read_keys(report, item_path, item, IPAM_CONFIG)
        if "subnet" not in found:
            for key in sorted(found) if not isinstance(item, dict) or item.get("subnet") is None else ():
                report.add(f"{item_path}.{key}", found[key], f"{'an' if key[0] in 'ai' else 'a'} {key} needs its subnet: declare it beside the {key}")
            continue
        subnet: IPNetwork = found["subnet"]
        if subnet.version not in enabled:
            report.add(
                f"{item_path}.subnet", str(subnet), f"the network has no IPv{subnet.version}: set enable_ipv{subnet.version}: true, or remove this entry"
            )
        elif is_size(subnet):
            sizes.append((subnet.version, subnet.prefixlen))
            for key in sorted(found.keys() - {"subnet"}):
                report.add(f"{item_path}.{key}", found[key], f"of a subnet that is chosen by its size ({subnet}) only the size is declared: leave it out")
        else:
            subnets.append(replace(read_subnet_options(report, item_path, subnet, found), entry=entry))
    for family in (4, 6):
        if sum(one.subnet.version == family for one in subnets) + sum(version == family for version, _length in sizes) > most:
            entries = "one entry" if most == 1 else f"{most} entries"
            what = f"one IPv{family} subnet" if most == 1 else f"at most {most} IPv{family} subnets"
            report.add(f"{path}.config", config, f"a {driver} network has {what}: keep {entries}")
    kept = [one for family in (4, 6) for one in [one for one in subnets if one.subnet.version == family][:most]]
    return tuple(kept), tuple(sorted(dict(sizes[::-1]).items()))


def read_subnet_options(report: Report, path: str, subnet: IPNetwork, found: dict[str, Any]) -> Subnet:
    """A subnet with what is declared beside it. What does not lie in it is reported and left out."""
    first, last = usable_range(subnet)
    gateway: IPAddress | None = found.get("gateway")
    if gateway is not None and not lies_between(gateway, first, last):
        report.add(f"{path}.gateway", str(gateway), f"the gateway must be an address that the subnet {subnet} can give: {first} to {last}")
        gateway = None
    ip_range: IPNetwork | None = found.get("ip_range")
    if ip_range is not None and (ip_range.version != subnet.version or not lies_in(ip_range, subnet)):
        report.add(f"{path}.ip_range", str(ip_range), f"addresses are given from a part of the subnet: choose a range in {subnet}")
        ip_range = None
    aux = []
    for name, value in read_items(report, f"{path}.aux_addresses", found.get("aux_addresses")):
        here = f"{path}.aux_addresses.{shown(name)}"
        try:
            address = read_address(value)
        except Unreadable as error:
            report.add(here, value, str(error))
            continue
        if not lies_between(address, subnet.network_address, subnet.broadcast_address):
            report.add(here, str(address), f"the address lies outside the subnet {subnet}: choose one in it, or declare it in the entry of its subnet")
        elif name in GATEWAY_NAMES.values() and name != GATEWAY_NAMES[subnet.version]:
            report.add(here, str(address), f"the gateway of an IPv{subnet.version} subnet is called {GATEWAY_NAMES[subnet.version]}: write that")
        else:
            aux.append((name, address))
    return Subnet(subnet, gateway, ip_range, tuple(sorted(aux)))


def lies_in(inner: IPNetwork, outer: IPNetwork) -> bool:
    """Whether all addresses of a subnet are of another one of its family."""
    return int(outer.network_address) <= int(inner.network_address) and int(inner.broadcast_address) <= int(outer.broadcast_address)
