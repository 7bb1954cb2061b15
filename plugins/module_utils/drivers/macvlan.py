# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver ``macvlan``: sandboxes with MAC addresses of their own on a link of the host (Docker's macvlan driver)."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.declaration import Network
from .found import Found
from .on_parent import default_route, docker_options, endpoint_objects, network_id, network_objects, networks_on_parents, rules

__all__ = ["default_route", "described", "docker_options", "endpoint_objects", "network_id", "network_objects", "rules"]

KIND = "macvlan"


def described(fleet: str, found: Found) -> Iterator[Network]:
    """The macvlan networks that stand in a picture."""
    yield from networks_on_parents(KIND, fleet, found)
