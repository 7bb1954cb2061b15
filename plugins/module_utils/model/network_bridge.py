# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of networks of driver bridge."""

from __future__ import annotations

from .docker_network import read_docker_network
from .names import read_interface_name, read_interface_prefix, read_name
from .network_keys import NetworkKeys
from .port import read_host_ip
from .report import Unreadable
from .values import one_of, read_boolean, read_each, read_ipv4_address, read_ipv6_address, read_text

GATEWAY_MODE = one_of(("nat", "nat-unprotected", "routed", "isolated"))


def read_interfaces(value: object) -> tuple[str, ...]:
    """Names of interfaces: a list or, as in Docker, text with ``:`` between them."""
    names = value.split(":") if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)):
        raise Unreadable("a list of interfaces is expected")
    return tuple(sorted(set(read_each(names, read_interface_name))))


def read_reachable(value: object) -> tuple[str, ...]:
    """Whose packets are let in: a network of ours by its name, ``docker:`` and one of Docker's, ``link:`` and a link of the host; one, or a list."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)):
        raise Unreadable("a list of networks is expected: names of ours, docker:NAME or link:NAME")
    return tuple(sorted(set(read_each(names, _read_way))))


def _read_way(value: object) -> str:
    kind, colon, name = read_text(value).partition(":")
    if not colon:
        return read_name(kind)
    if kind not in ("docker", "link"):
        raise Unreadable("the name of a network is expected, or docker:NAME for one of Docker's, or link:NAME for what comes over a link of the host")
    return f"{kind}:{read_name(name) if kind == 'docker' else read_interface_name(name)}"


BRIDGE = NetworkKeys(
    readers={
        "bridge_name": read_interface_name,
        "container_iface_prefix": read_interface_prefix,
        "docker_network": read_docker_network,
        "gateway_mode": GATEWAY_MODE,
        "gateway_mode_ipv6": GATEWAY_MODE,
        "host_ipv4": read_ipv4_address,
        "host_ipv6": read_ipv6_address,
        "host_binding_ipv4": read_host_ip,
        "icc": read_boolean,
        "inhibit_ipv4": read_boolean,
        "masquerade": read_boolean,
        "reachable_from": read_reachable,
        "trusted_host_interfaces": read_interfaces,
    },
    driver_opts={
        "com.docker.network.bridge.name": "bridge_name",
        "com.docker.network.bridge.enable_icc": "icc",
        "com.docker.network.bridge.enable_ip_masquerade": "masquerade",
        "com.docker.network.bridge.gateway_mode_ipv4": "gateway_mode",
        "com.docker.network.bridge.gateway_mode_ipv6": "gateway_mode_ipv6",
        "com.docker.network.bridge.host_binding_ipv4": "host_binding_ipv4",
        "com.docker.network.bridge.inhibit_ipv4": "inhibit_ipv4",
        "com.docker.network.bridge.trusted_host_interfaces": "trusted_host_interfaces",
        "com.docker.network.container_iface_prefix": "container_iface_prefix",
        "com.docker.network.host_ipv4": "host_ipv4",
        "com.docker.network.host_ipv6": "host_ipv6",
    },
    not_yet=frozenset({"com.docker.network.bridge.default_bridge"}),
)
