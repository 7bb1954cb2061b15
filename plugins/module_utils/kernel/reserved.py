# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in use on this host by others than a fleet: routes, resolvers, ports, and which way the underlay goes."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import socket
import struct

from ..state.tag import LINK_GROUP, NAME_PREFIX, ROUTE_PROTOCOL, read_tag
from .dumps import SeenLink, read_links
from .netlink import RouteSocket
from .tables import read_addresses, read_routes

_IPV4_MAPPED = bytes(10) + b"\xff\xff"
_LISTENING = {"tcp": "0A", "tcp6": "0A", "udp": "07", "udp6": "07"}
_RT_TABLE_MAIN = 254
_NO_PREFIXES = ("default", "::/0", "fe80::/64")
_RESOLV_CONF = "/etc/resolv.conf"


def read_reserved(fleet: str) -> dict[str, object]:
    """``reserved`` of topology_info, but for its ports. What ``fleet`` itself put on the host is left out."""
    with RouteSocket() as netlink:
        links = {link.index: link for link in read_links(netlink)}
        addresses = [one for one in read_addresses(netlink) if one.index in links]  # a link may come in between
        routes = [route for route in read_routes(netlink) if route.type == "unicast" and route.table == _RT_TABLE_MAIN]
    ours = {index for index, link in links.items() if _belongs_to(link, fleet)} | _made_again(links, fleet)
    foreign = [route for route in routes if route.index not in ours and route.protocol != ROUTE_PROTOCOL]
    default = min((route for route in foreign if route.destination == "default"), key=lambda route: route.metric, default=None)
    underlay = default.index if default is not None else next((one.index for one in addresses if _leads_out(links[one.index], one.address, ours)), 0)
    address = next((one.address.split("/")[0] for one in addresses if one.index == underlay and ":" not in one.address), None)
    return {
        # What is reached over a gateway takes nothing away, as in Docker since 23: a VPN may well have a route to half of all addresses.
        "prefixes": sorted({route.destination for route in foreign if route.gateway is None and route.destination not in _NO_PREFIXES}),
        "resolvers": _resolvers(),
        "addresses": sorted(one.address.split("/")[0] for one in addresses if one.index not in ours),
        "underlay_address": address,
        "underlay_mtu": links[underlay].mtu if underlay in links else None,
        "links": [_link(link, links) for index, link in links.items() if index not in ours],
        "port_range": _numbers("ip_local_port_range"),
        "reserved_ports": _ranges("ip_local_reserved_ports"),
    }


def has_address(address: str) -> bool:
    """Whether this host takes packets for an address: a process may listen there. So it does where a whole prefix is its own, or where it is told that
    an address will come (ip_nonlocal_bind).
    """
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.bind((address, 0))
        except OSError as error:
            return error.errno != errno.EADDRNOTAVAIL
    return True


def _link(link: SeenLink, links: dict[int, SeenLink]) -> dict[str, object]:
    """One of ``links``. parent: what it rests on, where that is in this namespace too; what of it decides who else can rest there stands beside it."""
    parent = links.get(link.below) if link.kind != "veth" and link.netnsid < 0 else None
    master = links.get(link.master)
    shown: dict[str, object] = {"name": link.name, "kind": link.kind, "mtu": link.mtu, "up": link.up}
    on_parent = {key: value for key, value in link.options if key in ("mode", "flag")} if link.kind in ("macvlan", "ipvlan") else {}
    return {**shown, "parent": parent.name if parent else "", "master": master.name if master else "", **on_parent}


def _belongs_to(link: SeenLink, fleet: str) -> bool:
    """Our group without an alias: a run was killed, or somebody took the alias away."""
    owner = read_tag(link.alias)
    return owner.fleet == fleet if owner is not None else link.group == LINK_GROUP and not link.alias


def _made_again(links: dict[int, SeenLink], fleet: str) -> set[int]:
    """The bridges of ours that Docker made before us after a boot, for networks that it knows from us: they have our name and not our mark yet."""
    unmarked = {link.name: index for index, link in links.items() if link.kind == "bridge" and link.name.startswith(NAME_PREFIX) and not link.alias}
    if not unmarked:
        return set()
    from .engine import bridges_of

    return {unmarked[name] for name in bridges_of(fleet) if name in unmarked}


def _leads_out(link: SeenLink, address: str, ours: set[int]) -> bool:
    return link.name != "lo" and link.up and link.index not in ours and ":" not in address


def _resolvers() -> list[str]:
    """The name servers that are not on the host itself."""
    with contextlib.suppress(OSError), open(_RESOLV_CONF, encoding="utf-8", errors="replace") as file:
        words = [line.split() for line in file]
        named = [line[1] for line in words if len(line) > 1 and line[0] == "nameserver"]
        return [server for server in named if "%" not in server and not server.startswith("127.") and server != "::1"]
    return []


def read_ports() -> list[dict[str, object]]:
    """Every TCP and UDP port that a process listens on, with the process's name where it can be seen."""
    found: dict[int, tuple[str, str, int]] = {}
    for table, state in _LISTENING.items():
        with contextlib.suppress(FileNotFoundError), open(f"/proc/self/net/{table}", encoding="ascii") as file:
            for line in list(file)[1:]:
                words = line.split()
                host_ip, port = _address(words[1])
                if words[3] == state:
                    found[int(words[9])] = (table[:3], host_ip, port)
    processes = _processes(set(found))
    listed = {(protocol, host_ip, port, processes.get(inode, "")) for inode, (protocol, host_ip, port) in found.items()}
    return [{"protocol": protocol, "host_ip": host_ip, "port": port, "process": process} for protocol, host_ip, port, process in sorted(listed)]


def _address(text: str) -> tuple[str, int]:
    """An address and port of /proc/net: numbers of 32 bits in the byte order of the machine."""
    address, _colon, port = text.partition(":")
    packed = b"".join(struct.pack("=I", int(address[at : at + 8], 16)) for at in range(0, len(address), 8))
    if packed[:12] == _IPV4_MAPPED:
        packed = packed[12:]
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed), int(port, 16)


def _setting(name: str) -> str:
    """A value below /proc/sys/net/ipv4 of the namespace that this process is in."""
    with contextlib.suppress(OSError), open(f"/proc/sys/net/ipv4/{name}", encoding="ascii") as file:
        return file.read().strip()
    return ""


def _ranges(name: str) -> list[list[int]]:
    """``8080,9148-9150`` as first and last of each range."""
    parts = [part.split("-") for part in _setting(name).split(",") if part]
    return [[int(part[0]), int(part[-1])] for part in parts]


def _numbers(name: str) -> list[int]:
    return [int(word) for word in _setting(name).split()]


def _processes(inodes: set[int]) -> dict[int, str]:
    """The process that holds each socket, by the socket's inode. Looks no further when all are known."""
    found: dict[int, str] = {}
    for folder in glob.iglob("/proc/[0-9]*/fd"):
        if len(found) == len(inodes):
            break
        with contextlib.suppress(OSError):
            for handle in os.listdir(folder):
                with contextlib.suppress(OSError):
                    target = os.readlink(f"{folder}/{handle}")
                    if target.startswith("socket:[") and int(target[8:-1]) in inodes:
                        with open(f"{folder}/../comm", encoding="utf-8", errors="replace") as file:
                            found[int(target[8:-1])] = file.read().strip()
    return found
