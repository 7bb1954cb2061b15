# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the declaration of an overlay, and of the way out beside it, shows by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from .declaration import Declaration, Network
from .problem import Problem
from .report import Report
from .resolve import WAY_OUT


def segments(network: Network) -> int:
    """How many VNIs an overlay needs: one for each of its subnets, where one of IPv4 and one of IPv6 go together."""
    return max(Counter(one.subnet.version for one in network.subnets).values(), default=0)


def check_overlays(report: Report, declaration: Declaration) -> None:
    """An overlay has no more VNIs than subnets; the way out leads out."""
    for name, network in declaration.networks.items():
        if network.driver == "overlay" and network.subnets and len(network.vnis) > segments(network):
            numbers = ", ".join(map(str, network.vnis))
            report.add(f"cnm_networks.{name}.vni", numbers, f"the network needs {segments(network)}, one for each subnet: leave the others out")
    way_out = declaration.networks.get(WAY_OUT)
    if way_out is not None and (way_out.driver != "bridge" or way_out.internal):
        message = "this is the way out for sandboxes on overlays: make it a bridge network that is not internal, or choose another name"
        report.add(f"cnm_networks.{WAY_OUT}", WAY_OUT, message)


def check_vnis(report: Report, declaration: Declaration) -> None:
    """Every overlay has all its VNIs, where no ledger can give them."""
    for name, network in declaration.networks.items():
        if network.driver == "overlay" and len(network.vnis) < segments(network):
            report.add(f"cnm_networks.{name}.vni", "", "the network has no VNI: declare one here for each subnet, since there is no ledger that gives one")


def check_vtep(declaration: Declaration, addresses: Collection[str]) -> list[Problem]:
    """Whether the address by which other hosts reach this one is one of its own. addresses: all that the host has."""
    report = Report()
    used = {endpoint.network for sandbox in declaration.sandboxes.values() for endpoint in sandbox.endpoints}
    used |= {name for name, network in declaration.networks.items() if network.docker_network is not False}
    overlays = [network for name, network in sorted(declaration.networks.items()) if network.driver == "overlay" and name in used]
    for network in overlays[:1]:
        if network.underlay_address is None:
            message = "it is not known by which address other hosts reach this one, which overlays need: give it"
            report.add("cnm_underlay_address", "", message)
        elif str(network.underlay_address) not in addresses:
            message = "the host has no such address, and overlays send from it: give one of its own"
            report.add("cnm_underlay_address", str(network.underlay_address), message)
    return report.problems
