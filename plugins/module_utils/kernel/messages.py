# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations on links as netlink messages. All functions resolve interface names in the namespace that the caller is in."""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import replace

from ..state.objects import Link, Options
from ..state.tag import DOOMED_GROUPS, LINK_GROUP
from .encode import Attribute, Message, body, index_of, message
from .netlink import NLA_F_NESTED, attribute
from .options import KINDS, PORT, VXLAN_LINK, write_options

_RTM_NEWLINK, _RTM_DELLINK, _RTM_SETLINK, _RTM_NEWLINKPROP, _RTM_DELLINKPROP = 16, 17, 19, 108, 109
_EXCL, _CREATE, _APPEND = 0x200, 0x400, 0x800
_LO = 1  # its index in every namespace
_LEAST_IPV6_MTU = 1280  # RFC 8200; the kernel switches IPv6 off below
_IFF_UP, _IFF_PROMISC = 1, 0x100
_IFLA_LINKINFO, _INFO_KIND, _INFO_DATA, _INFO_SLAVE_KIND, _INFO_SLAVE_DATA, _VETH_INFO_PEER = 18, 1, 2, 4, 5, 1
_IFLA_AF_SPEC, _INET6_ADDR_GEN_MODE, _IFLA_PROP_LIST, _IFLA_ALT_IFNAME = 26, 8, 52, 53


def create_link(link: Link, peer: Link | None, at: dict[str, int]) -> list[Message]:
    """A new link, and for a veth its other end, born in the namespaces behind the descriptors ``at``, with name, MAC, MTU and master.

    To be sent in the namespace of what the link rests on. The kernel gives a master only to what is born in that one; ``complete_link`` does the rest.
    """
    attrs = _birth_attributes(link)
    if link.netns in at:
        attrs.append(("IFLA_NET_NS_FD", at[link.netns]))
    elif link.master:
        attrs.append(("IFLA_MASTER", index_of(link.master)))
    if link.parent is not None and link.parent[1] and link.kind != "vxlan":
        attrs.append(("IFLA_LINK", index_of(link.parent[1])))
    more = _underlay(link)
    if peer is not None:
        other = [*_birth_attributes(peer), *([("IFLA_NET_NS_FD", at[peer.netns])] if peer.netns in at else [])]
        more = attribute(_VETH_INFO_PEER, body("ifinfmsg", {}, other))
    # Only a veth is born up: its carrier waits for the other end. Another one would have an IPv6 address before anybody can say that it should not.
    flags, change = _flags(link if link.kind == "veth" else replace(link, up=None))
    nested = _own_kind(link.kind, _not_by_itself(link), more)
    return [message("ifinfmsg", {"flags": flags, "change": change}, attrs, _RTM_NEWLINK, _CREATE | _EXCL, nested)]


def complete_link(link: Link, has_master: bool = True) -> list[Message]:
    """What the kernel takes only for a link that exists: alias, readable name, how it makes IPv6 addresses, its flags as a bridge port."""
    attrs: list[Attribute] = [("IFLA_IFNAME", link.name)]
    if link.tag:
        attrs.append(("IFLA_IFALIAS", link.tag))
    messages = [] if has_master or not link.master else set_master(link.name, link.master)
    if link.kind == "bridge" and link.mtu is not None:
        # One that a bridge was born with follows the smallest of its ports, and is 1500 again when the last one goes. The kernel only counts as
        # set what it was not before. (The other number is the one beside it, never across what IPv6 needs.)
        messages.append(message("ifinfmsg", {}, [*attrs[:1], ("IFLA_MTU", link.mtu ^ 1)], _RTM_NEWLINK, 0))
        attrs.append(("IFLA_MTU", link.mtu))
    nested = _addr_gen_mode(link.ipv6_link_local) if link.ipv6_link_local is not None and _has_ipv6(link) else b""
    nested += _port(link.port)
    if len(attrs) > 1 or nested:
        messages.append(message("ifinfmsg", {}, attrs, _RTM_NEWLINK, 0, nested))
    if link.altname:
        messages.append(_altname(link.name, link.altname, _RTM_NEWLINKPROP))
    return messages


