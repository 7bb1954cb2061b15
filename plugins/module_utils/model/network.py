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
from .names import read_interface_name
from .port import read_host_ip
from .report import Report, Unreadable, shown
from .subnet import usable_range
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


DRIVER = one_of(("bridge", "host", "none"), ("macvlan", "ipvlan", "overlay"))
NETWORK = Keys(
    {
        "driver": DRIVER,
        "scope": one_of(("host",), ("fleet",)),
        "internal": read_boolean,
        "enable_ipv4": read_enable_ipv4,
        "enable_ipv6": read_enable_ipv6,
        "ipam": as_given,
        "icc": read_boolean,
        "masquerade": read_boolean,
        "gateway_mode": one_of(("nat",), ("nat-unprotected", "routed", "isolated")),
        "host_binding_ipv4": read_host_ip,
        "mtu": read_mtu,
        "bridge_name": read_interface_name,
        "driver_opts": as_given,
    },
    frozenset(
        "attachable config_from config_only control_plane encrypted external gateway_mode_ipv6 host_ipv4 host_shim ingress labels mode name parent"
        " trusted_host_interfaces vni".split()
    ),
)
IPAM = Keys({"driver": one_of(("default",)), "config": as_given}, frozenset({"options"}))
IPAM_CONFIG = Keys({"subnet": read_network_subnet, "gateway": read_address}, frozenset({"ip_range", "aux_addresses"}))
# Docker's keys that mean the same as a typed one.
DRIVER_OPTS: Mapping[str, str] = {
    "com.docker.network.bridge.name": "bridge_name",
    "com.docker.network.bridge.enable_icc": "icc",
    "com.docker.network.bridge.enable_ip_masquerade": "masquerade",
    "com.docker.network.bridge.gateway_mode_ipv4": "gateway_mode",
    "com.docker.network.bridge.host_binding_ipv4": "host_binding_ipv4",
    "com.docker.network.driver.mtu": "mtu",
}
DRIVER_OPTS_NOT_YET = frozenset(
    "com.docker.network.bridge.default_bridge com.docker.network.bridge.gateway_mode_ipv6 com.docker.network.bridge.inhibit_ipv4"
    " com.docker.network.bridge.trusted_host_interfaces com.docker.network.container_iface_prefix com.docker.network.driver.overlay.vxlanid_list"
    " com.docker.network.enable_ipv4 com.docker.network.enable_ipv6 com.docker.network.host_ipv4 com.docker.network.host_ipv6 com.docker.network.internal"
    " encrypted ipvlan_flag ipvlan_mode macvlan_mode parent".split()
)
DRIVER_OPT_READERS: dict[str, Reader] = {opt: NETWORK.readers[key] for opt, key in DRIVER_OPTS.items()}
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
    if driver != "bridge":
        for key in sorted(items.keys() - {"driver"}):
            report.add(f"{path}.{shown(key)}", items[key], f"a network of driver {driver} has no further keys: leave it out")
        return Network(name, driver)
    found = read_keys(report, path, items, NETWORK)
    add_driver_opts(report, path, found)
    subnets = read_ipam(report, f"{path}.ipam", found.pop("ipam", None))
    for key in ONE_VALUE_KEYS:
        found.pop(key, None)
    return Network(name=name, subnets=subnets, **found)


def add_driver_opts(report: Report, path: str, found: dict[str, Any]) -> None:
    """Puts Docker's ``driver_opts`` where the typed keys are; one meaning given twice with two values is reported."""
    opts_path = f"{path}.driver_opts"
    opts = read_keys(report, opts_path, found.pop("driver_opts", None), Keys(DRIVER_OPT_READERS, DRIVER_OPTS_NOT_YET))
    for opt in sorted(opts):
        key = DRIVER_OPTS[opt]
        if key in found and found[key] != opts[opt]:
            report.add(f"{opts_path}.{opt}", str(opts[opt]), f"'{key}' means the same and is given with another value: keep one of the two")
        found.setdefault(key, opts[opt])


def read_ipam(report: Report, path: str, raw: object) -> tuple[Subnet, ...]:
    """The subnet of a bridge network, if it declares one."""
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
        if gateway is not None and not first <= gateway <= last:
            report.add(f"{item_path}.gateway", str(gateway), f"the gateway must be an address that the subnet {subnet} can give: {first} to {last}")
            gateway = None
        subnets.append(Subnet(subnet, gateway))
    if len(subnets) > 1:
        report.add(f"{path}.config", config, "a bridge network has one IPv4 subnet: keep one entry")
    return tuple(subnets[:1])
