# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof sees what is so: broken rules, dead listeners and taken ports included."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.proof.listener import BOUND, COUNTING, Listener
from ansible_collections.mooring.cnm.plugins.module_utils.proof.process import DIRECTORY, collect, start, stop
from ansible_collections.mooring.cnm.plugins.module_utils.proof.row import BLOCKED, REACHED
from ansible_collections.mooring.cnm.plugins.module_utils.proof.sender import send
from ansible_collections.mooring.cnm.plugins.module_utils.proof.verdict import PROVEN, RED, UNPROVEN, summarise
from ansible_collections.mooring.cnm.tests.kernel.proofs import RUN, SLOT, Proof, listening_pid, probe, services, tally
from ansible_collections.mooring.cnm.tests.unit.proof.declared import host as declare
from ansible_collections.mooring.cnm.tests.unit.proof.declared import network, on

PORTS = "$(ip -o link show type veth | cut -d' ' -f2 | cut -d@ -f1)"


@pytest.fixture
def proof(host) -> Iterator[Proof]:
    yield Proof(host)
    stop(SLOT)


def gone(pid: int, within_s: float) -> bool:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.02)
    return False


def test_all_is_as_declared(proof: Proof) -> None:
    began = time.monotonic()
    verdicts = proof.verdicts()
    assert [one.sentence for one in verdicts if one.word != PROVEN] == []
    assert {(one.row.kind, one.row.expect) for one in verdicts} >= {
        ("network", REACHED), ("icc", BLOCKED), ("isolation", BLOCKED), ("host", REACHED), ("loopback", REACHED),
        ("published", REACHED), ("published", BLOCKED), ("egress", REACHED), ("egress", BLOCKED),
    }  # fmt: skip
    assert time.monotonic() - began < 2.5


def test_what_is_reached_is_known_at_once(proof: Proof) -> None:
    proof.listen()
    began = time.monotonic()
    outcomes = send([probe(row) for row in proof.rows if row.expect == REACHED], RUN)
    assert all(one.reached for one in outcomes.values()) and time.monotonic() - began < 0.8


@pytest.mark.parametrize(
    ("broken", "kind", "word"),
    [
        ("iptables -t mangle -F", "isolation", RED),
        (f"iptables -t mangle -F; for port in {PORTS}; do bridge link set dev $port isolated off; done", "icc", RED),
        ("iptables -t nat -F", "loopback", RED),
        ("iptables -t nat -F", "published", RED),
        ("iptables -t nat -F", "egress", RED),
        ("sysctl -qw net.ipv4.ip_forward=0", "egress", RED),
        ("ip -n app link set eth0 down", "network", RED),
        ("ip -n app link set eth0 down", "isolation", UNPROVEN),
        ("ip -n node2 link set eth0 down", "egress", UNPROVEN),
        ("ip -n node2 link set eth0 down", "published", UNPROVEN),
    ],
)  # fmt: skip
def test_what_is_broken_shows(host, proof: Proof, broken: str, kind: str, word: str) -> None:
    host.sh(broken, check=False)
    assert tally(proof.verdicts())[kind, word] > 0


def test_a_port_of_127_that_is_open_to_the_outside_is_red(host, proof: Proof) -> None:
    host.sh("iptables -t nat -I PREROUTING -p tcp --dport 8443 -j DNAT --to 172.18.0.2:443")
    red = [one.sentence for one in proof.verdicts() if one.word == RED]
    assert len(red) == 1
    assert red[0].startswith("node2 should not reach node1/web at 198.18.0.2 tcp/8443 (the port is published on another address), but was answered in ")


def test_a_lost_client_address_is_red(host, proof: Proof) -> None:
    host.sh("iptables -t nat -I POSTROUTING -d 172.18.0.2 -p tcp --dport 80 -j MASQUERADE")
    red = {one.sentence for one in proof.verdicts() if one.word == RED}
    assert (
        "node2 should reach node1/web at 198.18.0.2 tcp/8080 (the port is published), "
        "but was seen there as 172.18.0.1 instead of 198.18.0.3: the client's address is lost"
    ) in red


def test_a_lost_first_packet_is_sent_again(host, proof: Proof) -> None:
    for what in ("tcp --syn", "udp", "icmp"):
        host.sh(f"ip netns exec app iptables -A INPUT -p {what} -m statistic --mode nth --every 1000 --packet 0 -j DROP")
    assert summarise(proof.verdicts()).green


def test_dead_listeners_are_never_green(proof: Proof) -> None:
    proof.listen()
    os.kill(listening_pid(), signal.SIGKILL)
    assert gone(listening_pid(), 2)
    for one in proof.judge():
        assert one.row.proto == "icmp" or one.word == {REACHED: RED, BLOCKED: UNPROVEN}[one.row.expect] or one.row.kind in ("egress", "underlay")
        assert one.row.proto == "icmp" or one.word != PROVEN


