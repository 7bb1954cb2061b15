# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who should reach whom, by what is declared."""

from __future__ import annotations

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration
from ansible_collections.mooring.cnm.plugins.module_utils.proof.row import BLOCKED, REACHED, Row
from ansible_collections.mooring.cnm.plugins.module_utils.proof.site import PROBE_PORT
from ansible_collections.mooring.cnm.tests.unit.proof.declared import find, host, network, on, prove

FRONT, BACK = network("front", 18), network("back", 19, internal=True)
QUIET, BARE = network("quiet", 20, icc=False), network("bare", 21, masquerade=False)
NODE1 = host(
    [FRONT, BACK, QUIET, BARE],
    web=on("front=172.18.0.2", "back=172.19.0.2", ports=["0.0.0.0:8080:80/tcp", "127.0.0.1:8443:443/tcp"]),
    app=on("front=172.18.0.3"),
    db=on("back=172.19.0.3"),
    q1=on("quiet=172.20.0.2", ports=["0.0.0.0:5000:5000/udp"]),
    q2=on("quiet=172.20.0.3"),
    raw=on("bare=172.21.0.2"),
    batch={"mode": "none"},
    cache={"mode": "container", "joins": "web"},
    agent={"mode": "host"},
)
ROWS = prove(node1=NODE1, node2=Declaration())


def one(source: str, target: str, proto: str = "tcp", kind: str = "") -> Row:
    rows = find(ROWS, source, target, proto, kind)
    assert len(rows) == 1, rows
    return rows[0]


@pytest.mark.parametrize("proto", ["icmp", "tcp", "udp"])
@pytest.mark.parametrize(
    ("source", "target", "kind", "expect", "address"),
    [
        ("app", "web", "network", REACHED, "172.18.0.2"),
        ("web", "db", "network", REACHED, "172.19.0.3"),
        ("q1", "q2", "icc", BLOCKED, "172.20.0.3"),
        ("app", "db", "isolation", BLOCKED, "172.19.0.3"),
        ("db", "app", "isolation", BLOCKED, "172.18.0.3"),
        ("app", "web", "isolation", BLOCKED, "172.19.0.2"),
        ("batch", "app", "isolation", BLOCKED, "172.18.0.3"),
        ("", "db", "host", REACHED, "172.19.0.3"),
        ("", "q1", "host", REACHED, "172.20.0.2"),
    ],
)
def test_on_one_host(source: str, target: str, kind: str, expect: str, address: str, proto: str) -> None:
    row = one(f"node1/{source}", f"node1/{target}", proto, kind)
    assert (row.expect, row.address, row.port) == (expect, address, 0 if proto == "icmp" else PROBE_PORT)


@pytest.mark.parametrize(("source", "expect"), [("app", REACHED), ("db", BLOCKED), ("batch", BLOCKED), ("q1", REACHED), ("web", REACHED)])
def test_a_published_port_for_sandboxes_of_the_host(source: str, expect: str) -> None:
    row = one(f"node1/{source}", "node1/web", kind="published")
    assert (row.expect, row.address, row.port, row.listener) == (expect, "198.18.0.2", 8080, 80)


def test_a_published_port_is_no_way_round_icc_false() -> None:
    assert one("node1/q2", "node1/q1", "udp", "hairpin").expect == BLOCKED


def test_a_published_port_for_hosts() -> None:
    assert {(row.address, row.port, row.kind) for row in find(ROWS, "node1/", "node1/web") if row.kind != "host"} == {
        ("127.0.0.1", 8080, "loopback"),
        ("198.18.0.2", 8080, "published"),
        ("127.0.0.1", 8443, "loopback"),
    }
    open_port, shut = sorted(find(ROWS, "node2/", "node1/web"), key=lambda row: row.port)
    assert (open_port.port, open_port.expect, open_port.peer) == (8080, REACHED, "198.18.0.3")
    assert (shut.port, shut.expect, shut.address, shut.peer) == (8443, BLOCKED, "198.18.0.2", None)


def test_a_shut_port_has_two_controls_the_listener_and_the_way_to_its_host() -> None:
    shut = next(row for row in find(ROWS, "node2/", "node1/web") if row.expect == BLOCKED)
    inside, way = (ROWS[number] for number in shut.controls)
    assert (inside.source, inside.target, inside.address, inside.listener) == (("node1", ""), ("node1", "web"), "127.0.0.1", shut.listener)
    assert (way.source, way.target, way.address, way.kind) == (("node2", ""), ("node1", ""), "198.18.0.2", "underlay")


