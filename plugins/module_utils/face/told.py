# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kernel module is told: its parameters as objects, with every value that cannot be used as a problem."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any, Callable

from ..kernel.namespaces import short_name
from ..kernel.options import KINDS, PORT
from ..model.problem import NO_ZONE, Problem
from ..state.objects import Address, Link, Object, Options, Route
from .numbers import number_problems

End = tuple[str, str]
Params = dict[str, Any]
STACKED = ("macvlan", "ipvlan", "vxlan")


@dataclass
class Told:
    """kind: of the links. links: those that the module acts on; an attribute of None is left alone. ground: those that have to be there.
    ports: of a bridge, by their names and flags.

    lists: which lists were given, and for which link. on_links: what is in them.
    """

    kind: str
    present: bool
    links: list[Link] = field(default_factory=list)
    ground: list[Link] = field(default_factory=list)
    ports: list[Link] = field(default_factory=list)
    lists: set[tuple[str, End]] = field(default_factory=set)
    on_links: list[Object] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, path: str, value: object, message: str) -> None:
        self.problems.append(Problem("", path, str(value), message))


def told_link(kind: str, params: Params) -> Told:
    """What the parameters of a module for links of this kind say."""
    told = Told(kind, params["state"] == "present")
    peer = params.get("peer")
    if peer is None:
        _add_end(told, params, "", None)
        return told
    here, there = place_of(params), place_of(peer)
    if here == there:
        told.wrong("peer.name", peer["name"], "the two ends are one interface: give the other end another name or namespace")
    _add_end(told, params, "", there)
    _add_end(told, peer, "peer.", here)
    return told


def place_of(params: Params) -> End:
    """Where an interface is, and what it is called there."""
    return short_name(params["netns"]), params["name"]


def _add_end(told: Told, params: Params, path: str, peer: End | None) -> None:
    at = place_of(params)
    check_name(told, path + "name", params["name"])
    if params.get("master"):
        check_name(told, path + "master", params["master"])
    told.problems.extend(number_problems(params, path))
    if (mac := params.get("mac_address")) is not None and params.get("mode") == "passthru":
        told.wrong("mac_address", mac, "in mode passthru it has the MAC address of its parent: leave it out, or choose another mode")
    told.links.append(
        Link(
            *at,
            told.kind,
            mac=mac_in(told, path + "mac_address", mac) if mac is not None else None,
            mtu=params["mtu"],
            master=params.get("master"),
            peer=peer,
            parent=_parent(told, params),
            options=_options(told, params),
            txqlen=params["txqlen"],
            promisc=params["promisc"],
            up=params["up"],
        )
    )
    for option in ("addresses", "routes", "ports"):
        if params.get(option) is not None:
            told.lists.add((option, at))
    told.on_links.extend(Address(*at, one) for one in _addresses(told, params, path))
    told.on_links.extend(_route(told, at, one, f"{path}routes[{number}]") for number, one in enumerate(params["routes"] or ()))
    for number, one in enumerate(params.get("ports") or ()):
        check_name(told, f"ports[{number}].name", one["name"])
        flags = tuple((flag, one[flag]) for flag in sorted(PORT) if one[flag] is not None)
        told.ports.append(Link(at[0], one["name"], "", master=at[1], port=flags))
    _check_once(told)


def _parent(told: Told, params: Params) -> End | None:
    """What the link rests on. A vxlan may rest on no link; where it is made, its socket is on the host unless it is told otherwise."""
    parent, netns = params.get("parent"), params.get("parent_netns")
    if told.kind not in STACKED or (parent is None and (told.kind != "vxlan" or netns is None)):
        return None
    if parent is not None:
        check_name(told, "parent", parent)
        if parent == "lo":
            told.wrong("parent", parent, "nothing can rest on lo: give an interface that leads out of the host")
    return (short_name(netns or ""), parent or "")


def _options(told: Told, params: Params) -> Options:
    given = {name: params[name] for name in KINDS.get(told.kind, {}) if params.get(name) is not None}
    for name in ("local", "group"):
        if name in given:
            given[name] = address_in(told, name, given[name])
    return tuple(sorted(given.items()))


def _addresses(told: Told, params: Params, path: str) -> Iterator[str]:
    for number, given in enumerate(params["addresses"] or ()):
        one = _read(told, f"{path}addresses[{number}]", given, ip_interface, "this is no address with a prefix length, such as 192.0.2.1/24 or fd00::1/64")
        if one is None:
            continue
        if one.version == 6 and one.ip.is_link_local:
            told.wrong(f"{path}addresses[{number}]", given, "the kernel makes link-local addresses itself: leave it out")
        yield str(one)


def _route(told: Told, at: End, given: Params, path: str) -> Route:
    told.problems.extend(number_problems(given, f"{path}."))
    gateway = "" if given.get("gateway") is None else address_in(told, f"{path}.gateway", given["gateway"])
    destination = given["destination"]
    prefix = ("::/0" if ":" in gateway else "0.0.0.0/0") if destination == "default" else destination
    network = _read(told, f"{path}.destination", prefix, ip_network, "this is no destination: {}; give default, or a prefix such as 192.0.2.0/24")
    if network is None:
        return Route(at[0], destination, gateway, at[1])
    if gateway and (":" in gateway) != (network.version == 6):
        told.wrong(f"{path}.gateway", gateway, f"the gateway is not of the family of {destination}")
    text = "default" if str(network) == "0.0.0.0/0" else str(network)
    # The kernel's own metric for IPv6, which says nothing.
    metric = 0 if network.version == 6 and given["metric"] == 1024 else given["metric"]
    return Route(at[0], text, gateway, at[1], metric, given["table"])


def address_in(told: Told, path: str, given: str) -> str:
    return str(_read(told, path, given, ip_address, "this is no IP address") or given)


def _read(told: Told, path: str, given: str, kind: Callable[[str], Any], message: str) -> Any:
    """What ``given`` is as an address or prefix; None where it is none, which is told. message: with ``{}`` for what Python says."""
    if "%" in given:
        return told.wrong(path, given, NO_ZONE)
    try:
        return kind(given)
    except ValueError as error:
        return told.wrong(path, given, message.format(error))


def mac_in(told: Told, path: str, given: str) -> str:
    mac = given.lower().replace("-", ":")
    if not re.fullmatch("([0-9a-f]{2}:){5}[0-9a-f]{2}", mac):
        told.wrong(path, given, "this is no MAC address, such as 02:42:ac:11:00:02")
    elif path.endswith("mac_address") and "[" not in path and int(mac[:2], 16) & 1:
        told.wrong(path, given, "this is the address of a group, which no interface can have: the first byte must be even")
    return mac


def check_name(told: Told, path: str, name: str) -> None:
    if not 0 < len(name.encode()) <= 15 or name in (".", "..") or re.search(r"[/:\s]", name):
        told.wrong(path, name, "an interface's name has 1 to 15 bytes, and no blank, '/' or ':' in it")


def _check_once(told: Told) -> None:
    seen = set()
    for one in (*told.on_links, *told.ports):
        if one.key in seen:
            told.wrong(one.key[0], " ".join(part for part in one.key[1:] if part), "this is listed twice")
        seen.add(one.key)
