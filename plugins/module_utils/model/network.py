# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One network: from the raw dictionary to a Network."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any

from .declaration import Network, Subnet
from .keys import Keys, as_given, list_items, read_items, read_keys
from .network_bridge import BRIDGE
from .network_keys import NetworkKeys
from .report import Report, Unreadable, shown
from .subnet import lies_between, usable_range
from .values import Reader, integer_between, one_of, read_address, read_boolean, read_subnet

# 68: the least that IPv4 needs (RFC 791). 65535: the most that the kernel gives a bridge or a veth.
MTU = integer_between(68, 65535)
IMPOSSIBLE_SUBNETS = tuple(IPv4Network(text) for text in ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32"))


def read_mtu(value: object) -> object:
    """The MTU in bytes, or None for ``auto``: that of the underlay."""
    return None if value == "auto" else MTU(value)


def read_enable_ipv4(value: object) -> bool:
    """Only true."""
    if not read_boolean(value):
        raise Unreadable("a network without IPv4 is not yet supported")
    return True


def read_enable_ipv6(value: object) -> bool:
    """Only false."""
    if read_boolean(value):
        raise Unreadable("IPv6 is not yet supported")
    return False


def read_network_subnet(value: object) -> IPv4Network:
    """A subnet that sandboxes can have."""
    subnet = read_subnet(value)
    if subnet.network_address == IPv4Network("0.0.0.0/8").network_address:
        raise Unreadable("a subnet that is chosen by its size is not yet supported: write the subnet, or leave ipam out")
    for impossible in IMPOSSIBLE_SUBNETS:
        if subnet.overlaps(impossible):
            raise Unreadable(f"no host can use the addresses of {impossible}: choose another subnet")
    return subnet


# What the networks of each driver may declare. The drivers host and none have nothing but their name.
DRIVERS: Mapping[str, NetworkKeys] = {"bridge": BRIDGE}
PLAIN_DRIVERS = ("host", "none")
DRIVER = one_of((*DRIVERS, *PLAIN_DRIVERS), ("macvlan", "ipvlan", "overlay"))
COMMON: Mapping[str, Reader] = {
    "driver": DRIVER,
    "scope": as_given,
    "internal": read_boolean,
    "enable_ipv4": read_enable_ipv4,
    "enable_ipv6": read_enable_ipv6,
    "ipam": as_given,
    "mtu": read_mtu,
    "driver_opts": as_given,
}
COMMON_OPTS: Mapping[str, str] = {"com.docker.network.driver.mtu": "mtu"}
NOT_YET = frozenset(
    "attachable config_from config_only control_plane encrypted external host_shim ingress labels mode name parent vni"
    " com.docker.network.driver.overlay.vxlanid_list com.docker.network.enable_ipv4 com.docker.network.enable_ipv6 com.docker.network.internal"
    " ipvlan_flag ipvlan_mode macvlan_mode".split()
)
IPAM = Keys({"driver": one_of(("default",)), "config": as_given}, frozenset({"options"}))
IPAM_CONFIG = Keys({"subnet": read_network_subnet, "gateway": read_address}, frozenset({"ip_range", "aux_addresses"}))
# What says nothing beyond its one supported value is read and then dropped.
ONE_VALUE_KEYS = ("enable_ipv4", "enable_ipv6", "gateway_mode")


def read_network(report: Report, path: str, name: str, raw: object) -> Network:
    """The network that ``raw`` declares; null declares one of all defaults. What is wrong is reported and takes its default."""
    items = {key: value for key, value in read_items(report, path, raw) if value is not None}
    try:
        driver = DRIVER(items.get("driver", "bridge"))
    except Unreadable as error:
        report.add(f"{path}.driver", items["driver"], str(error))
        return Network(name)
    if driver in PLAIN_DRIVERS:
        for key in sorted(items.keys() - {"driver"}):
            report.add(f"{path}.{shown(key)}", items[key], f"a network of driver {driver} has no further keys: leave it out")
        return Network(name, driver)
    keys = DRIVERS[driver]
    for key in [key for key in items if belongs_elsewhere(key, driver)]:
        owners = " or ".join(other for other, its in DRIVERS.items() if key in its.readers)
        report.add(f"{path}.{key}", items.pop(key), f"only a network of driver {owners} has this key, and this one is of driver {driver}: leave it out")
    found = read_keys(report, path, items, Keys({**COMMON, **keys.readers, "scope": one_of(keys.scopes)}, NOT_YET | keys.not_yet))
    add_driver_opts(report, path, found, keys)
    subnets = read_ipam(report, f"{path}.ipam", found.pop("ipam", None), driver, keys.most_subnets)
    for key in ONE_VALUE_KEYS:
        found.pop(key, None)
    return Network(**{"name": name, "driver": driver, "scope": keys.scopes[0], "subnets": subnets, **found})


def belongs_elsewhere(key: str, driver: str) -> bool:
    """Whether networks of other drivers have this key and those of ``driver`` have not."""
    return key not in COMMON and key not in DRIVERS[driver].readers and any(key in other.readers for other in DRIVERS.values())


def add_driver_opts(report: Report, path: str, found: dict[str, Any], keys: NetworkKeys) -> None:
    """Puts Docker's ``driver_opts`` where the typed keys are; one meaning given twice with two values is reported."""
    opts_path = f"{path}.driver_opts"
    meanings = {**COMMON_OPTS, **keys.driver_opts}
    readers = {opt: {**COMMON, **keys.readers}[key] for opt, key in meanings.items()}
    opts = read_keys(report, opts_path, found.pop("driver_opts", None), Keys(readers, NOT_YET | keys.not_yet))
    for opt in sorted(opts):
        key = meanings[opt]
        if key in found and found[key] != opts[opt]:
            report.add(f"{opts_path}.{opt}", str(opts[opt]), f"'{key}' means the same and is given with another value: keep one of the two")
        found.setdefault(key, opts[opt])


def read_ipam(report: Report, path: str, raw: object, driver: str, most: int) -> tuple[Subnet, ...]:
    """The subnets that a network declares. most: how many a network of this driver can have."""
    config = read_keys(report, path, raw, IPAM).get("config")
    subnets: list[Subnet] = []
    for item_path, item in list_items(report, f"{path}.config", config):
        found = read_keys(report, item_path, item, IPAM_CONFIG)
        gateway = found.get("gateway")
        if "subnet" not in found:
            if gateway is not None and (not isinstance(item, dict) or item.get("subnet") is None):
                report.add(f"{item_path}.gateway", str(gateway), "a gateway needs its subnet: declare it beside the gateway")
            continue
        subnet: IPv4Network = found["subnet"]
        first, last = usable_range(subnet)
        if gateway is not None and not lies_between(gateway, first, last):
            report.add(f"{item_path}.gateway", str(gateway), f"the gateway must be an address that the subnet {subnet} can give: {first} to {last}")
            gateway = None
        subnets.append(Subnet(subnet, gateway))
    if len(subnets) > most:
        entries = "one entry" if most == 1 else f"{most} entries"
        report.add(f"{path}.config", config, f"a {driver} network has {'one IPv4 subnet' if most == 1 else f'at most {most} subnets'}: keep {entries}")
    return tuple(subnets[:most])