def finish_birth(link: Link, has_master: bool = True) -> list[Message]:
    """What is left to do with a link that ``create_link`` has made, or with its other end."""
    return [*complete_link(link, has_master), *(set_up(link.name, True) if link.up and link.kind != "veth" else [])]


def change_link(before: Link, after: Link) -> list[Message]:
    """From ``before`` to ``after``. First what the rest needs: a link with a small MTU has no IPv6, one without a master no port flags."""
    attrs: list[Attribute] = [("IFLA_IFNAME", after.name)]
    if after.tag != before.tag:
        # The group goes with the alias: it is how a link whose run was killed is known.
        attrs += [("IFLA_IFALIAS", after.tag or ""), ("IFLA_GROUP", LINK_GROUP if after.tag is not None else 0)]
    if after.mac != before.mac:
        attrs.append(("IFLA_ADDRESS", after.mac or ""))
    if after.mtu != before.mtu:
        attrs.append(("IFLA_MTU", after.mtu or 0))
    if after.txqlen != before.txqlen:
        attrs.append(("IFLA_TXQLEN", after.txqlen or 0))
    if after.master != before.master:
        attrs.append(("IFLA_MASTER", index_of(after.master or "")))
    is_up, is_promisc = after.up != before.up, after.promisc != before.promisc
    flags, change = _flags(Link("", "", "", up=after.up if is_up else None, promisc=after.promisc if is_promisc else None), both=True)
    options = tuple(option for option in after.options if option not in before.options)
    messages = [message("ifinfmsg", {"flags": flags, "change": change} if change else {}, attrs, _RTM_NEWLINK, 0)] if len(attrs) > 1 or change else []
    if options:
        # By itself: a vxlan takes no options together with an MTU.
        messages.append(message("ifinfmsg", {}, attrs[:1], _RTM_NEWLINK, 0, _own_kind(after.kind, options)))
    # IPv6 begins anew, with its defaults, on a link whose MTU becomes large enough.
    link_local = after.ipv6_link_local if (after.ipv6_link_local, after.mtu) != (before.ipv6_link_local, before.mtu) else None
    port = tuple(flag for flag in after.port if flag not in before.port)
    messages += complete_link(Link(after.netns, after.name, "", mtu=after.mtu, port=port, ipv6_link_local=link_local))
    if after.altname != before.altname:
        names = ((before.altname, _RTM_DELLINKPROP), (after.altname, _RTM_NEWLINKPROP))
        messages += [_altname(after.name, name, kind) for name, kind in names if name]
    return messages


def set_master(name: str, master: str) -> list[Message]:
    """Make a link a port of a bridge."""
    return [message("ifinfmsg", {"index": index_of(name)}, [("IFLA_MASTER", index_of(master))], _RTM_SETLINK, 0)]


def rename_link(before: str, after: str) -> list[Message]:
    """Another name for a link, as it is (kernels from 6.2 on)."""
    return [message("ifinfmsg", {"index": index_of(before)}, [("IFLA_IFNAME", after)], _RTM_SETLINK, 0)]


def set_up(name: str, up: bool) -> list[Message]:
    """Bring a link up or down."""
    return [message("ifinfmsg", {"index": index_of(name), "flags": _IFF_UP if up else 0, "change": _IFF_UP}, [], _RTM_SETLINK, 0)]


def complete_lo(tag: str | None) -> list[Message]:
    """Give a namespace's own lo its alias, and bring it up."""
    alias: list[Attribute] = [("IFLA_IFALIAS", tag)] if tag is not None else []
    return [message("ifinfmsg", {"index": _LO, "flags": _IFF_UP, "change": _IFF_UP}, alias, _RTM_NEWLINK, 0)]


