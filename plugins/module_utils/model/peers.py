# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host knows of the rest of its fleet: the endpoints of other hosts in networks of scope ``fleet``, and by which address hosts reach each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

from .declaration import Declaration, IPAddress, Network, Peer
from .endpoint import read_mac
from .keys import Keys, as_given, read_items, read_keys, read_list
from .names import read_name
from .options import declaration_options
from .parse import parse_declaration
from .problem import Problem
from .report import Report, Unreadable, shown
from .resolve import derived_mac
from .values import integer_between, read_address

VXLAN_PORT = 4789  # IANA's
PORT = integer_between(1, 65535)
# Each byte of an address as IPv4 writes it, and as a MAC does.
_BYTES = {str(byte): f"{byte:02x}" for byte in range(256)}


def read_any_address(value: object) -> str:
    """An IPv4 or IPv6 address, as the kernel writes it."""
    return str(read_address(value))


HOST = Keys({"underlay_address": read_any_address, "sandboxes": as_given})
ENDPOINT = Keys({"ipv4_address": read_any_address, "ipv6_address": read_any_address, "mac_address": read_mac, "aliases": as_given})


def parse_topology(options: Mapping[str, Any]) -> tuple[Declaration, list[Problem]]:
    """The declaration in the options of module topology, or in a host's slice of a plan, and all that is wrong with them."""
    declaration, problems = parse_declaration(options.get("networks", {}), options.get("sandboxes", {}))
    report = Report()
    address = options.get("underlay_address")
    try:
        own = None if address is None else ip_address(read_any_address(address))
    except Unreadable as error:
        report.add("underlay_address", address, str(error))
        own = None
    port = options.get("vxlan_port") or VXLAN_PORT
    declaration, more = in_fleet(declaration, str(options.get("host") or ""), own, int(port), options.get("peers"))
    return declaration, [*problems, *report.problems, *more]


def topology_options(declaration: Declaration) -> dict[str, Any]:
    """A declaration in the options of module topology. What a host needs for overlays alone is there where it has one."""
    options: dict[str, Any] = {**declaration_options(declaration)}
    overlays = [network for network in declaration.networks.values() if network.driver == "overlay"]
    if declaration.host:
        options["host"] = declaration.host
    if overlays:
        options["underlay_address"] = str(overlays[0].underlay_address)
        options["vxlan_port"] = overlays[0].vxlan_port
    peers = peer_options(declaration.networks)
    return {**options, "peers": peers} if peers else options


def in_fleet(declaration: Declaration, host: str, underlay_address: IPAddress | None, vxlan_port: int, peers: object) -> tuple[Declaration, list[Problem]]:
    """The declaration with its networks of scope fleet joined to those of other hosts.

    host: what this host is called in the fleet. underlay_address: by which other hosts reach it. peers: the option of that name of module topology.
    """
    report = Report()
    known = read_peers(report, peers)
    networks = dict(declaration.networks)
    for name, network in declaration.networks.items():
        if network.scope == "fleet":
            networks[name] = replace(network, peers=known.pop(name, ()), underlay_address=underlay_address, vxlan_port=vxlan_port)
    for name in sorted(known):
        report.add(f"peers.{shown(name)}", name, "there is no network of this name and of scope fleet: declare it, or leave its peers out")
    return replace(declaration, networks=networks, host=host), report.problems


def read_peers(report: Report, raw: object) -> dict[str, tuple[Peer, ...]]:
    """The peers by network, in order of hosts and sandboxes."""
    return {name: tuple(_of_network(report, f"peers.{shown(name)}", hosts)) for name, hosts in read_items(report, "peers", raw)}


def peer_options(networks: Mapping[str, Network]) -> dict[str, Any]:
    """The option ``peers`` for the peers of these networks. A MAC that follows from the address is left out."""
    found: dict[str, Any] = {}
    for name, network in sorted(networks.items()):
        for peer in network.peers:
            place = {"underlay_address": peer.underlay_address} if peer.underlay_address else {}
            host = found.setdefault(name, {}).setdefault(peer.host, {**place, "sandboxes": {}})
            if peer.sandbox:
                host["sandboxes"][peer.sandbox] = endpoint_words(peer.ipv4_address, peer.ipv6_address, peer.mac, peer.aliases)
    return found


def endpoint_words(ipv4_address: str, ipv6_address: str, mac: str, aliases: tuple[str, ...]) -> dict[str, Any] | str:
    """An endpoint as others are told of it: only what does not follow from the rest, and just its address where that is all."""
    if not aliases and not (ipv4_address and ipv6_address) and mac == _derived(ipv4_address, ipv6_address):
        return ipv4_address or ipv6_address
    words: dict[str, Any] = {"ipv4_address": ipv4_address} if ipv4_address else {}
    if ipv6_address:
        words["ipv6_address"] = ipv6_address
    if mac != _derived(ipv4_address, ipv6_address):
        words["mac_address"] = mac
    if aliases:
        words["aliases"] = list(aliases)
    return words


def _of_network(report: Report, path: str, raw: object) -> list[Peer]:
    peers = []
    for host, value in sorted(read_items(report, path, raw)):
        here = f"{path}.{shown(host)}"
        found = read_keys(report, here, value, HOST)
        vtep, sandboxes = found.get("underlay_address", ""), sorted(read_items(report, f"{here}.sandboxes", found.get("sandboxes")))
        if vtep and not sandboxes:
            peers.append(Peer(host, "", vtep, "", "", ""))
        for sandbox, words in sandboxes:
            # Nearly all are plain addresses, and there can be tens of thousands.
            if isinstance(words, str) and (mac := _mac_of(words)):
                peers.append(Peer(host, sandbox, vtep, words, "", mac))
                continue
            peer = _peer(report, f"{here}.sandboxes.{shown(sandbox)}", host, vtep, sandbox, words)
            if peer is not None:
                peers.append(peer)
    return peers


def _peer(report: Report, path: str, host: str, vtep: str, sandbox: str, words: object) -> Peer | None:
    if isinstance(words, str):
        try:
            found = {"ipv6_address" if ":" in words else "ipv4_address": read_any_address(words)}
        except Unreadable as error:
            report.add(path, words, str(error))
            return None
    else:
        found = read_keys(report, path, words, ENDPOINT)
    ipv4_address, ipv6_address = found.get("ipv4_address", ""), found.get("ipv6_address", "")
    mac = found.get("mac_address") or _derived(ipv4_address, ipv6_address)
    if not mac:
        report.add(path, words, "an endpoint has an ipv4_address or an ipv6_address: give one")
        return None
    aliases = read_list(report, f"{path}.aliases", found.get("aliases"), read_name)
    return Peer(host, sandbox, vtep, ipv4_address, ipv6_address, mac, tuple(aliases))


def _derived(ipv4_address: str, ipv6_address: str) -> str:
    if ipv4_address:
        return _mac_of(ipv4_address)
    return derived_mac(ip_address(ipv6_address)) if ipv6_address else ""


def _mac_of(address: str) -> str:
    """``derived_mac`` of an IPv4 address in text; empty for any other text."""
    try:
        first, second, third, fourth = address.split(".")
        return f"02:42:{_BYTES[first]}:{_BYTES[second]}:{_BYTES[third]}:{_BYTES[fourth]}"
    except (KeyError, ValueError):
        return ""
