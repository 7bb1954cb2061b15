# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples in the documentation of a module, as tasks on a host that has what they presuppose."""

from __future__ import annotations

import importlib
from typing import Any

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.mooring.cnm.tests.kernel.nouns import MODULES, Tasks

PREFIX = "mooring.cnm."
_CARD = "ip netns add web && ip link add eth1 type veth peer name far && ip link set far up && ip link set eth1 up"
_TUNNEL = "ip netns add net300 && ip -n net300 link add br0 type bridge"
PRESUPPOSED = {
    "netns": "true",
    "bridge": "ip link add app1 type veth peer name one && ip link add app2 type veth peer name two",
    "veth": "ip netns add app1 && ip link add br-app type bridge",
    "macvlan": _CARD,
    "ipvlan": _CARD,
    "vxlan": _TUNNEL,
    "vxlan_peers": f"{_TUNNEL} && ip link add vx0 netns net300 type vxlan id 300 dstport 4789 nolearning && ip -n net300 link set vx0 up",
    "netns_info": "ip netns add web",
    "link_info": "ip netns add web && ip -n web link add eth0 type veth peer name far && ip -n web address add 192.0.2.11/24 dev eth0",
}


def check_examples(tasks: Tasks, module: str) -> None:
    """Each is predicted, done and left alone by its twin; what it registers is there for the next."""
    tasks.host.sh(PRESUPPOSED[module])
    registered: dict[str, Any] = {}
    templar = Templar(DataLoader(), registered)
    for task in yaml.safe_load(importlib.import_module(f"{MODULES}.{module}").EXAMPLES):
        if (said := task.get("ansible.builtin.debug")) is not None:
            assert templar.template(trust_as_template(said["msg"]))
        elif (claim := task.get("ansible.builtin.assert")) is not None:
            assert templar.evaluate_conditional(trust_as_template(claim["that"]))
        else:
            registered[task.get("register", "")] = _done(tasks, module, task[PREFIX + module] or {})


def _done(tasks: Tasks, module: str, options: dict[str, Any]) -> dict[str, Any]:
    predicted, result, again = (tasks.once(module, check=check, **options) for check in (True, False, False))
    assert not any(one.get("failed") for one in (predicted, result, again)), (predicted, result, again)
    assert predicted.get("ops") == result.get("ops") and again["changed"] is False
    assert result["changed"] is not module.endswith("_info")
    return result
