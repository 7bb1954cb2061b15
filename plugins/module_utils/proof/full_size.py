# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How large a packet a network promises to carry from one host to another, which what lies between them may not keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..model.declaration import Endpoint, Network
from ..model.tuning import Bandwidth, over

if TYPE_CHECKING:
    from .site import Door, Site


def carried_bytes(network: Network, endpoint: Endpoint) -> int:
    """The MTU of an endpoint. 0: the declaration does not say, or a rate is kept there, for which many packets of that size are too much at once."""
    tuning = over(network.tuning, endpoint.tuning)
    return (tuning.mtu or network.mtu or 0) if tuning.bandwidth == Bandwidth() else 0


def full_size(source: Site, name: str, door: Door) -> int:
    """The bytes of the largest packet from a sandbox to an endpoint of its network on another host; 0: that is not asked."""
    if source.host == door.host or not door.mtu:
        return 0
    own = next((end for end in source.sandboxes[name].endpoints if end.network == door.network), None)
    return 0 if own is None else min(door.mtu, carried_bytes(source.declared[door.network], own))
