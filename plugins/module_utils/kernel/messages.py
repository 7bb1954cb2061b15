# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations on links, addresses and routes as netlink messages. All functions resolve interface names in the namespace that the caller is in."""

from __future__ import annotations

import ipaddress
import os
import socket

from ..state.fault import Fault
from ..state.objects import Address, Link, Options, Route
from ..state.op import Op
from ..state.tag import DOOMED_GROUP, LINK_GROUP, ROUTE_PROTOCOL
from .encode import Attribute, body

Message = tuple[int, int, bytes]

_RTM_NEWLINK, _RTM_DELLINK, _RTM_SETLINK, _RTM_NEWADDR, _RTM_DELADDR = 16, 17, 19, 20, 21
_RTM_NEWROUTE, _RTM_DELROUTE, _RTM_NEWLINKPROP, _RTM_DELLINKPROP = 24, 25, 108, 109
_REPLACE, _EXCL, _CREATE, _APPEND = 0x100, 0x200, 0x400, 0x800
_IFF_UP = 1
_LO = 1  # its index in every namespace
_LEAST_IPV6_MTU = 1280  # RFC 8200; the kernel switches IPv6 off below
_ADDR_GEN_MODES = {True: 0, False: 1}
_PORT_ATTRIBUTES = {"isolated": "IFLA_BRPORT_ISOLATED", "hairpin": "IFLA_BRPORT_MODE"}


def create_link(link: Link, peer: Link | None, peer_netns: int) -> list[Message]:
    """A new link, and for a veth its other end, born in the namespace behind the descriptor ``peer_netns``, with name, MAC, MTU and master."""
    info: list[Attribute] = [("IFLA_INFO_KIND", link.kind)]
    if peer is not None:
        other = _birth_attributes(peer) + ([("IFLA_NET_NS_FD", peer_netns)] if peer.netns else [])
        info.append(("IFLA_INFO_DATA", (("VETH_INFO_PEER", tuple(other)),)))
    attrs = [*_birth_attributes(link), ("IFLA_LINKINFO", tuple(info))]
    flags = _IFF_UP if link.up else 0
    born = _message("ifinfmsg", {"flags": flags, "change": flags}, attrs, _RTM_NEWLINK, _CREATE | _EXCL)
    return [born, *complete_link(link)]


def complete_link(link: Link) -> list[Message]:
    """What the kernel takes only for a link that exists: alias, readable name, how it makes IPv6 addresses, its flags as a bridge port."""
    attrs: list[Attribute] = [("IFLA_IFNAME", link.name)]
    if link.tag is not None:
        attrs.append(("IFLA_IFALIAS", link.tag))
    if link.kind == "bridge" and link.mtu is not None:
        # One that a bridge was born with follows the smallest of its ports, and is 1500 again when the last one goes.
        attrs.append(("IFLA_MTU", link.mtu))
    if link.ipv6_link_local is not None and _has_ipv6(link):
        attrs.append(_addr_gen_mode(link.ipv6_link_local))
    if link.port:
        attrs.append(_port(link.port))
    messages = [_message("ifinfmsg", {}, attrs, _RTM_NEWLINK, 0)] if len(attrs) > 1 else []
    if link.altname:
        messages.append(_altname(link.name, link.altname, _RTM_NEWLINKPROP))
    return messages


def change_link(before: Link, after: Link) -> list[Message]:
    """From ``before`` to ``after``. First what the rest needs: a link with a small MTU has no IPv6, one without a master no port flags."""
    attrs: list[Attribute] = [("IFLA_IFNAME", after.name)]
    header: dict[str, int] = {}
    if after.tag != before.tag:
        # The group goes with the alias: it is how a link whose run was killed is known.
        attrs += [("IFLA_IFALIAS", after.tag), ("IFLA_GROUP", LINK_GROUP)]
    if after.mac != before.mac:
        attrs.append(("IFLA_ADDRESS", after.mac))
    if after.mtu != before.mtu:
        attrs.append(("IFLA_MTU", after.mtu))
    if after.master != before.master:
        attrs.append(("IFLA_MASTER", _index(after.master or "")))
    if after.up != before.up:
        header = {"flags": _IFF_UP if after.up else 0, "change": _IFF_UP}
    messages = [_message("ifinfmsg", header, attrs, _RTM_NEWLINK, 0)] if len(attrs) > 1 or header else []
    # IPv6 begins anew, with its defaults, on a link whose MTU becomes large enough.
    link_local = after.ipv6_link_local if (after.ipv6_link_local, after.mtu) != (before.ipv6_link_local, before.mtu) else None
    port = tuple(flag for flag in after.port if flag not in before.port)
    messages += complete_link(Link(after.netns, after.name, "", mtu=after.mtu, port=port, ipv6_link_local=link_local))
    if after.altname != before.altname:
        if before.altname:
            messages.append(_altname(after.name, before.altname, _RTM_DELLINKPROP))
        if after.altname:
            messages.append(_altname(after.name, after.altname, _RTM_NEWLINKPROP))
    return messages


def rename_link(before: str, after: str) -> list[Message]:
    """Another name for a link, as it is (kernels from 6.2 on)."""
    return [_message("ifinfmsg", {"index": _index(before)}, [("IFLA_IFNAME", after)], _RTM_SETLINK, 0)]


def set_up(name: str, up: bool) -> list[Message]:
    """Bring a link up or down."""
    return [_message("ifinfmsg", {"index": _index(name), "flags": _IFF_UP if up else 0, "change": _IFF_UP}, [], _RTM_SETLINK, 0)]


