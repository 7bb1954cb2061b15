# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One network: from the raw dictionary to a Network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .declaration import Network
from .docker_network import report_gateways
from .ipam import read_ipam
from .keys import Keys, add_opts, as_given, read_items, read_keys
from .network_bridge import BRIDGE
from .network_ipvlan import IPVLAN
from .network_keys import NetworkKeys
from .network_macvlan import MACVLAN
from .network_overlay import OVERLAY
from .report import Report, Unreadable, shown
from .tuning_keys import MTU, OF_A_NETWORK, take_tuning
from .values import Reader, one_of, read_boolean


def read_mtu(value: object) -> object:
    """The MTU in bytes, or None for ``auto``: that of the underlay."""
    return None if value == "auto" else MTU(value)


DRIVERS: Mapping[str, NetworkKeys] = {"bridge": BRIDGE, "ipvlan": IPVLAN, "macvlan": MACVLAN, "overlay": OVERLAY}
PLAIN_DRIVERS = ("host", "none")
DRIVER = one_of((*DRIVERS, *PLAIN_DRIVERS))
COMMON: Mapping[str, Reader] = {
    "driver": DRIVER,
    "scope": as_given,
    "internal": read_boolean,
    "enable_ipv4": read_boolean,
    "enable_ipv6": read_boolean,
    "ipam": as_given,
    "mtu": read_mtu,
    "driver_opts": as_given,
    **OF_A_NETWORK,
}
COMMON_OPTS: Mapping[str, str] = {
    "com.docker.network.driver.mtu": "mtu",
    "com.docker.network.enable_ipv4": "enable_ipv4",
    "com.docker.network.enable_ipv6": "enable_ipv6",
    "com.docker.network.internal": "internal",
}
NOT_YET = frozenset("config_from config_only control_plane external ingress labels name".split())
# How often Docker announces an address. Here the kernel does, when a link comes up.
OPTS_NOT_YET = frozenset({"com.docker.network.advertise_addr_ms", "com.docker.network.advertise_addr_nmsgs"})


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
    enabled = tuple(family for family, key, default in ((4, "enable_ipv4", True), (6, "enable_ipv6", False)) if found.get(key, default))
    if not enabled:
        report.add(f"{path}.enable_ipv4", False, "a network has IPv4, IPv6 or both: enable one of them")
    subnets, sizes = read_ipam(report, f"{path}.ipam", found.pop("ipam", None), driver, keys.most_subnets, enabled)
    subnets = tuple(replace(one, bare=keys.bare) for one in subnets)
    for key, field in keys.fields.items():
        value = found.pop(key, None)
        if field and value is not None:
            found[field] = value
    tuning = take_tuning(report, path, found, OF_A_NETWORK)
    network = Network(**{"name": name, "tuning": tuning, "driver": driver, "scope": keys.scopes[0], "subnets": subnets, "sizes": sizes, **found})
    report_gateways(report, network)
    return network


def belongs_elsewhere(key: str, driver: str) -> bool:
    """Whether networks of other drivers have this key and those of ``driver`` have not."""
    return key not in COMMON and key not in DRIVERS[driver].readers and any(key in other.readers for other in DRIVERS.values())


def add_driver_opts(report: Report, path: str, found: dict[str, Any], keys: NetworkKeys) -> None:
    """Puts Docker's ``driver_opts`` where the typed keys are; one meaning given twice with two values is reported."""
    opts_path = f"{path}.driver_opts"
    meanings = {**COMMON_OPTS, **keys.driver_opts}
    readers = {opt: {**COMMON, **keys.readers}[key] for opt, key in meanings.items()}
    raw = dict(read_items(report, opts_path, found.pop("driver_opts", None)))
    for opt in [opt for opt in raw if opt not in meanings and any(opt in other.driver_opts for other in DRIVERS.values())]:
        owners = " or ".join(driver for driver, its in DRIVERS.items() if opt in its.driver_opts)
        report.add(f"{opts_path}.{opt}", raw.pop(opt), f"only a network of driver {owners} has this option: leave it out")
    opts = read_keys(report, opts_path, raw, Keys(readers, NOT_YET | OPTS_NOT_YET | keys.not_yet))
    add_opts(report, opts_path, found, opts, meanings)
