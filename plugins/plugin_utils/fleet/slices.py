# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each host's part of the plan, in the words of the module topology."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from ansible.errors import AnsibleActionFail

from ...module_utils.model.declaration import Declaration, Network
from ...module_utils.model.options import declaration_options
from ...module_utils.model.resolve import effective_mtu
from .inventory import Fleet


def slices(fleet: Fleet, declarations: Mapping[str, Declaration]) -> dict[str, dict[str, Any]]:
    """The parameters of topology for every host that this run works on. An MTU that follows the underlay is filled in."""
    parts = {}
    for host in sorted(fleet.at_work):
        declaration = declarations[host]
        networks = {name: _with_mtu(one, fleet.underlay_mtu[host]) for name, one in declaration.networks.items()}
        policy = {"docker_user": fleet.policies[host]} if host in fleet.policies else {}
        parts[host] = {"fleet": fleet.name, "firewall": fleet.firewall, **declaration_options(Declaration(networks, declaration.sandboxes)), **policy}
    return parts


def _with_mtu(network: Network, underlay: int | None) -> Network:
    """Only what has links has an MTU; the drivers host and none have none."""
    return replace(network, mtu=effective_mtu(network, underlay)) if network.driver == "bridge" else network


def slice_path(folder: str, host: str) -> str:
    """Where a host's part lies in the plan."""
    return os.path.join(folder, f"host-{quote(host, safe='')}.json")


def read_slice(folder: str, host: str) -> dict[str, Any]:
    """A host's part of the plan, as ``slices`` made it."""
    try:
        with open(slice_path(folder, host), encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        raise AnsibleActionFail(
            f"The plan in {folder} has no part for {host}: it was made without this host, or in another run. Run fleet_plan first."
        ) from None
