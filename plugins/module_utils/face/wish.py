# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module that knows what stands should bring about, and why it cannot."""

from __future__ import annotations

from dataclasses import replace

from ..model.problem import Problem
from ..state.difference import another_thing
from ..state.objects import HostState, Key, Link, Object
from ..state.tag import read_tag
from .look import is_port, list_of
from .told import STACKED, Told

# What takes other links as its ports.
_MASTERS = ("bridge", "bond", "team", "vrf")
# What a link that has to be made anew keeps of the one before.
_KEPT = ("mac", "master", "txqlen", "promisc", "up")


def wish(told: Told, stands: HostState) -> HostState:
    """All that should stand of what ``stands`` owns. What was left out stays as it is."""
    if not told.present:
        return HostState()
    wanted: dict[Key, Object] = {}
    for key in stands.owned:
        one = stands.objects[key]
        if isinstance(one, Link):
            if is_port(told, one):
                wanted[key] = Link(one.netns, one.name, "", master="")
        elif (list_of(one), (getattr(one, "netns", ""), getattr(one, "link", ""))) not in told.lists:
            wanted[key] = one
    for link in told.links:
        wanted[link.key] = _completed(link, stands.objects.get(link.key))
    wanted.update({one.key: one for one in (*told.ports, *told.on_links)})
    return HostState(wanted, frozenset(wanted))


def _completed(link: Link, now: Object | None) -> Link:
    if not isinstance(now, Link) or now.tag == "":  # what a killed run has not finished is as good as not there
        parent = ("", "") if link.kind == "vxlan" and link.parent is None else link.parent
        return replace(link, up=link.up is not False, parent=parent)
    if not another_thing(now, link):
        return link
    options = tuple(sorted({**dict(now.options), **dict(link.options)}.items()))
    kept = {name: getattr(now, name) for name in _KEPT if getattr(link, name) is None}
    anew = replace(link, options=options, parent=link.parent or now.parent, **kept)
    return anew if has_own_mac(now) and has_own_mac(anew) else replace(anew, mac=link.mac)


def has_own_mac(link: Link) -> bool:
    """Whether a link has a MAC address of its own, and not that of its parent."""
    return link.kind != "ipvlan" and ("mode", "passthru") not in link.options


def assumed(told: Told, stands: HostState) -> HostState:
    """``stands`` with the ports that are not there yet, as they would be made: ports of nothing."""
    ports: dict[Key, Object] = {one.key: Link(one.netns, one.name, "", master="") for one in told.ports if one.key not in stands.objects}
    return HostState({**stands.objects, **ports}, stands.owned | ports.keys())


def refusals(told: Told, stands: HostState) -> list[Problem]:
    """Why the module must not act on what stands: it is of another kind, or belongs to a topology."""
    problems = []
    for one, now in ((each, stands.objects.get(each.key)) for each in (*told.links, *told.ground, *told.ports)):
        if not isinstance(now, Link):
            continue
        where, owner = f"{now.kind or 'interface'} {now.name}" + (f" in {now.netns}" if now.netns else ""), read_tag(now.tag)
        if owner is not None:
            message = f"the {where} was made by a topology, for {owner.purpose} of fleet {owner.fleet}: change it in the declaration, or choose another name"
            problems.append(Problem("", "ports" if one in told.ports else "name", one.name, message))
        elif one.kind not in ("", now.kind):
            message = f"there is an interface of this name, but it is no {one.kind}: the {where} is left alone; remove it, or choose another name"
            problems.append(Problem("", "name", one.name, message))
    for one, now in ((each, stands.objects.get(each.key)) for each in told.links if told.present):
        master = stands.objects.get(("link", one.netns, one.master or ""))
        if isinstance(master, Link) and master.kind not in ("", *_MASTERS):
            problems.append(Problem("", "master", master.name, f"the {master.kind} {master.name} takes no ports: name a bridge"))
        if now is None:
            problems += [Problem("", name, "", f"the {one.kind} {one.name} is not there yet, and to make it this is needed") for name in _needed(one)]
        if one.kind in ("macvlan", "ipvlan") and (now is None or another_thing(now, one)):
            from .beside import parent_problems

            problems += parent_problems(_completed(one, now))
    return problems


def _needed(link: Link) -> list[str]:
    options = dict(link.options)
    if link.kind == "veth":
        return [] if link.peer is not None else ["peer"]
    if link.kind == "vxlan":
        return [] if "id" in options else ["id"]
    return ["parent"] if link.kind in STACKED and link.parent is None else []


def missing(told: Told, stands: HostState) -> list[Problem]:
    """What has to be there before the module can act. Not asked in check mode, since an earlier task may be about to make it."""
    if not told.present:
        return []
    sought: dict[Key, tuple[str, str]] = {}
    own = {one.key for one in told.links}
    for one in (*told.links, *told.ground):
        for path, netns in (("netns", one.netns), ("parent_netns", one.parent[0] if one.parent else "")):
            if netns:
                sought.setdefault(("namespace", netns), (path, f"there is no namespace {netns} on this host"))
        for path, at in (("parent", one.parent), ("master", (one.netns, one.master) if one.master else None)):
            if at is not None and at[1] and ("link", *at) not in own:
                sought.setdefault(("link", *at), (path, f"there is no interface {at[1]}" + (f" in {at[0]}" if at[0] else "")))
    for one in (*told.ground, *told.ports):
        sought.setdefault(one.key, ("ports" if one in told.ports else "name", f"there is no interface {one.name}" + (f" in {one.netns}" if one.netns else "")))
    return [Problem("", path, key[-1], f"{message}: make it first") for key, (path, message) in sought.items() if key not in stands.objects]