def remove_link(name: str) -> list[Message]:
    """Remove a link, which waits some 16 ms. One that went by itself, with its other end, is passed over."""
    return [message("ifinfmsg", {"index": index}, [], _RTM_DELLINK, 0) for standing, index in _standing().items() if standing == name]


def remove_links(names: list[str]) -> list[Message]:
    """Remove many links of ours at once: one by one, each would wait. One that went by itself, with a namespace that ended, is passed over.

    They change into a group of this call alone: what a killed run has left in its own may be wanted again.
    """
    group, standing = DOOMED_GROUPS + int.from_bytes(os.urandom(3), "big"), _standing()
    doomed = [message("ifinfmsg", {"index": standing[name]}, [("IFLA_GROUP", group)], _RTM_SETLINK, 0) for name in names if name in standing]
    return [*doomed, message("ifinfmsg", {}, [("IFLA_GROUP", group)], _RTM_DELLINK, 0)] if doomed else []


def _standing() -> dict[str, int]:
    """The links here, each with its index."""
    return {name: index for index, name in socket.if_nameindex()}


def _birth_attributes(link: Link) -> list[Attribute]:
    attrs: list[Attribute] = [("IFLA_IFNAME", link.name)]
    if link.tag is not None:
        attrs.append(("IFLA_GROUP", LINK_GROUP))
    if link.mac is not None:
        attrs.append(("IFLA_ADDRESS", link.mac))
    if link.mtu is not None and link.kind != "bridge":
        attrs.append(("IFLA_MTU", link.mtu))
    if link.txqlen is not None:
        attrs.append(("IFLA_TXQLEN", link.txqlen))
    return attrs


def _flags(link: Link, both: bool = False) -> tuple[int, int]:
    """Flags of a link that it sets, and which are meant. both: also those that it takes away."""
    given = [(_IFF_UP, link.up), (_IFF_PROMISC, link.promisc)]
    return sum(flag for flag, value in given if value), sum(flag for flag, value in given if value or (both and value is False))


def _not_by_itself(link: Link) -> Options:
    return tuple((name, value) for name, value in link.options if KINDS[link.kind][name].first != value)


def _own_kind(kind: str, options: Options, more: bytes = b"") -> bytes:
    """The part of a message that tells a link's kind and options."""
    data = (write_options(KINDS[kind], options) if options else b"") + more
    return attribute(_IFLA_LINKINFO, attribute(_INFO_KIND, kind.encode()) + (attribute(_INFO_DATA, data) if data else b""))


def _underlay(link: Link) -> bytes:
    if link.kind != "vxlan" or link.parent is None or not link.parent[1]:
        return b""
    return attribute(VXLAN_LINK, index_of(link.parent[1]).to_bytes(4, sys.byteorder))


def _has_ipv6(link: Link) -> bool:
    """Whether there is IPv6 on ``link``: in this kernel, and with its MTU."""
    return os.path.isdir("/proc/sys/net/ipv6") and (link.mtu is None or link.mtu >= _LEAST_IPV6_MTU)


def _addr_gen_mode(link_local: bool) -> bytes:
    """The part of a message that tells whether a link has an IPv6 address of the kernel's making."""
    return attribute(_IFLA_AF_SPEC, attribute(socket.AF_INET6, attribute(_INET6_ADDR_GEN_MODE, bytes([not link_local]))))


def _port(flags: Options) -> bytes:
    """The part of a message that tells a bridge port's flags."""
    if not flags:
        return b""
    return attribute(_IFLA_LINKINFO, attribute(_INFO_SLAVE_KIND, b"bridge") + attribute(_INFO_SLAVE_DATA, write_options(PORT, flags)))


def _altname(link: str, name: str, kind: int) -> Message:
    nested = attribute(_IFLA_PROP_LIST | NLA_F_NESTED, attribute(_IFLA_ALT_IFNAME, name.encode() + b"\0"))
    return message("ifinfmsg", {}, [("IFLA_IFNAME", link)], kind, (_CREATE | _EXCL | _APPEND) if kind == _RTM_NEWLINKPROP else 0, nested)
