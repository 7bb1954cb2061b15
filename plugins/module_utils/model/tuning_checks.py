# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the tuning of networks and endpoints beyond each single value."""

from __future__ import annotations

from dataclasses import replace

from .declaration import Declaration, Network
from .parent import PARENT_DRIVERS
from .report import Report
from .resolve import LEAST_IPV6_MTU, effective_mtu, gateway_endpoints
from .tuning import MAIN_TABLE, UNTUNED, Tuning, over

_MOST_BURST_S = 4
_ETHERNET_HEADER = 14


def check_tuning(report: Report, declaration: Declaration) -> None:
    """Every network's tuning and every endpoint's can be carried out, and no two routes of a sandbox have one place."""
    for name, network in declaration.networks.items():
        check_one(report, f"cnm_networks.{name}", network, network.tuning, network.tuning)
    for name, sandbox in declaration.sandboxes.items():
        for endpoint in sandbox.endpoints:
            if endpoint.network in declaration.networks and endpoint.tuning != UNTUNED:
                network = declaration.networks[endpoint.network]
                path = f"cnm_sandboxes.{name}.networks.{endpoint.network}"
                check_one(report, path, network, endpoint.tuning, over(network.tuning, endpoint.tuning))
        check_routes(report, declaration, name)


def check_inherited_mtus(report: Report, declaration: Declaration) -> None:
    """No endpoint has a larger MTU than its bridge gets where nothing is declared for that. It needs a declaration that knows its host."""
    for name, sandbox in declaration.sandboxes.items():
        for endpoint in sandbox.endpoints:
            network = declaration.networks.get(endpoint.network)
            if endpoint.tuning.mtu is not None and network is not None and network.mtu is None and network.driver not in PARENT_DRIVERS:
                known = replace(network, mtu=effective_mtu(network))
                _check_mtu(report, f"cnm_sandboxes.{name}.networks.{endpoint.network}", known, endpoint.tuning.mtu)


def _check_mtu(report: Report, path: str, network: Network, mtu: int | None) -> None:
    if mtu is not None and network.mtu is not None and mtu > network.mtu:
        report.add(f"{path}.mtu", mtu, f"the MTU is larger than that of network {network.name}, {network.mtu}: what is longer would not come through")


def check_one(report: Report, path: str, network: Network, own: Tuning, tuning: Tuning) -> None:
    """What is declared at ``path``, which is ``own``; with what it inherits, it is ``tuning``."""
    mtu = tuning.mtu or network.mtu or 1500
    _check_mtu(report, path, network, own.mtu)
    if own.mtu is not None and own.mtu < LEAST_IPV6_MTU and network.enable_ipv6:
        report.add(f"{path}.mtu", own.mtu, f"IPv6 needs an MTU of at least {LEAST_IPV6_MTU} bytes, and network {network.name} has IPv6")
    for direction in ("ingress", "egress"):
        rate, burst = own.bandwidth.of(direction)
        if rate is not None and direction == "ingress" and network.driver == "ipvlan" and network.mode == "l3s":
            # ipvlan_l3s.c hands it over between two hooks of the host's netfilter, where no queue is.
            message = "in mode l3s what goes into a sandbox passes no queue of its interface, so no rate of it can be kept: leave it out, or choose mode l3"
            report.add(f"{path}.bandwidth.ingress_rate", rate, message)
        elif burst is not None and burst < 8 * (mtu + _ETHERNET_HEADER):
            least = 8 * (mtu + _ETHERNET_HEADER)
            report.add(f"{path}.bandwidth.{direction}_burst", burst, f"a packet of {mtu} bytes would never come through: {least} bits are the least")
        elif rate is not None and burst is not None and burst > _MOST_BURST_S * rate:
            message = f"the burst is more than the rate sends in {_MOST_BURST_S} seconds, which is the most that the kernel keeps: choose a smaller one"
            report.add(f"{path}.bandwidth.{direction}_burst", burst, message)
    families = {4: network.enable_ipv4, 6: network.enable_ipv6}
    for index, route in enumerate(own.routes):
        subnets = [one.subnet for one in network.subnets]
        if not families[route.destination.version]:
            report.add(f"{path}.routes[{index}]", str(route.destination), f"network {network.name} has no IPv{route.destination.version}: leave the route out")
        elif route.gateway is not None and subnets and not any(route.gateway in subnet for subnet in subnets):
            message = f"the gateway is no address of network {network.name}, {', '.join(map(str, subnets))}: nothing else is reached without a gateway"
            report.add(f"{path}.routes[{index}]", str(route.gateway), message)


def check_routes(report: Report, declaration: Declaration, name: str) -> None:
    """No two networks give a sandbox a route to one place, and none gives it the one that follows from its gateway network."""
    sandbox = declaration.sandboxes[name]
    inside = [(declaration.networks[one.network], one) for one in sandbox.endpoints if one.network in declaration.networks]
    routes = [(network.name, route) for network, one in inside for route in over(network.tuning, one.tuning).routes]
    defaults = {4: "0.0.0.0/0", 6: "::/0"}
    gateways = gateway_endpoints(declaration, sandbox) if routes else {}
    holders = {(defaults[family], 0, MAIN_TABLE): f"network {endpoint.network}" for family, endpoint in gateways.items()}
    for network, route in routes:
        holder = holders.setdefault(route.place, f"network {network}")
        if holder != f"network {network}" or route.place[0] in defaults.values() and route.place[1:] == (0, MAIN_TABLE):
            message = f"the sandbox has a route to this destination by {holder}, with the same metric and table: choose another metric or table"
            report.add(f"cnm_sandboxes.{name}.networks.{network}", str(route.destination), message)
