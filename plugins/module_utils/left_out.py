# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What module topology takes for the dictionaries that it was not given: what stands, so that it is left alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .drivers.describe import describe
from .kernel.observe import observe
from .model.peers import topology_options
from .state.objects import HostState

DICTIONARIES = ("networks", "sandboxes", "peers")


def with_what_stands(params: Mapping[str, Any], fleet: str) -> dict[str, Any]:
    """``params`` of module topology, where a dictionary that is None is as the fleet has it on this host. Raises what ``observe`` raises."""
    given = {name: params[name] for name in DICTIONARIES if params[name] is not None}
    # Without a network of scope fleet there are no peers, and nothing to look at the host for.
    if given.keys() >= {"networks", "sandboxes"} and not any(map(_is_of_the_fleet, given["networks"].values())):
        given.setdefault("peers", {})
    if len(given) < len(DICTIONARIES):
        stands = topology_options(describe(observe(HostState(), fleet), fleet))
        left_out = {name: stands.get(name, {}) for name in DICTIONARIES if name not in given}
        networks = given.get("networks", stands["networks"])
        if "peers" in left_out:
            left_out["peers"] = {name: hosts for name, hosts in left_out["peers"].items() if _is_of_the_fleet(networks.get(name))}
        given.update(left_out)
    return {**params, **given}


def _is_of_the_fleet(network: object) -> bool:
    return isinstance(network, Mapping) and network.get("driver", "bridge") not in ("bridge", "host", "none") and network.get("scope", "fleet") == "fleet"
