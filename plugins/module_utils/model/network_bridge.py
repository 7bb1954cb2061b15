# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of networks of driver bridge."""

from __future__ import annotations

from .names import read_interface_name
from .network_keys import NetworkKeys
from .port import read_host_ip
from .values import one_of, read_boolean

BRIDGE = NetworkKeys(
    readers={
        "bridge_name": read_interface_name,
        "gateway_mode": one_of(("nat",), ("nat-unprotected", "routed", "isolated")),
        "host_binding_ipv4": read_host_ip,
        "icc": read_boolean,
        "masquerade": read_boolean,
    },
    driver_opts={
        "com.docker.network.bridge.name": "bridge_name",
        "com.docker.network.bridge.enable_icc": "icc",
        "com.docker.network.bridge.enable_ip_masquerade": "masquerade",
        "com.docker.network.bridge.gateway_mode_ipv4": "gateway_mode",
        "com.docker.network.bridge.host_binding_ipv4": "host_binding_ipv4",
    },
    not_yet=frozenset(
        "gateway_mode_ipv6 host_ipv4 trusted_host_interfaces com.docker.network.bridge.default_bridge com.docker.network.bridge.gateway_mode_ipv6"
        " com.docker.network.bridge.inhibit_ipv4 com.docker.network.bridge.trusted_host_interfaces com.docker.network.container_iface_prefix"
        " com.docker.network.host_ipv4 com.docker.network.host_ipv6".split()
    ),
)
