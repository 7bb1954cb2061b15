# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data plane: TCP throughput and round trip between two sandboxes of a bridge network or an overlay, beside Docker's and bare links."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Iterator
from typing import Any

from ansible_collections.mooring.cnm.plugins.module_utils.lab.record import enter_command

from bench.beside_docker import converge, docker_and_ours, two_hosts
from bench.host import PYTHONS, empty_host, leave_the_machine, payload, run_module, sh
from bench.subject import declared
from bench.table import Line
from tests.docker.swarm import make_overlay, start_swarm

_ROUNDS = 5
_ADDRESSES = ("172.16.0.2", "172.16.0.3")
_SWARMED, _OVERLAID = (("10.0.9.10", "10.0.9.11"), ("10.0.8.10", "10.0.8.11"))
_OURS = [["ip", "netns", "exec", f"s000{at}"] for at in range(2)]
_PORT = 5201
_SERVER = f"""
import socket, sys
listener = socket.create_server((sys.argv[1], {_PORT}))
print("up", flush=True)
buffer = bytearray(1 << 20)
for _measurement in range(2):
    one, _address = listener.accept()
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if one.recv(1) == b"t":
        while one.recv_into(buffer): pass
        continue
    while one.recv(1): one.send(b"x")
"""
_CLIENT = f"""
import socket, sys, time
one = socket.create_connection((sys.argv[1], {_PORT}))
one.send(b"t")
data, sent, start = bytes(1 << 20), 0, time.perf_counter()
while time.perf_counter() - start < 2: sent += one.send(data)
print(8e-9 * sent / (time.perf_counter() - start))
one = socket.create_connection((sys.argv[1], {_PORT}))
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
    """The topologies take turns, so that what the machine does besides meets all of them; Docker's and ours on lab hosts do so first."""
    with payload() as archive:
        yield from _docker(archive)
        yield from _swarm(archive)
        leave_the_machine()
        found: dict[str, list[tuple[float, float]]] = {}
        for _round in range(_ROUNDS):
            for what, script in _BARE.items():
                with empty_host():
                    sh(script)
                    found.setdefault(what, []).append(_between(*_OURS))
            with empty_host():
                run_module(archive, declared(2, ports=2), PYTHONS["Debian's"], True)
                found.setdefault("a bridge network of ours", []).append(_between(*_OURS))
    for what, values in found.items():
        yield Line(f"TCP between two sandboxes over {what}", _value(values))


def _docker(archive: str) -> Iterator[Line]:
    """Two containers of a bridge network of Docker's, and two sandboxes of one of ours, with the same addresses and published ports."""
    docker: list[tuple[float, float]] = []
    ours: list[tuple[float, float]] = []
    with docker_and_ours(archive) as (engine, host):
        for at, address in enumerate(_ADDRESSES):
            engine.container(f"s000{at}", f"--network net0 --ip {address} --publish {10000 + at}:80")
        containers = [[*enter_command(engine.pid), *engine.entering(f"s000{at}").split()] for at in range(2)]
        converge(host, declared(2, ports=2))
        sandboxes = [[*enter_command(host.pid), *words] for words in _OURS]
        for _round in range(_ROUNDS):
            docker.append(_between(*containers))
            ours.append(_between(*sandboxes))
    yield Line("On lab hosts, TCP between two containers over Docker's bridge network", _value(docker))
    yield _compared("On lab hosts, TCP between two sandboxes over a bridge network of ours", ours, docker, "Docker's", 1.15)


def _swarm(archive: str) -> Iterator[Line]:
    """A container on each of two hosts over an overlay of their Swarm, and a sandbox on each over one of ours, between the same hosts."""
    swarm: list[tuple[float, float]] = []
    ours: list[tuple[float, float]] = []
    with two_hosts(archive) as hosts:
        start_swarm(*hosts)
        make_overlay(hosts[0], "swarmed", "10.0.9.0/24")
        for at, host in enumerate(hosts):
            host.container(f"s{at}", f"--network swarmed --ip {_SWARMED[at]}")
            converge(host, _overlaid(at, [one.address for one in hosts]))
        containers = [[*enter_command(host.pid), *host.entering(f"s{at}").split()] for at, host in enumerate(hosts)]
        sandboxes = [[*enter_command(host.pid), "ip", "netns", "exec", f"s{at}"] for at, host in enumerate(hosts)]
        for _round in range(_ROUNDS):
            swarm.append(_between(*containers, _SWARMED[1]))
            ours.append(_between(*sandboxes, _OVERLAID[1]))
    yield Line("Over two lab hosts, TCP between two containers over Swarm's overlay", _value(swarm))
    yield _compared("Over two lab hosts, TCP between two sandboxes over an overlay of ours", ours, swarm, "Swarm's", 1.1)


def _overlaid(at: int, underlay: list[str]) -> dict[str, Any]:
    """The parameters of the module on one of two hosts, each with one sandbox on the overlay. underlay: their addresses."""
    network = {"driver": "overlay", "internal": True, "vni": 256, "ipam": {"config": [{"subnet": "10.0.8.0/24", "gateway": "10.0.8.1"}]}}
    other = 1 - at
    return {
        "underlay_address": underlay[at],
        "networks": {"declared": network},
        "sandboxes": {f"s{at}": {"networks": {"declared": {"ipv4_address": _OVERLAID[at]}}}},
        "peers": {"declared": {f"node{other}": {"underlay_address": underlay[other], "sandboxes": {f"s{other}": _OVERLAID[other]}}}},
    }


def _compared(what: str, ours: list[tuple[float, float]], others: list[tuple[float, float]], whose: str, least: float) -> Line:
    (speed, trip), (other_speed, other_trip) = _medians(ours), _medians(others)
    faster, of_its_trip = speed / other_speed, trip / other_trip
    return Line(
        what,
        f"{_value(ours)}; {faster:.2f} times {whose} throughput, {of_its_trip:.2f} of its time there and back",
        f"at least {least} times the throughput, a shorter way there and back",
        faster >= least and of_its_trip < 1,
    )


def _medians(values: list[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(speed for speed, _trip in values), statistics.median(trip for _speed, trip in values)


def _value(values: list[tuple[float, float]]) -> str:
    speeds = [speed for speed, _trip in values]
    speed, trip = _medians(values)
    return f"{speed:.1f} Gbit/s ({min(speeds):.1f}–{max(speeds):.1f}); {trip:.0f} µs there and back"


def _between(first: list[str], second: list[str], address: str = _ADDRESSES[1]) -> tuple[float, float]:
    """Gbit/s and microseconds from the first namespace to the second, at ``address``, by Python's sockets. Both are words before a command that enter one."""
    server = subprocess.Popen([*second, PYTHONS["Debian's"], "-c", _SERVER, address], stdout=subprocess.PIPE, text=True)
    try:
        if server.stdout is None or server.stdout.readline() != "up\n":
            raise SystemExit("the server did not come up")
        time.sleep(0.2)
        client = subprocess.run([*first, PYTHONS["Debian's"], "-c", _CLIENT, address], capture_output=True, text=True, check=False)
        if client.returncode != 0:
            raise SystemExit(client.stderr)
        speed, trip = client.stdout.split()
        server.wait(10)
        return float(speed), float(trip)
    finally:
        server.kill()
        server.wait()
