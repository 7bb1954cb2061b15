# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on a wire, frame by frame: VXLAN, what the hosts on it need themselves, or something else."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address

_ETH_P_ALL, _RECEIVE_BYTES = 3, 4 << 20
_ARP, _IPV4, _IPV6 = 0x0806, 0x0800, 0x86DD
_ICMP, _UDP, _ICMPV6, _HOP_BY_HOP = 1, 17, 58, 0
# Of ICMPv6 (RFC 4861): these two name an address besides those of the packet.
_SOLICITATION, _ADVERTISEMENT = 135, 136


@dataclass(frozen=True)
class Packet:
    """A frame, read as far as needed. kind: ``vxlan``, ``arp``, ``icmp``, ``icmpv6``, or the numbers of what it is.

    addresses: of the packet, and those that it asks for or tells. number: the type of ICMP, the VNI of VXLAN. inner: the frame that VXLAN carries.
    """

    kind: str
    addresses: tuple[str, ...]
    number: int = 0
    inner: bytes = b""


@dataclass
class Capture:
    frames: list[bytes] = field(default_factory=list)

    def packets(self) -> list[Packet]:
        return [read_packet(frame) for frame in self.frames]


@contextlib.contextmanager
def captured(link: str) -> Iterator[Capture]:
    """Everything that goes over a link, in both directions, while the block runs."""
    found = Capture()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL)) as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
        wire.bind((link, _ETH_P_ALL))
        yield found
        with contextlib.suppress(BlockingIOError):
            while True:
                found.frames.append(wire.recv(2000, socket.MSG_DONTWAIT))


def read_packet(frame: bytes) -> Packet:
    ethertype, body = int.from_bytes(frame[12:14], "big"), frame[14:]
    if ethertype == _ARP:
        return Packet("arp", (_address(body[14:18]), _address(body[24:28])))
    if ethertype == _IPV4:
        length = (body[0] & 15) * 4
        return _read_transport(body[9], (_address(body[12:16]), _address(body[16:20])), body[length:])
    if ethertype == _IPV6:
        number, rest = body[6], body[40:]
        if number == _HOP_BY_HOP:
            number, rest = rest[0], rest[8 + rest[1] * 8 :]
        return _read_transport(number, (_address(body[8:24]), _address(body[24:40])), rest)
    return Packet(f"ethertype {ethertype:04x}", ())


def is_of_hosts(packet: Packet, addresses: Collection[str]) -> bool:
    """Whether a packet is what hosts with these addresses need to find each other: ARP and ICMPv6 of them and for them."""
    source, *others = packet.addresses or ("",)
    named = [one for one in others if not ip_address(one).is_multicast]
    return packet.kind in ("arp", "icmpv6") and (source in addresses or source in ("::", "0.0.0.0")) and set(named) <= set(addresses)


def _read_transport(protocol: int, addresses: tuple[str, str], body: bytes) -> Packet:
    if protocol == _ICMP:
        return Packet("icmp", addresses, body[0])
    if protocol == _ICMPV6:
        asked = (_address(body[8:24]),) if body[0] in (_SOLICITATION, _ADVERTISEMENT) else ()
        return Packet("icmpv6", (*addresses, *asked), body[0])
    if protocol == _UDP and int.from_bytes(body[2:4], "big") == 4789:
        return Packet("vxlan", addresses, int.from_bytes(body[12:15], "big"), body[16:])
    return Packet(f"protocol {protocol}", addresses)


def _address(packed: bytes) -> str:
    return str(ip_address(packed))
