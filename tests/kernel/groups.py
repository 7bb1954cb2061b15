# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who receives what is sent to a multicast group: sockets of this process, in the namespaces of sandboxes."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import time
from collections.abc import Iterable, Mapping

from ansible_collections.mooring.cnm.plugins.module_utils.kernel.namespaces import inside

_PORT, _LINK = 5353, "eth0"
# How long the first is waited for, and how long the others are, after all that should have come.
_PATIENCE_S, _SILENCE_S = 3.0, 0.2


def receivers(group: str, source: str, members: Mapping[str, str], expected: Iterable[str]) -> set[str]:
    """Which members receive a datagram to a group. source: the namespace that sends it. members: namespaces by name. expected: who is worth waiting for."""
    with contextlib.ExitStack() as stack:
        joined = {stack.enter_context(_member(group, netns)): name for name, netns in members.items()}
        with inside(source), socket.socket(_family(group), socket.SOCK_DGRAM) as sender:
            index = socket.if_nametoindex(_LINK)
            if ":" in group:
                sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            else:
                sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("4s4si", b"", b"", index))
            sender.sendto(b"to all", (group, _PORT))
        found: set[str] = set()
        deadline, silent_until = time.monotonic() + _PATIENCE_S, time.monotonic() + _SILENCE_S
        while time.monotonic() < (deadline if set(expected) - found else silent_until):
            ready, _writable, _errors = select.select(list(joined), [], [], 0.05)
            found |= {joined[one] for one in ready if one.recv(99) == b"to all"}
        return found


def _member(group: str, netns: str) -> socket.socket:
    with inside(netns):
        one = socket.socket(_family(group), socket.SOCK_DGRAM)
        index = socket.if_nametoindex(_LINK)
    one.bind((group, _PORT))
    if ":" in group:
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, socket.inet_pton(socket.AF_INET6, group) + struct.pack("i", index))
    else:
        one.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack("4s4si", socket.inet_aton(group), b"", index))
    return one


def _family(group: str) -> int:
    return socket.AF_INET6 if ":" in group else socket.AF_INET
