# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured: N sandboxes with one endpoint each, over bridges of at most 200, and the same as a script for ``ip``."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.model.parse import parse_declaration
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import Address, Link, Namespace, Object, Route
from ansible_collections.mooring.cnm.plugins.module_utils.state.tag import LINK_GROUP, ROUTE_PROTOCOL

PER_BRIDGE = 200


def declared(count: int, ports: int = 0, first_port: int = 10000) -> dict[str, Any]:
    """Parameters of module ``topology`` with so many sandboxes, the first ``ports`` of which publish one port each."""
    networks: dict[str, Any] = {}
    sandboxes: dict[str, Any] = {}
    for at in range(count):
        bridge, place = divmod(at, PER_BRIDGE)
        subnet = IPv4Network(f"172.{16 + bridge}.0.0/16")
        networks.setdefault(f"net{bridge}", {"ipam": {"config": [{"subnet": str(subnet), "gateway": str(subnet[1])}]}})
        sandboxes[f"s{at:04}"] = {"networks": {f"net{bridge}": {"ipv4_address": str(subnet[place + 2])}}}
        if at < ports:
            sandboxes[f"s{at:04}"]["ports"] = [f"{first_port + at}:80"]
    return {"networks": networks, "sandboxes": sandboxes}


def ip_script(params: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """The same links, addresses, routes and namespaces, with all their attributes, in the words of ``ip -batch``.

    The result are the lines for the host and, by its name, those for each sandbox. Peers are born in their namespace. Left out, since ip has no words
    for them: sysctls, names files and firewall rules, which the module makes in addition.
    """
    declaration, _problems = parse_declaration(params["networks"], params["sandboxes"])
    objects = host_state(declaration, "default").objects
    host: list[str] = []
    inside: dict[str, list[str]] = {}
    ends: list[str] = []
    for one in objects.values():
        if isinstance(one, Namespace):
            host.append(f"netns add {one.name}")
            inside[one.name] = [f"link set dev lo alias {one.tag} up"]
    for one in sorted((one for one in objects.values() if isinstance(one, Link) and not one.netns), key=lambda link: bool(link.master)):
        host += _link(one, objects)
        ends += [f"link set dev {one.name} up"] if one.kind == "bridge" else []
    for one in objects.values():
        if isinstance(one, Link) and one.netns:
            inside[one.netns].append(f"link set dev {one.name} alias {one.tag}")
    for one in objects.values():
        if isinstance(one, Address):
            lines = inside[one.netns] if one.netns else ends
            lines.append(f"address add {one.address} broadcast + dev {one.link}")
    for one in objects.values():
        if isinstance(one, Link) and one.netns:
            inside[one.netns].append(f"link set dev {one.name} up")
    for one in objects.values():
        if isinstance(one, Route):
            inside[one.netns].append(f"route add {one.destination} via {one.gateway} dev {one.link} proto {ROUTE_PROTOCOL}")
    return "\n".join([*host, *ends, ""]), {name: "\n".join([*lines, ""]) for name, lines in inside.items()}


def _link(one: Link, objects: dict[tuple[str, ...], Object]) -> list[str]:
    peer = objects.get(("link", *one.peer)) if one.peer else None
    born = [f"link add name {one.name} group {LINK_GROUP}"]
    born += [f"address {one.mac}"] if one.mac else []
    born += [f"mtu {one.mtu}"]
    born += [f"master {one.master}"] if one.master else []
    born += ["up"] if one.master else []
    born += [f"type {one.kind}"]
    if isinstance(peer, Link):
        born += [f"peer name {peer.name} netns {peer.netns} address {peer.mac} mtu {peer.mtu} group {LINK_GROUP}"]
    lines = [" ".join(born), f"link set dev {one.name} alias {one.tag} addrgenmode none", f"link property add dev {one.name} altname {one.altname}"]
    if one.port:
        flags = " ".join(f"{name} {'on' if value else 'off'}" for name, value in one.port)
        lines.append(f"link set dev {one.name} type bridge_slave {flags}")
    return lines
