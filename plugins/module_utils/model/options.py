# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Declaration as the dictionaries that declare it: ``parse_declaration`` of the result gives the Declaration again."""

from __future__ import annotations

from collections import Counter

from .declaration import Declaration, Endpoint, Network, Port, Sandbox
from .resolve import default_host_ip

Options = dict[str, object]


def declaration_options(declaration: Declaration) -> dict[str, Options]:
    """``networks`` and ``sandboxes`` in option names, sorted, with only what is not default (but always the driver)."""
    return {
        "networks": {name: network_options(declaration.networks[name]) for name in sorted(declaration.networks)},
        "sandboxes": {name: sandbox_options(declaration, declaration.sandboxes[name]) for name in sorted(declaration.sandboxes)},
    }


def network_options(network: Network) -> Options:
    """One network in option names."""
    options: Options = {"driver": network.driver}
    default = Network(network.name)
    for key in ("bridge_name", "icc", "internal", "masquerade", "mtu", "scope"):
        if getattr(network, key) != getattr(default, key):
            options[key] = getattr(network, key)
    if network.host_binding_ipv4 != default.host_binding_ipv4:
        options["host_binding_ipv4"] = str(network.host_binding_ipv4)
    if network.vnis:
        options["vni"] = network.vnis[0] if len(network.vnis) == 1 else list(network.vnis)
    if network.subnets:
        config = []
        for subnet in network.subnets:
            entry = {"subnet": str(subnet.subnet)}
            if subnet.gateway is not None:
                entry["gateway"] = str(subnet.gateway)
            config.append(entry)
        options["ipam"] = {"config": config}
    return dict(sorted(options.items()))


def endpoint_options(endpoint: Endpoint) -> Options:
    """One endpoint in option names; empty where all is default."""
    options: Options = {}
    if endpoint.aliases:
        options["aliases"] = list(endpoint.aliases)
    if endpoint.gw_priority:
        options["gw_priority"] = endpoint.gw_priority
    if endpoint.interface_name is not None:
        options["interface_name"] = endpoint.interface_name
    if endpoint.ipv4_address is not None:
        options["ipv4_address"] = str(endpoint.ipv4_address)
    if endpoint.mac_address is not None:
        options["mac_address"] = endpoint.mac_address
    return options


def sandbox_options(declaration: Declaration, sandbox: Sandbox) -> Options:
    """One sandbox in option names. A port names its address unless it is the one that it would get anyway."""
    options: Options = {}
    if sandbox.mode == "container":
        options["network_mode"] = f"container:{sandbox.joins}"
    elif sandbox.mode != "networks":
        options["network_mode"] = sandbox.mode
    if sandbox.dns:
        options["dns"] = [str(address) for address in sandbox.dns]
    if sandbox.extra_hosts:
        names = Counter(name for name, _address in sandbox.extra_hosts)
        several = max(names.values()) > 1  # a dictionary cannot hold two addresses of one name
        options["extra_hosts"] = [f"{name}:{address}" for name, address in sandbox.extra_hosts] if several else dict(sandbox.extra_hosts)
    if sandbox.endpoints:
        options["networks"] = {endpoint.network: endpoint_options(endpoint) for endpoint in sandbox.endpoints}
    if sandbox.ports:
        default = default_host_ip(declaration, sandbox)
        options["ports"] = [("" if port.host_ip == default else f"{port.host_ip}:") + port_words(port) for port in sandbox.ports]
    if sandbox.sysctls:
        options["sysctls"] = dict(sandbox.sysctls)
    return dict(sorted(options.items()))


def port_words(port: Port) -> str:
    """The short syntax without the address: ``8080:80``, ``53:53/udp``."""
    return f"{port.published}:{port.target}" + ("" if port.protocol == "tcp" else f"/{port.protocol}")
