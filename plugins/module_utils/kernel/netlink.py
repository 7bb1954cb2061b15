# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A netlink socket of the namespace that it is opened in: whole dumps, and many messages per send."""

from __future__ import annotations

import errno
import os
import socket
import struct
import time

NETLINK_ROUTE, NETLINK_NETFILTER = 0, 12
HEADER = struct.Struct("=IHHII")
_ATTRIBUTE, _ERROR, _U32 = struct.Struct("=HH"), struct.Struct("=i"), struct.Struct("=I")

NLM_F_REQUEST, NLM_F_MULTI, NLM_F_ACK, NLM_F_DUMP_INTR, NLM_F_DUMP, NLM_F_ACK_TLVS = 0x1, 0x2, 0x4, 0x10, 0x300, 0x200
NLA_F_NESTED = 0x8000
_NLMSG_ERROR, _NLMSG_DONE, _NLMSGERR_ATTR_MSG = 2, 3, 1
_SOL_NETLINK, _NETLINK_CAP_ACK, _NETLINK_EXT_ACK = 270, 10, 11

# What the kernel says where there is nothing to remove any more: with an address its further ones go, with a link's last one its routes.
_GONE = {21: errno.EADDRNOTAVAIL, 25: errno.ESRCH, 29: errno.ENOENT}

_RECEIVE_BYTES = 32 * 1024
# So many messages per send that their errors fit into the socket's buffer. How long what is in use is asked for. How often a dump that was interrupted is.
_BATCH, PATIENCE_S, _TRIES = 64, 5.0, 16

Attributes = dict[int, bytes]
Places = list[tuple[int, slice]]
# What has been learned of messages of a length: how to read the heads of all their attributes, what these say, and where what is wanted is then.
_known: dict[tuple[int, int, frozenset[int] | None], list[tuple[struct.Struct, tuple[int, ...], Places]]] = {}


class Refused(OSError):
    """The kernel refused message number ``index`` of a batch. said: its own words, perhaps empty."""

    def __init__(self, number: int, index: int, said: str) -> None:
        super().__init__(number, os.strerror(number))
        self.index, self.said = index, said


class RouteSocket:
    """NETLINK_ROUTE, or another protocol of netlink, in the namespace of the thread that opens it. Use as a context manager."""

    def __init__(self, protocol: int = NETLINK_ROUTE) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        self._socket.setsockopt(_SOL_NETLINK, _NETLINK_CAP_ACK, 1)
        self._socket.setsockopt(_SOL_NETLINK, _NETLINK_EXT_ACK, 1)

    def __enter__(self) -> RouteSocket:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._socket.close()

    def dump(self, kind: int, body: bytes, tries: int = _TRIES) -> list[bytes]:
        """The body of every message of a dump. kind: RTM_GET…; body: the fixed header of that kind, perhaps with attributes. Raises Refused.

        Where something comes or goes meanwhile, the kernel may pass over what stands, and says so: it is asked again. On a host where that never ends, the
        last dump counts: who acts on what it lacks is refused by the kernel.
        """
        found, interrupted, status = [], 0, None
        self._socket.send(HEADER.pack(HEADER.size + len(body), kind, NLM_F_REQUEST | NLM_F_DUMP, 1, 0) + body)
        while status is None:
            for told, flags, _sequence, payload in _messages(self._socket.recv(_RECEIVE_BYTES)):
                interrupted |= flags & NLM_F_DUMP_INTR
                found.append(payload)
                if told in (_NLMSG_DONE, _NLMSG_ERROR):
                    status = -_ERROR.unpack_from(found.pop())[0]
        if status:
            raise Refused(status, 0, "")
        return self.dump(kind, body, tries - 1) if interrupted and tries > 1 else found

    def ask(self, kind: int, body: bytes) -> bytes:
        """The body of the one answer to a question that is no dump. Raises Refused."""
        self._socket.send(HEADER.pack(HEADER.size + len(body), kind, NLM_F_REQUEST, 1, 0) + body)
        told, _flags, _sequence, payload = _messages(self._socket.recv(_RECEIVE_BYTES))[0]
        if told == _NLMSG_ERROR:
            raise Refused(-_ERROR.unpack_from(payload)[0], 0, "")
        return payload

    def send(self, messages: list[tuple[int, int, bytes]]) -> None:
        """Send (kind, flags, body) for each message, in order. Raises Refused for the first that the kernel refused.

        What it refuses as in use is sent again for a while, with what it refused after that: it clears a namespace some time after that is gone,
        and until then holds the MAC addresses of the macvlans in it, the addresses of ipvlans and the sockets of tunnels.
        """
        patience = time.monotonic() + PATIENCE_S
        for start in range(0, len(messages), _BATCH):
            batch = dict(enumerate(messages[start : start + _BATCH], start))
            while refused := self._send(batch):
                if refused[0].errno != errno.EADDRINUSE or time.monotonic() > patience:
                    raise refused[0]
                time.sleep(0.01)
                batch = {one.index: batch[one.index] for one in refused}

    def _send(self, batch: dict[int, tuple[int, int, bytes]]) -> list[Refused]:
        """Send messages by their numbers; those that were refused."""
        packed, refused, last, sequence = [], [], max(batch), -1
        for at, (kind, flags, body) in batch.items():
            # Errors come unasked; only the last message asks for an answer, which ends the reading.
            asks = NLM_F_ACK if at == last else 0
            packed.append(HEADER.pack(HEADER.size + len(body), kind, NLM_F_REQUEST | flags | asks, at, 0) + body + b"\0" * (-len(body) % 4))
        self._socket.send(b"".join(packed))
        while sequence != last:
            for kind, flags, sequence, payload in _messages(self._socket.recv(_RECEIVE_BYTES)):
                number = -_ERROR.unpack_from(payload)[0] if kind == _NLMSG_ERROR else 0
                if number and number != _GONE.get(batch[sequence][0]):
                    refused.append(Refused(number, sequence, _own_words(flags, payload)))
        return refused


