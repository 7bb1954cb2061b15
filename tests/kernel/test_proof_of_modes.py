# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof knows what gateway modes and allow_from promise, and sees where that is not so."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Port
from ansible_collections.mooring.cnm.plugins.module_utils.proof.process import stop
from ansible_collections.mooring.cnm.plugins.module_utils.proof.row import BLOCKED, REACHED
from ansible_collections.mooring.cnm.plugins.module_utils.proof.verdict import PROVEN, RED
from ansible_collections.mooring.cnm.tests.kernel.proofs import SLOT, Proof, tally
from ansible_collections.mooring.cnm.tests.unit.proof.declared import host as declare
from ansible_collections.mooring.cnm.tests.unit.proof.declared import network, on

DECLARED = declare(
    [
        network("front", 18),
        network("wide", 19, gateway_mode="nat-unprotected"),
        network("direct", 20, gateway_mode="routed"),
        network("inner", 21, internal=True),
        network("back", 22, reachable_from=("front", "direct")),
    ],
    few={
        **on("front=172.18.0.2"),
        "ports": (
            Port(8080, 80, allow_from=(ip_network("198.18.0.3/32"), ip_network("172.19.0.0/16"))),
            Port(8081, 81, "udp", allow_from=()),
            Port(8082, 82),
        ),
    },
    app=on("front=172.18.0.3"),
    w1=on("wide=172.19.0.2", ports=["0.0.0.0:8083:83/tcp"]),
    r1=on("direct=172.20.0.2"),
    in1=on("inner=172.21.0.2"),
    b1=on("back=172.22.0.2"),
)


@pytest.fixture
def proof(host) -> Iterator[Proof]:
    yield Proof(host, DECLARED)
    stop(SLOT)


def test_modes_are_proven_and_what_breaks_them_is_red(host, proof: Proof) -> None:
    rows = {(row.source[1] or row.source[0], row.target[1], row.proto, row.port if row.kind in ("published", "allow_from") else 0): row for row in proof.rows}
    assert rows["node2", "few", "tcp", 8080].expect == rows["w1", "few", "tcp", 8080].expect == REACHED
    assert (rows["app", "few", "tcp", 8080].kind, rows["node2", "few", "udp", 8081].kind) == ("allow_from", "allow_from")
    assert (rows["app", "w1", "tcp", 0].kind, rows["r1", "w1", "udp", 0].kind, rows["app", "r1", "icmp", 0].kind) == ("open", "open", "open")
    assert {rows[one, "b1", proto, 0].kind for one in ("few", "app", "r1") for proto in ("icmp", "tcp", "udp")} == {"reachable_from"}
    assert {
        rows[one].expect
        for one in (("app", "r1", "tcp", 0), ("in1", "w1", "icmp", 0), ("w1", "app", "icmp", 0), ("w1", "b1", "tcp", 0), ("b1", "app", "tcp", 0))
    } == {BLOCKED}
    assert not [row for row in proof.rows if row.kind == "egress" and row.source[1] == "r1"]  # who is outside may know no way back
    assert [one.sentence for one in proof.verdicts() if one.word != PROVEN] == []
    host.sh("iptables -t mangle -F CNM-PREROUTING; iptables -t mangle -I CNM-FORWARD -o cnm+ -j RETURN")
    found = tally(proof.verdicts())
    assert found["allow_from", RED] and found["isolation", RED] and not found["published", RED] and not found["open", RED]
    host.sh("iptables -t mangle -I CNM-FORWARD -o cnm+ -m conntrack --ctstate NEW -j DROP")
    found = tally(proof.verdicts())
    assert found["open", RED] and found["reachable_from", RED]
