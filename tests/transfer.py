# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A megabyte by TCP from one sandbox to another, on hosts of a lab."""

from __future__ import annotations

from testinfra.host import Host

SIZE_BYTES = 10**6
_PORT = 5000
# Of a segment: the headers of IP and TCP, and the time stamps that Linux puts into each (RFC 7323).
_HEADERS = {4: 20 + 20 + 12, 6: 40 + 20 + 12}
# No quotes but single ones.
_RECEIVE = f"""\
import socket
peer, _address = socket.create_server(('::', {_PORT}), family=socket.AF_INET6, dualstack_ipv6=True).accept()
print(sum(iter(lambda: len(peer.recv(65536)), 0)))"""
_SEND = f"""\
import socket, sys
with socket.create_connection((sys.argv[1], {_PORT}), 10) as one:
    one.sendall(bytes({SIZE_BYTES}))
    print(one.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))"""


def segment_bytes(mtu: int, family: int = 4) -> int:
    """What a full segment carries, where packets have at most ``mtu`` bytes."""
    return mtu - _HEADERS[family]


def transfer(source: tuple[Host, str], target: tuple[Host, str], address: str) -> tuple[int, int]:
    """How many bytes came, and how many the sender put into a segment in the end. source, target: host and sandbox. address: of the target, or its name."""
    (sender, from_box), (receiver, to_box) = source, target
    got = f"/run/got-{to_box}"
    receiver.check_output(f'rm -f {got}; setsid ip netns exec {to_box} timeout 20 python3 -c "{_RECEIVE}" >{got} 2>&1 </dev/null &')
    receiver.check_output(f"for try in $(seq 100); do ip netns exec {to_box} ss -Hltn | grep -q :{_PORT} && exit; sleep 0.1; done; exit 1")
    segment = sender.check_output(f'ip netns exec {from_box} python3 -c "{_SEND}" {address}')
    count = receiver.check_output(f"for try in $(seq 100); do [ -s {got} ] && break; sleep 0.1; done; cat {got}; rm {got}")
    return int(count), int(segment)
