# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Token buckets and redirections, read from dumps and written as messages, for the namespace that the caller is in.

The numbers are those of linux/rtnetlink.h, pkt_sched.h, pkt_cls.h and tc_act/tc_mirred.h. Nothing here needs pyroute2.
"""

from __future__ import annotations

import socket
import struct

from ..state.op import Op
from ..state.queue import Queue, Redirect, burst_of, ticks_of
from .encode import Message, index_of
from .netlink import RouteSocket, attribute, attributes
from .seen_queue import SeenQueue, SeenRedirect

# What is ours has this number: the handle of a queue, the priority of a filter ("cn" in ASCII).
OUR_NUMBER = 0x636E
_HEADER = struct.Struct("=BxxxiIII")
_RTM_NEWQDISC, _RTM_DELQDISC, _RTM_GETQDISC, _RTM_NEWTFILTER, _RTM_GETTFILTER = 36, 37, 38, 44, 46
_REPLACE, _EXCL, _CREATE = 0x100, 0x200, 0x400
_ROOT, _INGRESS, _INGRESS_HANDLE = 0xFFFFFFFF, 0xFFFFFFF1, 0xFFFF0000
_TCA_KIND, _TCA_OPTIONS = 1, 2
_TBF_PARMS, _TBF_RATE64 = 1, 4
# Rate and peak rate (cell_log, linklayer, overhead, cell_align, mpu, rate), limit, buffer, mtu.
_TBF = struct.Struct("=" + 2 * "BBHhHI" + "III")
_ETHERNET, _MOST_U32 = 1, 0xFFFFFFFF
_U32_SEL, _U32_ACT = 5, 7
_EVERYTHING = struct.pack("=BBBxHhhhI", 1, 0, 1, 0, 0, 0, 0, 0) + bytes(16)  # u32: terminal, one key, and that always fits
_ACT_KIND, _ACT_OPTIONS, _MIRRED_PARMS = 1, 2, 2
_MIRRED = struct.Struct("=IIiiiiI")
_STOLEN, _REDIRECT_OUT = 4, 1
_EVERY_PROTOCOL = socket.htons(3)


def read_queues(netlink: RouteSocket) -> tuple[list[SeenQueue], list[SeenRedirect]]:
    """The queues that somebody has given to links, and what is done with what arrives."""
    queues: list[SeenQueue] = []
    arrivals: list[int] = []
    for body in netlink.dump(_RTM_GETQDISC, _HEADER.pack(socket.AF_UNSPEC, 0, 0, 0, 0)):
        _family, index, handle, parent, _info = _HEADER.unpack_from(body)
        held = attributes(body, _HEADER.size)
        if parent == _INGRESS:
            arrivals.append(index)
        elif parent == _ROOT and handle:  # what the kernel gives by itself has no handle
            own = attributes(held.get(_TCA_OPTIONS, b""), 0) if held[_TCA_KIND] == b"tbf\0" else {}
            queues.append(SeenQueue(index, handle >> 16 == OUR_NUMBER, *_bucket(own)))
    return queues, [_redirect(netlink, index) for index in arrivals]


def queue_messages(op: Op) -> list[Message]:
    """The messages of a step with a queue or a redirection."""
    one, remove = op.subject, op.action == "remove"
    if isinstance(one, Queue):
        return _queue(one, remove)
    return _redirection(one, op.before is not None, remove) if isinstance(one, Redirect) else []


def _queue(one: Queue, remove: bool) -> list[Message]:
    """A token bucket at the root of its link, in the place of what stands there, or no longer."""
    header = _HEADER.pack(socket.AF_UNSPEC, index_of(one.link), OUR_NUMBER << 16, _ROOT, 0)
    if remove:
        return [(_RTM_DELQDISC, 0, header)]
    ratespec = (0, _ETHERNET, 0, 0, 0, min(one.rate, _MOST_U32))
    bucket = attribute(_TBF_PARMS, _TBF.pack(*ratespec, *([0] * 6), one.limit, ticks_of(one.burst, one.rate), 0))
    if one.rate > _MOST_U32:
        bucket += attribute(_TBF_RATE64, struct.pack("=Q", one.rate))
    return [(_RTM_NEWQDISC, _CREATE | _REPLACE, header + attribute(_TCA_KIND, b"tbf\0") + attribute(_TCA_OPTIONS, bucket))]


def _redirection(one: Redirect, stands: bool, remove: bool) -> list[Message]:
    """A redirection of all that arrives, or no longer. stands: there is one, which goes first."""
    index = index_of(one.link)
    header = _HEADER.pack(socket.AF_UNSPEC, index, _INGRESS_HANDLE, _INGRESS, 0)
    messages: list[Message] = [(_RTM_DELQDISC, 0, header)] if stands or remove else []
    if remove:
        return messages
    mirred = attribute(_MIRRED_PARMS, _MIRRED.pack(0, 0, _STOLEN, 0, 0, _REDIRECT_OUT, index_of(one.to)))
    action = attribute(1, attribute(_ACT_KIND, b"mirred\0") + attribute(_ACT_OPTIONS, mirred))
    # cls_u32, since kernels without cls_matchall are about; so does the CNI plugin.
    body = attribute(_TCA_KIND, b"u32\0") + attribute(_TCA_OPTIONS, attribute(_U32_SEL, _EVERYTHING) + attribute(_U32_ACT, action))
    place = _HEADER.pack(socket.AF_UNSPEC, index, 0, _INGRESS_HANDLE, OUR_NUMBER << 16 | _EVERY_PROTOCOL)
    messages.append((_RTM_NEWQDISC, _CREATE | _EXCL, header + attribute(_TCA_KIND, b"ingress\0")))
    messages.append((_RTM_NEWTFILTER, _CREATE | _EXCL, place + body))
    return messages


def _bucket(own: dict[int, bytes]) -> tuple[int, int, int]:
    """Rate, burst and limit of a token bucket; zeros where there is none."""
    if _TBF_PARMS not in own:
        return 0, 0, 0
    parms = _TBF.unpack_from(own[_TBF_PARMS])
    rate = int(struct.unpack("=Q", own[_TBF_RATE64])[0]) if _TBF_RATE64 in own else int(parms[5])
    return rate, burst_of(parms[13], rate), int(parms[12])


def _redirect(netlink: RouteSocket, index: int) -> SeenRedirect:
    ours, to = True, 0
    for body in netlink.dump(_RTM_GETTFILTER, _HEADER.pack(socket.AF_UNSPEC, index, 0, _INGRESS_HANDLE, 0)):
        info = _HEADER.unpack_from(body)[4]
        if info >> 16 != OUR_NUMBER:
            ours = False
            continue
        own = attributes(attributes(body, _HEADER.size).get(_TCA_OPTIONS, b""), 0)
        for action in attributes(own.get(_U32_ACT, b""), 0).values():
            mirred = attributes(attributes(action, 0).get(_ACT_OPTIONS, b""), 0).get(_MIRRED_PARMS)
            to = _MIRRED.unpack_from(mirred)[6] if mirred else 0
    return SeenRedirect(index, ours, to)
