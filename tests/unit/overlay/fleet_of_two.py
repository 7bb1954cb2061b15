# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host of two, in the options of module topology."""

from __future__ import annotations

from typing import Any

from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration
from ansible_collections.mooring.cnm.plugins.module_utils.model.peers import parse_topology
from ansible_collections.mooring.cnm.plugins.module_utils.model.problem import Problem

SUBNET = {"subnet": "10.0.0.0/24", "gateway": "10.0.0.1"}
WAY_OUT = {"icc": False, "ipam": {"config": [{"subnet": "172.18.0.0/16", "gateway": "172.18.0.1"}]}}


def options(peers: Any = None, overlay: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """bbox1 of host1, on the overlay ov1. peers: of ov1; by default bbox2 of host2."""
    known = {"host2": {"underlay_address": "198.18.0.12", "sandboxes": {"bbox2": {"ipv4_address": "10.0.0.3", "aliases": ["two"]}}}}
    return {
        "networks": {"ov1": {"driver": "overlay", "vni": 256, "ipam": {"config": [SUBNET]}, **(overlay or {})}, "cnm_gwbridge": WAY_OUT},
        "sandboxes": {"bbox1": {"networks": {"ov1": {"ipv4_address": "10.0.0.2"}, "cnm_gwbridge": {"ipv4_address": "172.18.0.2"}}}},
        "peers": {"ov1": known if peers is None else peers},
        "host": "host1",
        "underlay_address": "198.18.0.11",
        **more,
    }


def declaration(**given: Any) -> Declaration:
    found, problems = parse_topology(options(**given))
    assert problems == []
    return found


def problems(**given: Any) -> list[Problem]:
    return parse_topology(options(**given))[1]
