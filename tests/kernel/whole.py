# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole of a host: of every namespace all that ip, bridge and tc show, and every setting of the network; rules of iptables and nft, names, files."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from typing import Any

from ansible_collections.mooring.cnm.plugins.module_utils.kernel.namespaces import inside
from ansible_collections.mooring.cnm.tests.kernel import pictures

End = tuple[str, str]
# What is shown, by the one process that shows it. Neighbours and FDB entries that were learned come and go.
_LINKS_AND_MORE = "ip -d", ("link show", "addr show", "route show table all", "neigh show nud permanent", "rule show")
_SHOW = {
    "ip -d -6": ("route show table all", "neigh show nud permanent", "rule show"),
    "bridge -d": ("fdb show",),
    "tc": ("qdisc show",),
}
_LEARNED = ("", "reachable", "stale")
# What the kernel gives in turn, so that a thing which was made again has another one. An index is that of a redirection.
_NUMBERS = frozenset({"ifindex", "link_index", "link_netnsid", "linkNetNsId", "id", "no", "designated_port", "handle"})
# Settings that count, are secret, or belong to the machine.
_RESTLESS = ("nf_conntrack_count", "nf_conntrack_max", "stable_secret", "tcp_fastopen_key", "/core/", "/unix/")


def whole(host: Any, settings: bool = True) -> dict[str, Any]:
    """Everything, when no link is about to come up anywhere: room by room, the host's own under an empty name. settings: those of the network too."""
    pictures.settle(host)
    names = pictures.namespaces()
    first = {inode: name for name, inode in sorted(names.items(), reverse=True)}
    rooms = {name: _room(name, settings) for name in ("", *first.values())}
    while late := [name for name, room in rooms.items() if any(map(pictures.comes_up, room["ip -d: link show"]))]:
        rooms.update({name: _room(name, settings) for name in late})
    return {"rules": [*pictures.rules(host), *pictures.tables(host)], "namespaces": names, "files": pictures.files(), "rooms": rooms}


def lasting(picture: dict[str, Any], again: Collection[End]) -> dict[str, Any]:
    """``picture`` without what links that were made again, given as (namespace, name), have anew: numbers, and MAC addresses that nobody gave.

    A namespace that was made again is given by its lo.
    """
    text = json.dumps(picture)
    names = picture["namespaces"]
    again = {(other, link) for netns, link in again for other in {netns, *(name for name in names if names[name] == names.get(netns))}}
    for netns, room in picture["rooms"].items():
        for link in sorted(room["ip -d: link show"], key=lambda one: str(one["ifname"])):
            if (netns, link["ifname"]) in again and link["ifname"] != "lo":
                text = text.replace(link["address"], f"address of {link['ifname']}")
    found = json.loads(text)
    found["namespaces"] = {name: 0 if (name, "lo") in again else inode for name, inode in found["namespaces"].items()}
    found["files"] = {path: content for path, (_inode, content) in found["files"].items()}
    found["rooms"] = {netns: _numberless(room, {name for at, name in again if at == netns}, "") for netns, room in found["rooms"].items()}
    return found


def _numberless(value: Any, again: Collection[str], link: str) -> Any:
    """``value`` with 0 for the numbers of links called ``again``, in an order that does not come from numbers."""
    if isinstance(value, list):
        return sorted((_numberless(one, again, link) for one in value), key=repr)
    if not isinstance(value, dict):
        return value
    link = value.get("ifname", value.get("dev", link))
    return {key: 0 if key == "index" or (key in _NUMBERS and link in again) else _numberless(inner, again, link) for key, inner in value.items()}


def _room(name: str, settings: bool) -> dict[str, Any]:
    with inside(name):
        found = _links_and_more()
        for tool, topics in _SHOW.items():
            found.update(pictures.shown(tool, topics))
        queues = [one for one in found["tc: qdisc show"] if one["kind"] != "noqueue"]
        filters = pictures.shown("tc", [f"filter show dev {one['dev']} parent {one['handle']}" for one in queues])
        found["tc: filter show"] = [{"dev": one["dev"], "filters": shown} for one, shown in zip(queues, filters.values(), strict=True)]
        found["settings"] = dict(_settings("/proc/sys/net")) if settings else {}
    found["bridge -d: fdb show"] = [one for one in found["bridge -d: fdb show"] if one.get("state", "") not in _LEARNED]
    return found


def _links_and_more() -> dict[str, Any]:
    """When the kernel has told all of carriers that came or went: it does that first when it is asked for one link alone (linkwatch_sync_dev)."""
    found, waited = pictures.shown(*_LINKS_AND_MORE), []
    while waited != (waiting := [one["ifname"] for one in found["ip -d: link show"] if _waits(one)]):
        pictures.shown("ip", [f"link show dev {one}" for one in waiting])
        found, waited = pictures.shown(*_LINKS_AND_MORE), waiting
    return found


def _waits(link: dict[str, Any]) -> bool:
    """Whether more may be to tell of a link: it has no carrier, or its state does not go with that."""
    return "NO-CARRIER" in link["flags"] or ("LOWER_UP" in link["flags"]) is not (link["operstate"] in ("UP", "UNKNOWN"))


def _settings(folder: str) -> Any:
    for at, _folders, names in os.walk(folder):
        for name in names:
            path = f"{at}/{name}"
            if not any(word in path for word in _RESTLESS) and os.stat(path).st_mode & 0o444:
                with open(path, encoding="ascii") as file:
                    yield path, file.read()
