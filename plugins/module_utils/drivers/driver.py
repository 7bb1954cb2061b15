# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a driver is: one file with these functions, imported only where networks of it are declared or stand: a task compiles what it imports anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from ..model.declaration import Endpoint, Network, Sandbox
from ..state.objects import Object
from ..state.rule import Rule
from .found import Found
from .place import Place

Leg = tuple[Sandbox, Endpoint]
# Every driver by the name that is declared, with the role or kind of a link that each of its networks has.
DRIVERS: Mapping[str, str] = {"bridge": "bridge", "ipvlan": "ipvlan", "macvlan": "macvlan", "overlay": "switch0"}


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


def driver_named(name: str) -> Driver:
    """The driver of this name, one of ``DRIVERS``."""
    # Ansible sends a host only what is imported by a statement.
    if name == "ipvlan":
        from . import ipvlan

        return ipvlan
    if name == "macvlan":
        from . import macvlan

        return macvlan
    if name == "overlay":
        from . import overlay

        return overlay
    from . import bridge

    return bridge


def standing_drivers(found: Found) -> list[Driver]:
    """Those of which there can be networks in a picture of the host."""
    signs = {sign for role, links in found.links.items() for link, _owner in links for sign in (role, link.kind)}
    return [driver_named(name) for name, sign in DRIVERS.items() if sign in signs]
