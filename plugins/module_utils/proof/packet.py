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
from ipaddress import IPv4Address, IPv6Address, ip_address

TCP, UDP, ICMP = 6, 17, 1
_IPV6_HEADER_BYTES, _IPV4_HEADER_BYTES, _ECHO_HEADER_BYTES = 40, 20, 8
PROTOCOLS = {"tcp": TCP, "udp": UDP, "icmp": ICMP}
_ECHO_REQUEST, _ECHO_REPLY = 8, 0
_ECHO_REQUEST_6, _ECHO_REPLY_6 = 128, 129
_MOST_PROBES = 1 << 24


def mark(run: str, *words: object) -> str:
    """A hash of ``words`` under the secret ``run``."""
    return hashlib.sha256("\n".join([run, *map(str, words)]).encode()).hexdigest()[:16]


def ask(run: str, number: int) -> bytes:
    """The question of probe ``number``: the payload of an echo request or of a datagram."""
    return f"cnm? {number} {mark(run, 'ask', number)}\n".encode()


def filled(question: bytes, size: int, is_ipv6: bool) -> bytes:
    """The question with so many spaces behind it that the IP packet of its echo request has ``size`` bytes."""
    return question.ljust(size - _ECHO_HEADER_BYTES - (_IPV6_HEADER_BYTES if is_ipv6 else _IPV4_HEADER_BYTES))


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


def echo_request_6(payload: bytes) -> bytes:
    """An ICMPv6 echo request (RFC 4443); the kernel adds the checksum."""
    return struct.pack("!BBHHH", _ECHO_REQUEST_6, 0, 0, 0, 0) + payload


def read_echo_reply_6(message: bytes) -> bytes | None:
    """The payload of an ICMPv6 message that is an echo reply, else None."""
    return message[8:] if len(message) >= 8 and message[0] == _ECHO_REPLY_6 else None


def read_echo_reply(packet: bytes) -> tuple[str, bytes] | None:
    """Sender and payload of an IPv4 packet that is an echo reply, else None."""
    start = (packet[0] & 15) * 4
    if len(packet) < start + 8 or packet[start] != _ECHO_REPLY:
        return None
    return str(IPv4Address(packet[12:16])), packet[start + 8 :]


def syn(run: str, number: int, source: tuple[str, int], target: tuple[str, int]) -> bytes:
    """A TCP segment (RFC 9293) that opens nothing, but whose sequence number says which probe it is, past any translation.

    The first number of others' connections may be any: the window is a mark, too.
    """
    body = struct.pack("!HHLLBBHHH", source[1], target[1], _sequence(run, number), 0, 5 << 4, 2, _window(run, number), 0, 0)
    # The pseudo header of IPv6 (RFC 8200, 8.1) sums up as that of IPv4 does.
    pseudo = ip_address(source[0]).packed + ip_address(target[0]).packed + struct.pack("!HH", TCP, len(body))
    return body[:16] + struct.pack("!H", checksum(pseudo + body)) + body[18:]


def read_arrival(run: str, packet: bytes) -> tuple[int, str] | None:
    """Number and source address of the probe that this IP packet, a datagram or the segment of ``syn``, belongs to."""
    if len(packet) < 28:
        return None
    is_ipv6 = packet[0] >> 4 == 6
    start = _IPV6_HEADER_BYTES if is_ipv6 else (packet[0] & 15) * 4
    protocol, source = packet[6 if is_ipv6 else 9], str(IPv6Address(packet[8:24]) if is_ipv6 and len(packet) >= start else IPv4Address(packet[12:16]))
    number: int | None = None
    if protocol == UDP:
        number = read_ask(run, packet[start + 8 :])
    elif protocol == TCP and len(packet) >= start + 20 and packet[start + 13] & 18 == 2:
        sequence, window = struct.unpack_from("!L6xH", packet, start + 4)
        number = (sequence - _sequence(run, 0)) % (1 << 32)
        number = number if window == _window(run, number) else None
    return (number, source) if number is not None and number < _MOST_PROBES else None


def port_filter(proto: str, port: int) -> bytes:
    """A classic BPF program: lets pass what a packet socket sees of one protocol to one port. proto: ``tcp``, ``udp``, ``tcp6`` or ``udp6``."""
    number = PROTOCOLS[proto.rstrip("6")]
    ipv4 = (
        (0x30, 0, 0, 9),  # the protocol of the IP header
        (0x15, 0, 4, number),
        (0xB1, 0, 0, 0),  # the length of the IP header
        (0x48, 0, 0, 2),  # the destination port behind it
    )
    ipv6 = (
        (0x30, 0, 0, 6),  # the next header, which is the last: a probe has no other
        (0x15, 0, 3, number),
        (0x28, 0, 0, _IPV6_HEADER_BYTES + 2),  # the destination port
    )
    steps = (
        *(ipv6 if proto.endswith("6") else ipv4),
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


def _window(run: str, number: int) -> int:
    return int(mark(run, "window", number)[:4], 16)
