# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of networks of driver macvlan."""

from __future__ import annotations

from .network_keys import NetworkKeys
from .parent import read_host_shim, read_parent
from .values import one_of

MACVLAN = NetworkKeys(
    readers={"host_shim": read_host_shim, "mode": one_of(("bridge", "private", "vepa", "passthru")), "parent": read_parent},
    driver_opts={"macvlan_mode": "mode", "parent": "parent"},
    scopes=("fleet", "host"),
    most_subnets=16,
    bare=True,
)
