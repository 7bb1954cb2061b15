# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts do not know yet what a run changed on the overlays that they are on, since the run left them out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .slices import hosts_on


def stale_peers(said: Mapping[str, Mapping[str, Any]], plan: str, others: Collection[str]) -> dict[str, list[str]]:
    """The hosts with old peers, by overlay. said: what topology returned for each host. plan: its folder. others: hosts whose peers are not asked about."""
    changed = {network for result in said.values() for network in changed_overlays(result)}
    known = {*said, *others}
    found = {network: [host for host in hosts_on(plan, network) if host not in known] for network in sorted(changed)}
    return {network: hosts for network, hosts in found.items() if hosts}


def sound(said: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The hosts on which module topology did what it was told, and what it returned."""
    return {host: result for host, result in said.items() if "after" in result and not result.get("failed")}


def changed_overlays(result: Mapping[str, Any]) -> set[str]:
    """The overlays on which other hosts must know what this host's result changed: its endpoints there, or the address by which it is reached."""
    before, after = (_told(result.get(side) or {}) for side in ("before", "after"))
    return {network for network in before.keys() | after.keys() if before.get(network) != after.get(network)}


def _told(side: Mapping[str, Any]) -> dict[str, Any]:
    """What other hosts are told of this one, by overlay."""
    overlays = {name for name, network in (side.get("networks") or {}).items() if network.get("driver") == "overlay"}
    found: dict[str, Any] = {name: {"": side.get("underlay_address")} for name in overlays}
    for sandbox, options in (side.get("sandboxes") or {}).items():
        for name, endpoint in (options.get("networks") or {}).items():
            if name in overlays:
                found[name][sandbox] = endpoint
    return found
