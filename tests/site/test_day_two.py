# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks of a fleet that stands: drift, verify and teardown. The tests build on each other, in their order."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.lab.record import ENVIRONMENT, enter_command, read_record

from .conftest import HOSTS, Fleet

NOTHING = dict.fromkeys(HOSTS, 0)
# An echo service, and a client that sends it what it reads: a line in, the same line out, over one TCP connection.
SERVER = """
import socket
connection, _client = socket.create_server(("", 7)).accept()
while data := connection.recv(99):
    connection.sendall(data)
"""
CLIENT = """
import socket, sys
connection = socket.create_connection(("web", 7))
for line in sys.stdin:
    connection.sendall(line.encode())
    print(connection.recv(99).decode(), end="", flush=True)
"""


def inside(fleet: Fleet, sandbox: str, program: str) -> subprocess.Popen[str]:
    """A Python program that runs in a sandbox of node1."""
    record = read_record(fleet.lab, "node1")
    assert record
    line = [*enter_command(record.pid), "ip", "netns", "exec", sandbox, "python3", "-c", program]
    return subprocess.Popen(line, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def connection(fleet: Fleet) -> Iterator[subprocess.Popen[str]]:
    """A TCP connection from db to web on node1, that was open before."""
    server = inside(fleet, "web", SERVER)
    fleet.host("node1").check_output("for try in $(seq 50); do ip netns exec web ss -Hltn | grep -q :7 && exit; sleep 0.1; done; exit 1")
    client = inside(fleet, "db", CLIENT)
    yield client
    for process in (client, server):
        process.kill()
        process.wait()


def echo(connection: subprocess.Popen[str], word: str) -> str:
    assert connection.stdin and connection.stdout
    connection.stdin.write(f"{word}\n")
    connection.stdin.flush()
    return connection.stdout.readline().strip()


def test_a_fleet_as_declared_has_not_drifted_and_is_proven(fleet: Fleet) -> None:
    fleet.declare(cnm_verify="full")
    site = fleet.play("mooring.cnm.site")
    assert site.status == 0, site.text
    before, ledger = fleet.traces(), fleet.ledger.read_text()
    drift, verify = fleet.play("mooring.cnm.drift"), fleet.play("mooring.cnm.verify")
    assert (drift.status, verify.status) == (0, 0), drift.text + verify.text
    assert drift.changed == verify.changed == NOTHING
    assert "2 hosts: no drift" in drift.text
    assert "unproven: 0" in verify.text
    assert fleet.traces() == before
    assert fleet.ledger.read_text() == ledger


def test_drift_is_found_with_exit_status_2_and_repaired_under_an_open_connection(fleet: Fleet, connection: subprocess.Popen[str]) -> None:
    assert echo(connection, "before") == "before"
    node1, back = fleet.host("node1"), "cnm+default+back"
    node1.check_output(f"ip link set {back}+web mtu 1400; ip address add 172.30.0.1/24 dev {back}; iptables -t mangle -F CNM-FORWARD")
    node1.check_output("ip -netns web route delete default")
    broken, ledger = fleet.traces(), fleet.ledger.read_text()
    drift = fleet.play("mooring.cnm.drift")
    assert drift.status == 2
    assert "1 host of 2 drifted: node1" in drift.text
    for found in ("mtu from 1400 to 1500", "remove address 172.30.0.1/24", "change chain CNM-FORWARD of table mangle", "add route default"):
        assert found in drift.text
    assert fleet.traces() == broken
    assert fleet.ledger.read_text() == ledger
    site = fleet.play("mooring.cnm.site")
    assert site.status == 0, site.text
    assert site.changed == {"node1": 1, "node2": 0}
    assert echo(connection, "after") == "after"
    assert fleet.play("mooring.cnm.drift").status == 0


def test_verify_sees_what_the_declaration_forbids(fleet: Fleet) -> None:
    """On node2 the rules that close the network back are gone, and a sandbox in it has found a way out."""
    fleet.host("node2").check_output("iptables -t mangle -F CNM-FORWARD; ip -netns db route add default via 172.17.0.1")
    verify = fleet.play("mooring.cnm.verify")
    assert verify.status == 2, verify.text
    assert verify.changed == NOTHING
    assert "node2/db should not reach node2/web" in verify.text
    assert "node1/db should not reach" not in verify.text


def test_drift_allocates_nothing(fleet: Fleet) -> None:
    fleet.declare(cnm_networks__more={"extra": {}})
    ledger = fleet.ledger.read_text()
    drift = fleet.play("mooring.cnm.drift")
    assert drift.status == 2
    assert "cnm_networks__more.extra" in drift.text
    assert fleet.ledger.read_text() == ledger


def test_a_policy_that_is_left_out_is_left_alone_until_teardown(fleet: Fleet) -> None:
    """Its variable may be misspelt, or the host may have left a group: what the policy closes is not opened by that."""
    playbook = fleet.folder.parent / "policy.yml"
    playbook.write_text("- {hosts: all, gather_facts: false, roles: [mooring.cnm.docker_user]}\n")
    fleet.declare(cnm_docker_user=[{"in_interface": "eth9", "action": "drop"}])
    assert fleet.play(str(playbook)).changed == {"node1": 1, "node2": 1}
    fleet.declare()
    left = fleet.play(str(playbook))
    assert (left.status, left.changed) == (0, NOTHING)
    assert "-i eth9" in fleet.host("node1").check_output("iptables --list-rules DOCKER-USER")


def test_teardown_removes_all_and_keeps_the_ledger(fleet: Fleet) -> None:
    fleet.declare()
    ledger, given = fleet.ledger.read_text(), fleet.traces()
    predicted = fleet.play("mooring.cnm.teardown", "--check", "--diff")
    assert fleet.traces() == given
    teardown = fleet.play("mooring.cnm.teardown", "--diff")
    assert teardown.status == 0, teardown.text
    assert sorted(predicted.said_in("Remove the fleet's objects").splitlines()) == sorted(teardown.said_in("Remove the fleet's objects").splitlines())
    for left in fleet.traces().values():
        assert "cnm" not in left.lower()
        assert "/run/netns/" not in left
    assert fleet.ledger.read_text() == ledger
    again = fleet.play("mooring.cnm.teardown")
    assert again.status == 0
    assert again.changed == NOTHING


def test_what_comes_back_has_the_addresses_that_it_had(fleet: Fleet) -> None:
    given = fleet.given("node1")
    assert fleet.play("mooring.cnm.site").status == 0
    assert fleet.given("node1") == given
    assert fleet.play("mooring.cnm.drift").status == 0
