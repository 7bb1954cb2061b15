# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is declared of an endpoint's interface beside its names and addresses: for one endpoint, or for all of a network."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

MAIN_TABLE = 254


@dataclass(frozen=True)
class Bandwidth:
    """Bits per second, and bits that may pass at once. ingress: into the sandbox; egress: out of it. None: as much as there is; a burst that suits the rate."""

    ingress_rate: int | None = None
    ingress_burst: int | None = None
    egress_rate: int | None = None
    egress_burst: int | None = None

    def of(self, direction: str) -> tuple[int | None, int | None]:
        """Rate and burst of ``ingress`` or ``egress``."""
        return (self.ingress_rate, self.ingress_burst) if direction == "ingress" else (self.egress_rate, self.egress_burst)


@dataclass(frozen=True, order=True)
class FixedRoute:
    """A route in the sandbox. gateway None: what is there is reached by the link itself. type: ``unicast``, ``blackhole`` or ``unreachable``."""

    destination: IPv4Network | IPv6Network
    metric: int = 0
    table: int = MAIN_TABLE
    type: str = "unicast"
    gateway: IPv4Address | IPv6Address | None = None

    @property
    def place(self) -> tuple[str, int, int]:
        """What no two routes of a namespace have in common."""
        return str(self.destination), self.metric, self.table


@dataclass(frozen=True)
class Tuning:
    """None, and what is empty, leave the kernel's own. sysctls: names with IFNAME in the place of the interface, and values. txqlen: in packets."""

    bandwidth: Bandwidth = Bandwidth()
    mtu: int | None = None
    promisc: bool | None = None
    routes: tuple[FixedRoute, ...] = ()
    sysctls: tuple[tuple[str, str], ...] = ()
    txqlen: int | None = None


UNTUNED = Tuning()


def over(network: Tuning, endpoint: Tuning) -> Tuning:
    """What holds for an endpoint: its own word, else that of its network. A rate goes with its burst."""
    if endpoint == UNTUNED:
        return network
    given = {one.name: getattr(endpoint, one.name) for one in fields(Tuning) if getattr(endpoint, one.name) is not None}
    bandwidth = network.bandwidth
    if endpoint.bandwidth.ingress_rate is not None:
        bandwidth = replace(bandwidth, ingress_rate=endpoint.bandwidth.ingress_rate, ingress_burst=endpoint.bandwidth.ingress_burst)
    if endpoint.bandwidth.egress_rate is not None:
        bandwidth = replace(bandwidth, egress_rate=endpoint.bandwidth.egress_rate, egress_burst=endpoint.bandwidth.egress_burst)
    routes = {one.place: one for one in (*network.routes, *endpoint.routes)}
    sysctls = {**dict(network.sysctls), **dict(endpoint.sysctls)}
    more = {"bandwidth": bandwidth, "routes": tuple(sorted(routes.values(), key=lambda one: one.place)), "sysctls": tuple(sorted(sysctls.items()))}
    return replace(network, **{**given, **more})
