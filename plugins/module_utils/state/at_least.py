# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of the host that are raised and never lowered: who set a higher one had a reason.

All namespaces of a kernel share them, and the first alone has them as settings: a host that is itself a namespace cannot raise them.
"""

from __future__ import annotations

from dataclasses import replace

from .objects import HostState, Key, Object, Sysctl

NEIGHBOURS = tuple(f"net/ipv{family}/neigh/default/gc_thresh{number}" for family in (4, 6) for number in (1, 2, 3))
BACKLOG = "net/core/netdev_max_backlog"
_KEYS = [Sysctl("", name, "").key for name in (*NEIGHBOURS, BACKLOG)]


def at_least(desired: HostState, current: HostState) -> HostState:
    """``desired``, where each such limit is what stands if that is higher, and is left out where the host has no such setting."""
    limits = [one for one in map(desired.objects.get, _KEYS) if isinstance(one, Sysctl)]
    if not limits:
        return desired
    objects: dict[Key, Object] = dict(desired.objects)
    for one in limits:
        stands = current.objects.get(one.key)
        if isinstance(stands, Sysctl):
            objects[one.key] = replace(one, value=str(max(int(one.value), int(stands.value))))
        else:
            del objects[one.key]
    return HostState(objects, desired.owned & objects.keys())
