# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel of a host must be able to hold for its endpoints, where its defaults, which are for a host alone, are too small.

Beyond these limits packets are dropped in silence. They are raised, and never lowered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ..model.declaration import Network
from ..state.at_least import BACKLOG, NEIGHBOURS
from ..state.objects import Sysctl

# Docker's, for a host with an overlay (moby, drivers/overlay/ostweaks_linux.go). The kernel's own are 128, 512 and 1024.
_NEIGHBOURS = {"gc_thresh1": 8192, "gc_thresh2": 49152, "gc_thresh3": 65536}
# Each endpoint is at least two neighbours: in the table of its gateway, and that in its own; and one more for each other that it talks to.
_FEW_ENDPOINTS = 128
# A broadcast in a bridge is a packet for each port, all at once in the queue of one processor, which has room for 1,000 (moby#44973). A few may meet there.
_ROOM_FOR_BROADCASTS, _USUAL_BACKLOG = 4, 1000
_WITH_PORTS = ("bridge", "overlay")


def host_limits(members: Collection[tuple[Network, int]]) -> Iterator[Sysctl]:
    """members: each network, and how many endpoints it has on the host."""
    crowded = sum(endpoints for _network, endpoints in members) > _FEW_ENDPOINTS
    in_need = [network for network, endpoints in members if endpoints and (crowded or network.driver == "overlay")]
    for name in NEIGHBOURS:
        if any(one.enable_ipv4 if "ipv4" in name else one.enable_ipv6 for one in in_need):
            yield Sysctl("", name, str(_NEIGHBOURS[name.rpartition("/")[2]]))
    backlog = _ROOM_FOR_BROADCASTS * max((endpoints for network, endpoints in members if network.driver in _WITH_PORTS), default=0)
    if backlog > _USUAL_BACKLOG:
        yield Sysctl("", BACKLOG, str(backlog))