def test_a_port_that_another_sandbox_publishes_to_the_outside_is_not_shut() -> None:
    both = host([FRONT], a=on("front=172.18.0.2", ports=["127.0.0.1:80:80/tcp"]), b=on("front=172.18.0.3", ports=["198.18.0.2:80:80/tcp"]))
    assert [row.expect for row in find(prove(node1=both, node2=Declaration()), "node2/", "node1/a")] == []


@pytest.mark.parametrize("proto", ["icmp", "tcp", "udp"])
@pytest.mark.parametrize(("source", "expect"), [("app", REACHED), ("web", REACHED), ("db", BLOCKED), ("batch", BLOCKED)])
def test_the_way_out(source: str, expect: str, proto: str) -> None:
    row = one(f"node1/{source}", "node2/", proto)
    assert (row.kind, row.expect, row.address) == ("egress", expect, "198.18.0.3")
    assert [ROWS[number].source for number in row.controls] == [("node1", "")]


def test_what_is_not_declared_has_no_row() -> None:
    assert not find(ROWS, "node1/raw", "node2/"), "without masquerading nobody has said whether answers come back"
    assert not any("cache" in (row.source[1], row.target[1]) or "agent" in (row.source[1], row.target[1]) for row in ROWS)
    assert not any(row.target[1] == "batch" for row in ROWS)


def test_every_must_not_has_a_control_that_asks_the_same_listener_at_the_same_address() -> None:
    for row in (row for row in ROWS if row.expect == BLOCKED):
        controls = [ROWS[number] for number in row.controls]
        assert controls and all(control.expect == REACHED for control in controls)
        if row.kind in ("icc", "isolation"):
            assert [(control.target, control.address, control.proto, control.port) for control in controls] == [(row.target, row.address, row.proto, row.port)]


def test_the_probe_port_avoids_what_is_published() -> None:
    taken = [f"0.0.0.0:{port}:{port}/tcp" for port in (PROBE_PORT, PROBE_PORT + 1)]
    rows = prove(node1=host([FRONT], a=on("front=172.18.0.2", ports=taken), b=on("front=172.18.0.3")), node2=host([FRONT], c=on("front=172.18.0.2")))
    assert [row.port for row in find(rows, "node1/b", "node1/a", kind="network")] == [PROBE_PORT + 2]
    assert [row.port for row in find(rows, "node2/c", "node1/")] == [PROBE_PORT + 2]


def test_a_single_host_has_no_way_out() -> None:
    assert not any(row.kind in ("egress", "underlay") for row in prove(node1=NODE1))


MODES = host(
    [
        network("front", 18),
        network("wide", 19, gateway_mode="nat-unprotected"),
        network("direct", 20, gateway_mode="routed"),
        network("inner", 21, internal=True),
        network("back", 22, reachable_from=("front", "direct")),
    ],
    a=on("front=172.18.0.2"),
    w=on("wide=172.19.0.2"),
    r=on("direct=172.20.0.2"),
    i=on("inner=172.21.0.2"),
    b=on("back=172.22.0.2"),
)


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("a", "w", {"icmp": "open", "tcp": "open"}),
        ("a", "r", {"icmp": "open", "tcp": "isolation"}),
        ("r", "w", {"icmp": "open", "tcp": "open"}),
        ("r", "a", {"icmp": "isolation", "tcp": "isolation"}),
        ("w", "a", {"icmp": "isolation", "tcp": "isolation"}),
        ("i", "w", {"icmp": "isolation", "tcp": "isolation"}),
        ("w", "i", {"icmp": "isolation", "tcp": "isolation"}),
        ("", "r", {"icmp": "host", "tcp": "host"}),
        ("a", "b", {"icmp": "reachable_from", "tcp": "reachable_from"}),
        ("r", "b", {"icmp": "reachable_from", "tcp": "reachable_from"}),
        ("w", "b", {"icmp": "isolation", "tcp": "isolation"}),
        ("b", "a", {"icmp": "isolation", "tcp": "isolation"}),
    ],
)
def test_who_reaches_a_sandbox_of_another_gateway_mode(source: str, target: str, expected: dict[str, str]) -> None:
    rows = prove(node1=MODES, node2=Declaration())
    found = {proto: find(rows, f"node1/{source}", f"node1/{target}", proto) for proto in expected}
    assert {proto: {row.kind for row in of} for proto, of in found.items()} == {proto: {kind} for proto, kind in expected.items()}
    assert all((row.expect == BLOCKED) == (row.kind == "isolation") for of in found.values() for row in of)


def test_whether_a_routed_network_gets_an_answer_from_outside_is_not_declared() -> None:
    rows = prove(node1=MODES, node2=Declaration())
    assert find(rows, "node1/w", "node2/", kind="egress") and not find(rows, "node1/r", "node2/", kind="egress")
