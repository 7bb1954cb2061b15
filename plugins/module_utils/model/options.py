# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Declaration as the dictionaries that declare it: ``parse_declaration`` of the result gives the Declaration again."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields

from .declaration import Declaration, Endpoint, Network, Port, Sandbox, Subnet
from .network import DRIVERS
from .resolve import default_host_ip
from .tuning_keys import tuning_options

Options = dict[str, object]
# What has a form of its own, and what is told elsewhere: a network's peers are no part of its declaration.
OF_THEIR_OWN = ("name", "driver", "subnets", "sizes", "tuning", "vnis", "peers", "underlay_address", "vxlan_port")


def declaration_options(declaration: Declaration) -> dict[str, Options]:
    """``networks`` and ``sandboxes`` in option names, sorted, with only what is not default (but always the driver)."""
    return {
        "networks": {name: network_options(declaration.networks[name]) for name in sorted(declaration.networks)},
        "sandboxes": {name: sandbox_options(declaration, declaration.sandboxes[name]) for name in sorted(declaration.sandboxes)},
    }


def network_options(network: Network) -> Options:
    """One network in option names."""
    options: Options = {"driver": network.driver}
    default = Network(network.name, scope=DRIVERS[network.driver].scopes[0] if network.driver in DRIVERS else "host")
    for one in fields(Network):
        value = getattr(network, one.name)
        if one.name not in OF_THEIR_OWN and value != getattr(default, one.name):
            options[one.name] = plain(value)
    if isinstance(network.host_shim, tuple) and len(network.host_shim) == 1:
        options["host_shim"] = str(network.host_shim[0])
    if network.vnis:
        options["vni"] = network.vnis[0] if len(network.vnis) == 1 else list(network.vnis)
    config = [subnet_options(subnet) for subnet in network.subnets]
    given = {subnet.subnet.version for subnet in network.subnets}
    config += [{"subnet": f"{'0.0.0.0' if family == 4 else '::'}/{length}"} for family, length in network.sizes if family not in given]
    if config:
        options["ipam"] = {"config": config}
    options.update(tuning_options(network.tuning))
    return dict(sorted(options.items()))


def plain(value: object) -> object:
    """A field's value as JSON can hold it."""
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def subnet_options(subnet: Subnet) -> Options:
    """One entry of ``ipam.config``."""
    entry: Options = {"subnet": str(subnet.subnet)}
    if subnet.gateway is not None:
        entry["gateway"] = str(subnet.gateway)
    if subnet.ip_range is not None:
        entry["ip_range"] = str(subnet.ip_range)
    if subnet.aux_addresses:
        entry["aux_addresses"] = {name: str(address) for name, address in subnet.aux_addresses}
    return entry


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
    if endpoint.ipv6_address is not None:
        options["ipv6_address"] = str(endpoint.ipv6_address)
    if endpoint.mac_address is not None:
        options["mac_address"] = endpoint.mac_address
    options.update(tuning_options(endpoint.tuning))
    return dict(sorted(options.items()))


def sandbox_options(declaration: Declaration, sandbox: Sandbox) -> Options:
    """One sandbox in option names. A port names its address unless it is the one that it would get anyway."""
    options: Options = {}
    if sandbox.mode == "container":
        options["network_mode"] = f"container:{sandbox.joins}"
    elif sandbox.namespace is not None:
        kind, which = sandbox.namespace
        options[kind] = int(which) if kind == "pid" else which
        if sandbox.missing != "fail":
            options["missing"] = sandbox.missing
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
        options["ports"] = [port_options(port, port.host_ip == default) for port in sandbox.ports]
    if sandbox.sysctls:
        options["sysctls"] = dict(sandbox.sysctls)
    return dict(sorted(options.items()))


def port_options(port: Port, at_default: bool) -> object:
    """One port, short where that says all. at_default: it need not name its address."""
    if port.allow_from is None and (at_default or port.host_ip is not None):
        host_ip = "" if at_default or port.host_ip is None else f"{port.host_ip}:" if port.host_ip.version == 4 else f"[{port.host_ip}]:"
        return host_ip + port_words(port)
    options: Options = {"target": port.target, "published": published_words(port), "protocol": port.protocol}
    if not at_default and port.host_ip is not None:
        options["host_ip"] = str(port.host_ip)
    if port.allow_from is not None:
        options["allow_from"] = [str(network) for network in port.allow_from]
    return dict(sorted(options.items()))


def published_words(port: Port) -> str:
    """The host's port, or those to choose from; ``0`` where any will do."""
    return f"{port.choice[0]}-{port.choice[1]}" if port.choice and not port.published else str(port.published)


def port_words(port: Port) -> str:
    """The short syntax without the address: ``8080:80``, ``53:53/udp``."""
    return f"{published_words(port)}:{port.target}" + ("" if port.protocol == "tcp" else f"/{port.protocol}")
