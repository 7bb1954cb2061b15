# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pieces of argument_spec that the kernel modules share; a doc fragment of the same name documents each."""

from __future__ import annotations

from typing import Any

from ..kernel.options import KINDS, PORT

Spec = dict[str, Any]
_TYPES = {"?": "bool", "i": "str"}

ROUTES: Spec = {
    "type": "list",
    "elements": "dict",
    "options": {
        "destination": {"type": "str", "required": True},
        "gateway": {"type": "str"},
        "metric": {"type": "int", "default": 0},
        "table": {"type": "int", "default": 254},
    },
}
LINK: Spec = {
    "name": {"type": "str", "required": True},
    "netns": {"type": "str", "default": ""},
    "up": {"type": "bool"},
    "mtu": {"type": "int"},
    "txqlen": {"type": "int"},
    "promisc": {"type": "bool"},
    "addresses": {"type": "list", "elements": "str"},
    "routes": ROUTES,
}
STATE: Spec = {"state": {"type": "str", "choices": ["present", "absent"], "default": "present"}}
MAC: Spec = {"mac_address": {"type": "str"}}
MASTER: Spec = {"master": {"type": "str"}}
PARENT: Spec = {"parent": {"type": "str"}, "parent_netns": {"type": "str"}}
PORTS: Spec = {
    "ports": {"type": "list", "elements": "dict", "options": {"name": {"type": "str", "required": True}, **{flag: {"type": "bool"} for flag in PORT}}},
}


_MAC_NEEDED: Spec = {"mac_address": {"type": "str", "required": True}}
PEERS: Spec = {
    "name": {"type": "str", "required": True},
    "netns": {"type": "str", "default": ""},
    "flood": {"type": "list", "elements": "str"},
    "macs": {"type": "list", "elements": "dict", "options": {**_MAC_NEEDED, "vtep": {"type": "str", "required": True}}},
    "neighbours": {"type": "list", "elements": "dict", "options": {"address": {"type": "str", "required": True}, **_MAC_NEEDED}},
    "exclusive": {"type": "bool", "default": False},
}


def kind_spec(kind: str) -> Spec:
    """The options that belong to a kind of link."""
    found: Spec = {}
    for name, row in KINDS[kind].items():
        found[name] = {"type": "str", "choices": list(row.names)} if row.names else {"type": _TYPES.get(row.form[0], "int")}
    if "ageing" in found:
        found["ageing"]["aliases"] = ["ageing_time"]  # as iproute2 has it
    return found
