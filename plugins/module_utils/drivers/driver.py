# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a driver is: one file with these functions. ``DRIVERS`` has them by the name that is declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from ..model.declaration import Endpoint, Network, Sandbox
from ..state.objects import Object
from ..state.rule import Rule
from . import bridge, ipvlan, macvlan, overlay
from .found import Found
from .place import Place

Leg = tuple[Sandbox, Endpoint]


class Driver(Protocol):
    """fleet: whose objects these are. members: every endpoint of the network on this host. publishing: those of them through which ports lead in."""

    def network_objects(self, fleet: str, network: Network, members: Sequence[Leg], publishing: Sequence[Leg]) -> Iterator[Object]:
        """What the network has on the host, whoever is in it."""

    def endpoint_objects(self, fleet: str, network: Network, leg: Leg, interface: str, publishes: bool) -> Iterator[Object]:
        """What leads from the network into a sandbox, as ``interface``."""

    def default_route(self, network: Network, sandbox: Sandbox, interface: str, family: int) -> Iterator[Object]:
        """The way out of a sandbox whose gateway network this is in a family: 4 or 6."""

    def rules(self, fleet: str, network: Network, publishing: Sequence[Leg]) -> Iterator[tuple[Place, int, Rule]]:
        """Firewall rules: where, before which others (rank), and what."""

    def described(self, fleet: str, found: Found) -> Iterator[Network]:
        """The networks of this driver that stand in a picture of the host."""

    def network_id(self, fleet: str, network: Network) -> str:
        """What the network is called on the host: the name of its link."""

    def docker_options(self, fleet: str, network: Network) -> dict[str, str]:
        """What ``docker network inspect`` shows under Options."""


DRIVERS: Mapping[str, Driver] = {"bridge": bridge, "ipvlan": ipvlan, "macvlan": macvlan, "overlay": overlay}
