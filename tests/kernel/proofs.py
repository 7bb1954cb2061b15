# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet of two hosts to prove: node1 is the throw-away host with its sandboxes, node2 a namespace beside it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration
from ansible_collections.mooring.cnm.plugins.module_utils.proof.flight import Probe
from ansible_collections.mooring.cnm.plugins.module_utils.proof.listener import Listener
from ansible_collections.mooring.cnm.plugins.module_utils.proof.process import DIRECTORY, arrivals, start, stop
from ansible_collections.mooring.cnm.plugins.module_utils.proof.row import Outcome, Place, Row, listener_name, transport
from ansible_collections.mooring.cnm.plugins.module_utils.proof.sender import send
from ansible_collections.mooring.cnm.plugins.module_utils.proof.verdict import Verdict, judge
from ansible_collections.mooring.cnm.tests.kernel.topologies import run as converge
from ansible_collections.mooring.cnm.tests.unit.proof.declared import host as declare
from ansible_collections.mooring.cnm.tests.unit.proof.declared import network, on, prove

SLOT, RUN = "test", "a run of the kernel tests"
NODE1 = declare(
    [network("front", 18), network("back", 19, internal=True), network("quiet", 20, icc=False)],
    web=on("front=172.18.0.2", "back=172.19.0.2", ports=["0.0.0.0:8080:80/tcp", "127.0.0.1:8443:443/tcp"]),
    app=on("front=172.18.0.3"),
    db=on("back=172.19.0.3"),
    q1=on("quiet=172.20.0.2", ports=["0.0.0.0:5000:5001/udp"]),
    q2=on("quiet=172.20.0.3"),
    batch={"mode": "none"},
)
SERVICES = """
import selectors, socket, sys
kept = []
for kind, port in ((socket.SOCK_STREAM, 80), (socket.SOCK_STREAM, 443), (socket.SOCK_DGRAM, 5001)):
    one = socket.socket(socket.AF_INET, kind)
    one.bind(("", port))
    if kind == socket.SOCK_STREAM:
        one.listen(64)
    kept.append(one)
print("up", flush=True)
while True:  # 80 says nothing, 443 greets
    kept.append(kept[1].accept()[0])
    kept[-1].sendall(b"220 hello\\r\\n")
"""
JOIN_NODE2 = """
ip netns add node2
ip link add eth9 type veth peer name eth0 netns node2
ip addr add 198.18.0.2/16 dev eth9 && ip link set eth9 up
ip -n node2 addr add 198.18.0.3/16 dev eth0 && ip -n node2 link set eth0 up && ip -n node2 link set lo up
"""


class Proof:
    """The proof of both hosts, step by step."""

    def __init__(self, host, node1: Declaration = NODE1) -> None:
        converge(node1)
        host.sh(JOIN_NODE2)
        self.rows = prove(node1=node1, node2=Declaration())
        self.states: dict[str, str] = {}

    def listen(self, lifetime_s: float = 60, idle_s: float = 30) -> dict[str, str]:
        listeners = {listener(row).name: listener(row) for row in self.rows if row.listener}
        self.states = start(listeners.values(), RUN, lifetime_s, idle_s, SLOT)
        return self.states

    def send(self) -> dict[int, Outcome]:
        """All probes, and in the end what was counted at ports that a service has."""
        outcomes = send([probe(row) for row in self.rows], RUN)
        for arrival in arrivals(SLOT):
            outcomes[arrival["id"]] = replace(outcomes[arrival["id"]], reached=True, peer=arrival["peer"])
        return outcomes

    def judge(self) -> list[Verdict]:
        faults = {row.target: state for row in self.rows for state in [self.states.get(listener(row).name, "bound")] if "Could" in state}
        return judge(self.rows, self.send(), faults)

    def verdicts(self) -> list[Verdict]:
        """The whole of it."""
        self.listen()
        try:
            return self.judge()
        finally:
            stop(SLOT)


@contextlib.contextmanager
def services(netns: str) -> Iterator[None]:
    """Services of somebody else in a namespace: tcp 80 says nothing, tcp 443 greets, udp 5001 is deaf."""
    command = [*(["ip", "netns", "exec", netns] if netns else []), sys.executable, "-c", SERVICES]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline() == b"up\n"
        try:
            yield
        finally:
            process.kill()


def namespace(place: Place) -> str:
    return "node2" if place[0] == "node2" else place[1]


def listener(row: Row) -> Listener:
    return Listener(namespace(row.target), transport(row), row.listener, listener_name(row))


def probe(row: Row) -> Probe:
    return Probe(row.id, namespace(row.source), row.address, row.proto, row.port, row.expect, listener(row).name)


def tally(verdicts: list[Verdict]) -> Counter[tuple[str, str]]:
    """How many rows of each kind have which verdict."""
    return Counter((one.row.kind, one.word) for one in verdicts)


def listening_pid() -> int:
    with open(f"{DIRECTORY}/{SLOT}.json", encoding="utf-8") as file:
        return json.load(file)["pid"]