def attributes(body: bytes, offset: int, wanted: frozenset[int] | None = None) -> Attributes:
    """The attributes in ``body`` from ``offset``, by number (without the nested and byte-order flags): all, or those that are wanted."""
    return {number: body[place] for number, place in places(body, offset, wanted)}


def places(body: bytes, offset: int, wanted: frozenset[int] | None = None) -> Places:
    """Where these attributes are in ``body``, each with its number.

    Nearly all messages of a dump have theirs where one before them had them: that all heads are the same is seen at once.
    """
    known = _known.get((len(body), offset, wanted)) or _known.setdefault((len(body), offset, wanted), [])
    for heads, said, found in known:
        if heads.unpack_from(body) == said:
            return found
    form, end, found = "=", 0, []
    while offset + _ATTRIBUTE.size <= len(body):
        form, end = f"{form}{offset - end}xI", offset + _ATTRIBUTE.size
        length, kind = _ATTRIBUTE.unpack_from(body, offset)
        if length < _ATTRIBUTE.size:
            break
        if wanted is None or kind & 0x3FFF in wanted:
            found.append((kind & 0x3FFF, slice(end, offset + length)))
        offset += (length + 3) & ~3
    heads = struct.Struct(form)
    known.append((heads, heads.unpack_from(body), found))
    return found


def attribute(number: int, payload: bytes) -> bytes:
    """An attribute, padded."""
    return _ATTRIBUTE.pack(len(payload) + _ATTRIBUTE.size, number) + payload + b"\0" * (-len(payload) % 4)


def number_in(held: Attributes, kind: int, otherwise: int = 0) -> int:
    """A number of 32 bits among attributes."""
    return int(_U32.unpack(held[kind])[0]) if kind in held else otherwise


def _messages(data: bytes) -> list[tuple[int, int, int, bytes]]:
    """(kind, flags, sequence, payload) of each message in a datagram."""
    found, offset = [], 0
    while offset + HEADER.size <= len(data):
        length, kind, flags, sequence, _port = HEADER.unpack_from(data, offset)
        if length < HEADER.size:
            raise OSError(errno.EBADMSG, "the kernel sent a netlink message that is too short")
        found.append((kind, flags, sequence, data[offset + HEADER.size : offset + length]))
        offset += (length + 3) & ~3
    return found


def _own_words(flags: int, payload: bytes) -> str:
    """The kernel's own sentence in an error (NETLINK_EXT_ACK), or nothing."""
    said = attributes(payload, _ERROR.size + HEADER.size).get(_NLMSGERR_ATTR_MSG, b"") if flags & NLM_F_ACK_TLVS else b""
    return said.rstrip(b"\0").decode(errors="replace")
