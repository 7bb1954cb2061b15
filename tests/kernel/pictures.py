# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything of a host that a test compares, in a form that two equal hosts share."""

from __future__ import annotations

import difflib
import json
import os
import subprocess
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.namespaces import inside

# Of the output of ip: what runs by itself.
_RESTLESS = ("_timer", "lft")
# Links that are up and of which the kernel never says more.
_WITHOUT_CARRIER = ("loopback", "vxlan", "ifb", "ipvlan", "dummy")

_SHOW = {"ip -d": ("link show", "addr show", "route show table all"), "ip -d -6": ("route show table all",)}


def dump(host: Any) -> dict[str, Any]:
    """Links, addresses and routes of the host and of every named namespace, rules, names and files, when no link is about to come up."""
    settle(host)
    rooms = {name: _room(name) for name in sorted(namespaces())}
    return {"host": _room(""), "rules": rules(host), "namespaces": namespaces(), "files": files(), **rooms}


def settle(host: Any) -> None:
    """Wait until no link and no address of the host is about to come up."""
    while any(comes_up(link) or _is_tentative(link) for link in json.loads(host.sh("ip -d -j addr"))):
        time.sleep(0.02)


def _is_tentative(link: dict[str, Any]) -> bool:
    return link["operstate"] != "DOWN" and any(one.get("tentative") for one in link["addr_info"])


def comes_up(link: dict[str, Any]) -> bool:
    """Whether the kernel is about to say that a link has a carrier. Some have none to wait for, as a bridge without ports (lone…)."""
    kind = link.get("linkinfo", {}).get("info_kind", link["link_type"])
    return link["operstate"] == "UNKNOWN" and kind not in _WITHOUT_CARRIER and not link["ifname"].startswith("lone")


def _room(name: str) -> list[Any]:
    """Links, addresses, routes of IPv4, routes of IPv6."""
    with inside(name):
        found = [one for tool, topics in _SHOW.items() for one in shown(tool, topics).values()]
    return [sorted(one, key=lambda each: each.get("ifname") or repr(each)) for one in found]


def shown(tool: str, topics: Collection[str]) -> dict[str, Any]:
    """What one process of a tool prints of each topic, in the namespace of this thread."""
    command = [*tool.split(), "-j", "-batch", "-"]
    done = subprocess.run(command, input="".join(f"{topic}\n" for topic in topics), capture_output=True, text=True, check=True) if topics else None
    printed = _arrays(done.stdout if done else "")
    return {f"{tool}: {topic}": steady(next(printed)) for topic in topics}


def _arrays(text: str) -> Iterator[Any]:
    """The arrays that were printed one after the other."""
    at, decoder = 0, json.JSONDecoder()
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        value, at = decoder.raw_decode(text, at)
        yield value


def rules(host: Any) -> list[str]:
    """What iptables-save and ip6tables-save print, but for comments, counters and tables that are empty."""
    kept = []
    for tool in ("iptables-save", "ip6tables-save"):
        for table in host.sh(tool).split("COMMIT"):
            lines = [line.split(" [")[0] for line in table.splitlines() if line and not line.startswith("#")]
            if any(line.startswith("-A") or (line.startswith(":") and line.endswith(" -")) or line.endswith(" DROP") for line in lines):
                kept += [tool, *lines]
    return kept


def tables(host: Any) -> list[str]:
    """What nft shows, of tables of iptables too, but for counters and the tables and chains of the kernel's hooks that let everything pass."""
    objects = [one.popitem() for one in json.loads(host.sh("nft --stateless --json list ruleset"))["nftables"]]
    shown = [(kind, {key: value for key, value in held.items() if key != "handle"}) for kind, held in objects if kind not in ("metainfo", "table")]
    kept = [(held["family"], held["table"], kind, held) for kind, held in shown if "hook" not in held or held["policy"] != "accept"]
    # Rules stay in the order that they have in their chain.
    return [repr(one) for one in sorted(kept, key=lambda one: (*one[:3], one[3].get("chain") or one[3]["name"]))]


def namespaces() -> dict[str, int]:
    """The named namespaces with their inodes."""
    kind = os.stat("/proc/self/ns/net").st_dev
    return {one.name: one.stat().st_ino for one in Path("/run/netns").glob("*") if one.exists() and one.stat().st_dev == kind}


def files() -> dict[str, tuple[int, str]]:
    """Inode and content of every file below /etc/netns."""
    return {str(one): (one.stat().st_ino, one.read_text()) for one in sorted(Path("/etc/netns").glob("**/*")) if one.is_file()}


def steady(value: Any) -> Any:
    """What ip printed, without what runs by itself."""
    if isinstance(value, dict):
        return {key: steady(inner) for key, inner in value.items() if not any(word in key for word in _RESTLESS)}
    return [steady(inner) for inner in value] if isinstance(value, list) else value


def check_same(before: dict[str, Any], picture: Callable[[], dict[str, Any]], but: tuple[str, ...] = ()) -> None:
    """Fail with what differs, once links had time to find their carrier. but: the parts of the picture that may."""
    deadline = time.monotonic() + 5
    while True:
        was, now = (json.dumps({**one, **dict.fromkeys(but)}, indent=1, sort_keys=True) for one in (before, picture()))
        if was == now:
            return
        if time.monotonic() > deadline:
            pytest.fail("\n".join(difflib.unified_diff(was.splitlines(), now.splitlines(), "before", "after", lineterm="", n=8)))
        time.sleep(0.02)


def inode(name: str) -> int:
    """The namespace behind a name."""
    return os.stat(f"/run/netns/{name}").st_ino
