# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first two packets of an SCTP association (RFC 9260), by raw sockets: few kernels have sockets of SCTP, but each carries and translates its packets."""

from __future__ import annotations

import contextlib
import itertools
import socket
import struct

_PROTOCOL = 132
_INIT, _INIT_ACK, _STATE_COOKIE = 1, 2, 7
# Bytes of what each INIT holds, before its parameters.
_HEAD = 16
_SOURCE_PORTS = itertools.cycle(range(20000, 60000))
# The reflected polynomial of CRC32c, by which SCTP is checked.
_POLYNOMIAL = 0x82F63B78


def raw_socket(address: str) -> socket.socket:
    """A socket that gets each SCTP packet of the namespace of this thread, in the family of ``address``."""
    one = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_RAW, _PROTOCOL)
    one.setblocking(False)
    return one


class Association:
    """One that is asked for by an INIT, from the namespace of this thread. To be waited for as a socket is."""

    def __init__(self, address: str, port: int) -> None:
        self.raw, self.own_port = raw_socket(address), next(_SOURCE_PORTS)
        self.fileno, self.close = self.raw.fileno, self.raw.close
        with contextlib.suppress(OSError):
            self.raw.sendto(_packet(self.own_port, port, 0, _chunk(_INIT, self.own_port)), (address, 0))

    def recv(self, most: int) -> bytes:
        """What the INIT ACK says that came back; empty where none has come, but only what is for others."""
        for _source, target, kind, content, _peer in _received(self.raw):
            if (target, kind) == (self.own_port, _INIT_ACK):
                return content[_HEAD + 4 :][:most]
        return b""


def answer(raw: socket.socket, port: int, name: str) -> None:
    """Answer each INIT for a port with an INIT ACK that carries ``NAME SEEN-AS`` as its cookie."""
    for source, target, kind, content, peer in _received(raw):
        if (target, kind) == (port, _INIT):
            tag = struct.unpack_from("!I", content)[0]
            said = f"{name} {peer}".encode()
            cookie = struct.pack("!HH", _STATE_COOKIE, 4 + len(said)) + said
            with contextlib.suppress(OSError):
                raw.sendto(_packet(port, source, tag, _chunk(_INIT_ACK, 1, cookie)), (peer, 0))


def _received(raw: socket.socket) -> list[tuple[int, int, int, bytes, str]]:
    """(source port, destination port, kind and content of the first chunk, address) of each packet that waits and is whole."""
    found = []
    with contextlib.suppress(BlockingIOError):
        while True:
            data, peer = raw.recvfrom(2000)
            packet = data[(data[0] & 15) * 4 :] if raw.family == socket.AF_INET else data
            source, target, _tag = struct.unpack_from("!HHI", packet)
            if struct.unpack_from("<I", packet, 8)[0] == _checksum(packet[:8] + bytes(4) + packet[12:]):
                length = struct.unpack_from("!H", packet, 14)[0]
                found.append((source, target, packet[12], packet[16 : 12 + length], peer[0]))
    return found


def _chunk(kind: int, tag: int, more: bytes = b"") -> bytes:
    content = struct.pack("!IIHHI", tag, 65536, 1, 1, 1) + more
    return struct.pack("!BBH", kind, 0, 4 + len(content)) + content + bytes(-len(content) % 4)


def _packet(source: int, target: int, tag: int, chunk: bytes) -> bytes:
    head = struct.pack("!HHI", source, target, tag)
    return head + struct.pack("<I", _checksum(head + bytes(4) + chunk)) + chunk


def _checksum(data: bytes) -> int:
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _bit in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
    return value ^ 0xFFFFFFFF
