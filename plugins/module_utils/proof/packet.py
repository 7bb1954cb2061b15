# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a probe looks like on the wire: who asked, who answered, and that neither is left over from another run.

Every text carries a mark, a hash that only somebody who knows the run can make: a listener answers nobody else, and nobody
else can answer for it. In tcp the listener speaks first, so that a probe says nothing to a service that is not ours.
"""

from __future__ import annotations

import hashlib
import struct
from ipaddress import IPv4Address

TCP, UDP, ICMP = 6, 17, 1
PROTOCOLS = {"tcp": TCP, "udp": UDP, "icmp": ICMP}
_ECHO_REQUEST, _ECHO_REPLY = 8, 0
_MOST_PROBES = 1 << 24


def mark(run: str, *words: object) -> str:
    """A hash of ``words`` under the secret ``run``."""
    return hashlib.sha256("\n".join([run, *map(str, words)]).encode()).hexdigest()[:16]


def ask(run: str, number: int) -> bytes:
    """The question of probe ``number``: the payload of an echo request or of a datagram."""
    return f"cnm? {number} {mark(run, 'ask', number)}\n".encode()


def read_ask(run: str, payload: bytes) -> int | None:
    """The number of the probe that asks, or None if this is no question of this run."""
    words = payload.split()
    if len(words) != 3 or words[0] != b"cnm?" or not words[1].isdigit():
        return None
    number = int(words[1])
    return number if words[2] == mark(run, "ask", number).encode() else None


def answer(run: str, listener: str, number: int | None, peer: str) -> bytes:
    """The answer of ``listener`` to probe ``number`` (tcp: None), which came from the address ``peer``."""
    return f"cnm! {number} {mark(run, 'answer', listener, number)} {peer}\n".encode()


def read_answer(run: str, listener: str, number: int | None, payload: bytes) -> str | None:
    """The address that the listener saw, or None if this is not its answer."""
    words = payload.decode("ascii", "replace").split()
    if len(words) != 4 or words[:3] != ["cnm!", str(number), mark(run, "answer", listener, number)]:
        return None
    return words[3]


def asker(payload: bytes) -> int | None:
    """The number of the probe that an answer says it is for."""
    words = payload.split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else None


def echo_request(payload: bytes) -> bytes:
    """An ICMP echo request (RFC 792). Who asked stands in the payload: address translation may change the identifier."""
    body = struct.pack("!BBHHH", _ECHO_REQUEST, 0, 0, 0, 0) + payload
    return body[:2] + struct.pack("!H", checksum(body)) + body[4:]


def read_echo_reply(packet: bytes) -> tuple[str, bytes] | None:
    """Sender and payload of an IPv4 packet that is an echo reply, else None."""
    start = (packet[0] & 15) * 4
    if len(packet) < start + 8 or packet[start] != _ECHO_REPLY:
        return None
    return str(IPv4Address(packet[12:16])), packet[start + 8 :]


def syn(run: str, number: int, source: tuple[str, int], target: tuple[str, int]) -> bytes:
    """A TCP segment (RFC 9293) that opens nothing, but whose sequence number says which probe it is, past any translation."""
    body = struct.pack("!HHLLBBHHH", source[1], target[1], _sequence(run, number), 0, 5 << 4, 2, 64240, 0, 0)
    pseudo = IPv4Address(source[0]).packed + IPv4Address(target[0]).packed + struct.pack("!HH", TCP, len(body))
    return body[:16] + struct.pack("!H", checksum(pseudo + body)) + body[18:]


def read_arrival(run: str, packet: bytes) -> tuple[int, str] | None:
    """Number and source address of the probe that this IPv4 packet, a datagram or the segment of ``syn``, belongs to."""
    if len(packet) < 28:
        return None
    start = (packet[0] & 15) * 4
    number: int | None = None
    if packet[9] == UDP:
        number = read_ask(run, packet[start + 8 :])
    elif packet[9] == TCP and len(packet) >= start + 20 and packet[start + 13] & 18 == 2:
        sequence = struct.unpack_from("!L", packet, start + 4)[0]
        number = (sequence - _sequence(run, 0)) % (1 << 32)
    return (number, str(IPv4Address(packet[12:16]))) if number is not None and number < _MOST_PROBES else None


def port_filter(proto: str, port: int) -> bytes:
    """A classic BPF program: lets pass what a packet socket sees of one protocol to one port."""
    steps = (
        (0x30, 0, 0, 9),  # the protocol of the IP header
        (0x15, 0, 4, PROTOCOLS[proto]),
        (0xB1, 0, 0, 0),  # the length of the IP header
        (0x48, 0, 0, 2),  # the destination port behind it
        (0x15, 0, 1, port),
        (0x06, 0, 0, 0x40000),  # all of it
        (0x06, 0, 0, 0),  # nothing of it
    )
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _sequence(run: str, number: int) -> int:
    first: int = int(mark(run, "sequence")[:8], 16)
    return (first + number) & 0xFFFFFFFF