def complete_lo(tag: str | None) -> list[Message]:
    """Give a namespace's own lo its alias, and bring it up."""
    alias: list[Attribute] = [("IFLA_IFALIAS", tag)] if tag is not None else []
    return [_message("ifinfmsg", {"index": _LO, "flags": _IFF_UP, "change": _IFF_UP}, alias, _RTM_NEWLINK, 0)]


def remove_links(names: list[str]) -> list[Message]:
    """Remove many links at once: one by one, each would wait some 16 ms for the kernel."""
    doomed = [_message("ifinfmsg", {"index": _index(name)}, [("IFLA_GROUP", DOOMED_GROUP)], _RTM_SETLINK, 0) for name in names]
    return [*doomed, _message("ifinfmsg", {}, [("IFLA_GROUP", DOOMED_GROUP)], _RTM_DELLINK, 0)]


def address(one: Address, remove: bool = False) -> list[Message]:
    """An address on its link, or no longer."""
    interface = ipaddress.ip_interface(one.address)
    family = socket.AF_INET if interface.version == 4 else socket.AF_INET6
    attrs: list[Attribute] = [("IFA_LOCAL", str(interface.ip)), ("IFA_ADDRESS", str(interface.ip))]
    if interface.version == 4 and interface.network.prefixlen < 31 and not remove:
        attrs.append(("IFA_BROADCAST", str(interface.network.broadcast_address)))
    header = {"family": family, "prefixlen": interface.network.prefixlen, "index": _index(one.link)}
    return [_message("ifaddrmsg", header, attrs, _RTM_DELADDR if remove else _RTM_NEWADDR, 0 if remove else _CREATE | _REPLACE)]


def route(one: Route, remove: bool = False) -> list[Message]:
    """A route with our protocol number, in the place of whatever stands there, or no longer."""
    attrs: list[Attribute] = []
    length = 0
    if one.destination != "default":
        network = ipaddress.IPv4Network(one.destination)
        attrs, length = [("RTA_DST", str(network.network_address))], network.prefixlen
    if one.gateway:
        attrs.append(("RTA_GATEWAY", one.gateway))
    if one.link:
        attrs.append(("RTA_OIF", _index(one.link)))
    header = {
        "family": socket.AF_INET,
        "dst_len": length,
        "table": 254,
        "proto": 0 if remove else ROUTE_PROTOCOL,
        "type": 1,
        "scope": 0 if one.gateway else 253,
    }
    return [_message("rtmsg", header, attrs, _RTM_DELROUTE if remove else _RTM_NEWROUTE, 0 if remove else _CREATE | _REPLACE)]


def inside_message(op: Op) -> list[Message]:
    """The messages of a change to a link, or of a step with an address or a route."""
    one = op.subject
    if isinstance(one, Link) and isinstance(op.before, Link):
        return change_link(op.before, one)
    if isinstance(one, Address):
        return address(one, op.action == "remove")
    if isinstance(one, Route):
        return route(one, op.action == "remove")
    raise ValueError(f"no message for {op}")


def _birth_attributes(link: Link) -> list[Attribute]:
    attrs: list[Attribute] = [("IFLA_IFNAME", link.name), ("IFLA_GROUP", LINK_GROUP)]
    if link.mac is not None:
        attrs.append(("IFLA_ADDRESS", link.mac))
    if link.mtu is not None and link.kind != "bridge":
        attrs.append(("IFLA_MTU", link.mtu))
    if link.master:
        attrs.append(("IFLA_MASTER", _index(link.master)))
    return attrs


def _has_ipv6(link: Link) -> bool:
    """Whether there is IPv6 on ``link``: in this kernel, and with its MTU."""
    return os.path.isdir("/proc/sys/net/ipv6") and (link.mtu is None or link.mtu >= _LEAST_IPV6_MTU)


def _addr_gen_mode(link_local: bool) -> Attribute:
    return ("IFLA_AF_SPEC", (("AF_INET6", (("IFLA_INET6_ADDR_GEN_MODE", _ADDR_GEN_MODES[link_local]),)),))


def _port(flags: Options) -> Attribute:
    data = tuple((_PORT_ATTRIBUTES[name], int(value)) for name, value in sorted(flags))
    return ("IFLA_LINKINFO", (("IFLA_INFO_SLAVE_KIND", "bridge"), ("IFLA_INFO_SLAVE_DATA", data)))


def _altname(link: str, name: str, kind: int) -> Message:
    attrs: list[Attribute] = [("IFLA_IFNAME", link), ("IFLA_PROP_LIST", (("IFLA_ALT_IFNAME", name),))]
    return _message("ifinfmsg", {}, attrs, kind, (_CREATE | _EXCL | _APPEND) if kind == _RTM_NEWLINKPROP else 0)


def _index(name: str) -> int:
    """The interface index of ``name``; 0 for no interface."""
    if not name:
        return 0
    try:
        return socket.if_nametoindex(name)
    except OSError as error:
        raise Fault(f"interface {name}", "find", "there is none of this name (it vanished in the middle of the run)", "Run again.") from error


def _message(kind: str, header: dict[str, int], attrs: list[Attribute], netlink_kind: int, flags: int) -> Message:
    """(kind, flags, body) as the socket sends it; the class of pyroute2 with the name ``kind`` encodes the body."""
    return netlink_kind, flags, body(kind, tuple(header.items()), tuple(attrs))
