# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything of a host that a test compares, in a form that two equal hosts share."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

# Of the output of ip: what runs by itself.
_RESTLESS = ("_timer", "lft")


def dump(host: Any) -> dict[str, Any]:
    """Links, addresses, routes and rules of the host and of every named namespace, names and files."""
    rooms = {name: _room(host, f"ip netns exec {name} ") for name in sorted(_namespaces())}
    return {"host": _room(host, ""), "namespaces": _namespaces(), "files": _files(), **rooms}


def _room(host: Any, inside: str) -> dict[str, Any]:
    shown = {
        name: _steady(json.loads(host.sh(f"{inside}{command}") or "[]"))
        for name, command in {
            "links": "ip -d -j link",
            "addresses": "ip -j addr",
            "routes": "ip -j route show table all",
            "routes6": "ip -6 -j route show table all",
        }.items()
    }
    return {**shown, "rules": rules(host, inside)}


def rules(host: Any, inside: str = "") -> list[str]:
    """What iptables-save and ip6tables-save print, but for comments, counters and tables that are empty."""
    kept = []
    for tool in ("iptables-save", "ip6tables-save"):
        for table in host.sh(f"{inside}{tool}").split("COMMIT"):
            lines = [line.split(" [")[0] for line in table.splitlines() if line and not line.startswith("#")]
            if any(line.startswith("-A") or (line.startswith(":") and line.endswith(" -")) or line.endswith(" DROP") for line in lines):
                kept += [tool, *lines]
    return kept


def _namespaces() -> dict[str, int]:
    folder = Path("/run/netns")
    return {one.name: one.stat().st_ino for one in folder.iterdir()} if folder.exists() else {}


def _files() -> dict[str, tuple[int, str]]:
    return {str(one): (one.stat().st_ino, one.read_text()) for one in sorted(Path("/etc/netns").glob("**/*")) if one.is_file()}


def _steady(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _steady(inner) for key, inner in value.items() if not any(word in key for word in _RESTLESS)}
    return [_steady(inner) for inner in value] if isinstance(value, list) else value


def same(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Fail with the first thing that differs."""
    for room in sorted(before.keys() | after.keys()):
        was, now = before.get(room), after.get(room)
        if was != now:
            pytest.fail(f"{room} was\n{json.dumps(was, indent=1)}\nand is\n{json.dumps(now, indent=1)}")


def inode(name: str) -> int:
    """The namespace behind a name."""
    return os.stat(f"/run/netns/{name}").st_ino
