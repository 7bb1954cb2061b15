# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links as the options of their modules: before and after, and what link_info tells."""

from __future__ import annotations

from typing import Any

from ..kernel.options import PORT
from ..state.objects import Address, HostState, Link, Route
from .told import STACKED, End, Told
from .wish import has_own_mac

Shown = dict[str, Any]
_MAIN_TABLE = 254


def shown_link(told: Told, state: HostState) -> Shown:
    """The module's link as its options; given back, they change nothing."""
    first = told.links[0]
    result = _end(state, first)
    if first.peer is not None and result["state"] == "present":
        now = state.objects[first.key]
        end = now.peer if isinstance(now, Link) and now.peer is not None else first.peer
        result["peer"] = _without_state(_end(state, Link(*end, "veth")))
    return result


def link_options(link: Link, state: HostState) -> Shown:
    """All of a link that the modules have options for."""
    at = (link.netns, link.name)
    result: Shown = {
        "name": link.name,
        "netns": link.netns,
        "up": link.up,
        "mtu": link.mtu,
        "txqlen": link.txqlen,
        "promisc": link.promisc,
        **dict(link.options),
        "addresses": sorted(one.address for one in state.objects.values() if isinstance(one, Address) and (one.netns, one.link) == at),
        "routes": [_route(one) for _key, one in sorted(state.objects.items()) if isinstance(one, Route) and (one.netns, one.link) == at],
    }
    if link.kind != "bridge":
        result["master"] = link.master or ""
    if has_own_mac(link):
        result["mac_address"] = link.mac
    if link.kind in STACKED and link.parent is not None:
        result["parent_netns"] = link.parent[0]
        if link.parent[1]:
            result["parent"] = link.parent[1]
    if link.kind == "bridge":
        result["ports"] = _ports(state, at)
    # What the kernel will choose for a link that is to be made is not known yet.
    return {name: value for name, value in result.items() if value is not None}


def _end(state: HostState, told: Link) -> Shown:
    now = state.objects.get(told.key)
    if not isinstance(now, Link):
        return {"name": told.name, "netns": told.netns, "state": "absent"}
    return {**link_options(now, state), "state": "present"}


def _without_state(shown: Shown) -> Shown:
    return {name: value for name, value in shown.items() if name != "state"}


def _ports(state: HostState, at: End) -> list[Shown]:
    links = [one for _key, one in sorted(state.objects.items()) if isinstance(one, Link) and (one.netns, one.master) == at]
    return [{"name": one.name, **{name: value for name, value in one.port if name in PORT}} for one in links]


def _route(one: Route) -> Shown:
    shown: Shown = {"destination": one.destination}
    if one.gateway:
        shown["gateway"] = one.gateway
    if one.metric:
        shown["metric"] = one.metric
    if one.table != _MAIN_TABLE:
        shown["table"] = one.table
    return shown