def test_listeners_that_die_while_all_wait_are_never_green(proof: Proof) -> None:
    proof.listen()
    killer = threading.Timer(0.7, os.kill, (listening_pid(), signal.SIGKILL))
    killer.start()
    words = {(one.row.expect, one.word) for one in proof.judge() if one.row.proto != "icmp"}
    killer.join()
    assert words == {(REACHED, RED), (REACHED, UNPROVEN), (BLOCKED, UNPROVEN)}


def test_a_taken_port_is_counted(host, proof: Proof) -> None:
    with services("web"), services("q1"):
        states = proof.listen()
        assert {name for name, state in states.items() if state == COUNTING} == {"node1/web:80/tcp", "node1/web:443/tcp", "node1/q1:5001/udp"}
        assert [one.sentence for one in proof.judge() if one.word != PROVEN] == []


def test_a_leak_to_a_taken_port_is_counted_too(host, proof: Proof) -> None:
    host.sh("iptables -t nat -I PREROUTING -p tcp --dport 8443 -j DNAT --to 172.18.0.2:443")
    with services("web"):
        proof.listen()
        red = [one.row for one in proof.judge() if one.word == RED]
    assert [(row.source, row.port, row.expect) for row in red] == [(("node2", ""), 8443, BLOCKED)]


def test_a_service_that_gets_nothing_is_not_taken_for_reached(host, proof: Proof) -> None:
    """Another service answers at the published port: the sandbox's own is not reached by it."""
    host.sh("iptables -t nat -F")
    with services("web"), services(""):
        host.sh("iptables -t nat -A OUTPUT -p tcp --dport 8080 -j REDIRECT --to-ports 80")
        proof.listen()
        told = [one for one in proof.judge() if one.row.kind == "loopback" and one.row.port == 8080]
    assert [one.word for one in told] == [RED] and "a service accepted it" in told[0].sentence


def test_a_missing_namespace_is_told_and_proves_nothing(host, proof: Proof) -> None:
    host.sh("ip netns delete db")
    verdicts = proof.verdicts()
    assert proof.states["node1/db:47863/tcp"].startswith("Could not enter namespace db")
    of_db = [one for one in verdicts if "db" in (one.row.source[1], one.row.target[1])]
    assert of_db and all(one.word != PROVEN for one in of_db)
    assert any("Could not enter namespace db" in one.sentence for one in of_db)


@pytest.mark.parametrize(("lifetime_s", "idle_s", "asked"), [(0.5, 60, False), (60, 0.3, True)])
def test_listeners_end_by_themselves(proof: Proof, lifetime_s: float, idle_s: float, asked: bool) -> None:
    assert set(proof.listen(lifetime_s, idle_s).values()) == {BOUND}
    pid = listening_pid()
    assert os.readlink(f"/proc/{pid}/fd/0") == os.devnull and os.getsid(pid) != os.getsid(0)
    if asked:
        proof.send()
    assert gone(pid, 3) and collect(SLOT, RUN) == ([], False), "and nobody took them away"


def test_new_listeners_end_those_before(proof: Proof) -> None:
    proof.listen()
    pid = listening_pid()
    assert set(proof.listen().values()) == {BOUND}, "their ports were free again"
    assert gone(pid, 0.1) and listening_pid() != pid


def test_who_collects_late_is_told_so_and_leaves_the_listeners_of_another_run(proof: Proof) -> None:
    proof.listen()
    assert start([Listener("", "tcp", 7001, "theirs")], "another run", 60, 30, SLOT) == {"theirs": BOUND}
    pid = listening_pid()
    assert collect(SLOT, RUN) == ([], True) and listening_pid() == pid and not gone(pid, 0.1)
    assert collect(SLOT, "another run") == ([], False) and gone(pid, 0.1)
    assert collect(SLOT, RUN) == ([], True)


def test_somebody_elses_process_is_not_ended(proof: Proof) -> None:
    Path(DIRECTORY).mkdir(parents=True)
    Path(f"{DIRECTORY}/{SLOT}.json").write_text(f'{{"pid": {os.getpid()}, "started": "1"}}')
    assert stop(SLOT)


def test_more_neighbours_than_the_kernel_keeps(host) -> None:
    """45 sandboxes that all ask each other are 2,000 neighbours; the kernel keeps 1,024 of all namespaces together."""
    crowd = declare([network("front", 18)], **{f"s{nth}": on(f"front=172.18.0.{nth + 2}") for nth in range(45)})
    proof = Proof(host, crowd)
    outcomes = send([probe(row) for row in proof.rows if row.proto == "icmp" and row.expect == REACHED], RUN)
    assert len(outcomes) > 1900 and all(one.reached for one in outcomes.values())
