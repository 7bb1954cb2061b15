# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data plane: TCP throughput and round trip between two sandboxes of a bridge network, beside a bare veth pair and a bare bridge."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from bench.host import PYTHONS, empty_host, leave_the_machine, payload, run_module, sh
from bench.subject import declared
from bench.table import Line

_ROUNDS = 5
_ADDRESSES = ("172.16.0.2", "172.16.0.3")
_PORT = 5201
_SERVER = f"""
import socket
listener = socket.create_server(("{_ADDRESSES[1]}", {_PORT}))
print("up", flush=True)
buffer = bytearray(1 << 20)
while True:
    one, _address = listener.accept()
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if one.recv(1) == b"t":
        while one.recv_into(buffer): pass
        continue
    while one.recv(1): one.send(b"x")
"""
_CLIENT = f"""
import socket, time
one = socket.create_connection(("{_ADDRESSES[1]}", {_PORT}))
one.send(b"t")
data, sent, start = bytes(1 << 20), 0, time.perf_counter()
while time.perf_counter() - start < 2: sent += one.send(data)
print(8e-9 * sent / (time.perf_counter() - start))
one = socket.create_connection(("{_ADDRESSES[1]}", {_PORT}))
one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
one.send(b"r")
times = []
for _ in range(5000):
    start = time.perf_counter()
    one.send(b"x"); one.recv(1)
    times.append(time.perf_counter() - start)
print(1e6 * sorted(times)[2500])
"""
_ENDS = f"""
for at in 0 1; do ip netns add s000$at; ip -n s000$at link set lo up; done
{{}}
ip -n s0000 address add {_ADDRESSES[0]}/16 dev eth0; ip -n s0001 address add {_ADDRESSES[1]}/16 dev eth0
for at in 0 1; do ip -n s000$at link set eth0 up; done
"""
_BARE = {
    "a veth pair alone": _ENDS.format("ip link add eth0 netns s0000 type veth peer name eth0 netns s0001"),
    "a bare bridge, without a rule": _ENDS.format(
        "ip link add br0 type bridge; ip link set br0 up; for at in 0 1; do ip link add v$at master br0 up type veth peer name eth0 netns s000$at; done"
    ),
}


def measure() -> Iterator[Line]:
    """The topologies take turns, so that what the machine does besides meets all of them."""
    leave_the_machine()
    found: dict[str, list[tuple[float, float]]] = {}
    with payload() as archive:
        for _round in range(_ROUNDS):
            for what, script in _BARE.items():
                with empty_host():
                    sh(script)
                    found.setdefault(what, []).append(_between())
            with empty_host():
                run_module(archive, declared(2, ports=2), PYTHONS["Debian's"], True)
                found.setdefault("a bridge network of ours", []).append(_between())
    for what, values in found.items():
        speeds, trips = zip(*values, strict=True)
        yield Line(
            f"TCP between two sandboxes over {what}",
            f"{statistics.median(speeds):.1f} Gbit/s ({min(speeds):.1f}–{max(speeds):.1f}); {statistics.median(trips):.0f} µs there and back",
        )


def _between() -> tuple[float, float]:
    """Gbit/s and microseconds from the first sandbox to the second, by Python's sockets."""
    server = subprocess.Popen(["ip", "netns", "exec", "s0001", sys.executable, "-c", _SERVER], stdout=subprocess.PIPE, text=True)
    try:
        if server.stdout is None or server.stdout.readline() != "up\n":
            raise SystemExit("the server did not come up")
        time.sleep(0.2)
        speed, trip = sh(f"ip netns exec s0000 {sys.executable} -c '{_CLIENT}'").split()
        return float(speed), float(trip)
    finally:
        server.kill()
        server.wait()
