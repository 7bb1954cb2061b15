# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What carries the rules: chosen, changed, wiped by others and repaired, and beside chains of others that drop."""

from __future__ import annotations

import select
import socket
import time
from dataclasses import replace

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.describe import describe
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.firewall.judge import firewall_problems, judge, remarks
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.ground import read_sight
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.namespaces import inside
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Port
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same, dump, rules
from ansible_collections.mooring.cnm.tests.kernel.sockets import Connection, Flow, Listener, answers, listening
from ansible_collections.mooring.cnm.tests.kernel.topologies import BACK, DB, FRONT, WEB, changed, clear, declare, endpoint, run, sandbox

PORTS = (Port(8080, 80), Port(53, 53, "udp"), Port(9, 9, "sctp"))
DECLARED = declare(FRONT, BACK, replace(WEB, ports=PORTS), DB)
OUTSIDE = """
set -e
ip netns add remote && ip link add wan type veth peer name eth0 netns remote && ip addr add 198.51.100.1/24 dev wan && ip link set wan up
ip -n remote addr add 198.51.100.2/24 dev eth0 && ip -n remote link set eth0 up
"""
WIPES = {
    "flush ruleset": ("nft", "iptables", "nft flush ruleset"),
    "iptables -F": ("nft", "iptables", "for t in filter nat mangle; do iptables -t $t -F; done"),
    "iptables-legacy -F": ("legacy", "iptables", "for t in filter nat mangle; do iptables -t $t -F; iptables -t $t -X; done"),
    "flush ruleset, nftables": ("nft", "nftables", "nft flush ruleset"),
    "table deleted": ("nft", "nftables", "nft delete table inet cnm-default"),
    "table flushed": ("nft", "nftables", "nft flush table inet cnm-default"),
    "map flushed": ("nft", "nftables", "nft flush map inet cnm-default nat-CNM-PORTS-ipv4"),
    "port led elsewhere": (
        "nft",
        "nftables",
        "map='inet cnm-default nat-CNM-PORTS-ipv4'; nft delete element $map '{ tcp . 8080 }'; nft add element $map '{ tcp . 8080 : 10.0.0.1 . 1 }'",
    ),
    "stray rule": ("nft", "nftables", "nft insert rule inet cnm-default mangle-CNM-FORWARD-ipv4 tcp dport { 1, 2 } limit rate 5/second accept"),
    "stray base chain": ("nft", "nftables", "nft 'add chain inet cnm-default mine { type filter hook input priority 0; policy drop; }'"),
    "stray set": ("nft", "nftables", "nft 'add set inet cnm-default mine { type ipv4_addr; }'"),
    "policy of a base chain": ("nft", "nftables", "nft 'chain inet cnm-default mangle-FORWARD-ipv4 { policy drop; }'"),
    "sleeping table": ("nft", "nftables", "nft 'table inet cnm-default { flags dormant; }'"),
}


def everything(host) -> list[str]:
    """All rules of the host, whoever carries them."""
    return [*rules(host), *host.sh("nft list ruleset | grep -v '^table ip6\\? ' | sed -n '/^table inet/,$p'").splitlines()]


@pytest.mark.parametrize("name", WIPES)
def test_what_wipes_or_changes_our_rules_is_drift_that_is_repaired(host, name: str) -> None:
    form, firewall, command = WIPES[name]
    host.use_iptables(form)
    run(DECLARED, firewall=firewall)
    stood, connection = everything(host), Connection("web", "db", "172.20.0.3")
    host.sh(command)
    predicted = run(DECLARED, check=True, firewall=firewall)
    assert predicted.ops and all(one.split()[1] in ("chain", "jump", "table", "connections") for one in predicted.ops)
    describe(predicted.before, "default")
    assert run(DECLARED, firewall=firewall).ops == predicted.ops
    assert run(DECLARED, firewall=firewall).ops == ()
    assert everything(host) == stood
    connection.check()
    connection.close()


def test_another_backend_or_form_leaves_nothing_of_the_one_before(host) -> None:
    run(DECLARED, firewall="nftables")
    connection = Connection("web", "db", "172.20.0.3")
    alone = {}
    for form, firewall in (("nft", "nftables"), ("nft", "iptables"), ("legacy", "iptables"), ("nft", "nftables"), ("legacy", "nftables"), ("nft", "iptables")):
        host.use_iptables(form)
        outcome = run(DECLARED, firewall=firewall)
        assert not [one for one in outcome.ops if one.split()[1] not in ("chain", "jump", "table")]
        assert run(DECLARED, firewall=firewall).ops == ()
        stands = [everything(host), host.sh("iptables-legacy-save | grep -c CNM; iptables-nft-save | grep -c CNM; nft list tables | grep -c inet", check=False)]
        assert alone.setdefault((form if firewall == "iptables" else "", firewall), stands[1]) == stands[1]
        assert sorted(stands[1].split())[:2] == ["0", "0"]
        connection.check()
    connection.close()
    empty = clear()
    assert empty.ops
    assert "CNM" not in "".join(everything(host))


@pytest.mark.parametrize("firewall", ["iptables", "nftables"])
def test_a_udp_port_that_moves_takes_its_callers_along(host, firewall: str) -> None:
    """Who never stops sending to a port reaches where it leads now; who sends to another port is left alone."""
    host.sh(OUTSIDE)
    web, db = (replace(one, dns=(), extra_hosts=()) for one in (WEB, DB))
    at_web = declare(FRONT, BACK, replace(web, ports=(Port(53, 53, "udp"), Port(54, 54, "udp"))), db)
    at_db = declare(FRONT, BACK, replace(web, ports=(Port(54, 54, "udp"),)), replace(db, ports=(Port(53, 53, "udp"),)))
    run(at_web, firewall=firewall)
    with inside("remote"):
        callers = {port: socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for port in (53, 54)}
    with listening(*(Listener(name, port) for name in ("web", "db") for port in (53, 54))) as listeners:
        assert [_ask(callers[port], port, listeners) for port in callers] == ["web", "web"]
        moved = run(at_db, firewall=firewall)
        assert moved.ops[-1] == "forget connections to udp port 53 (ipv4)"
        assert run(at_db, firewall=firewall).ops == ()
        assert [_ask(callers[port], port, listeners) for port in callers] == ["db", "web"]
    for caller in callers.values():
        caller.close()


def _ask(caller: socket.socket, port: int, listeners: list[Listener]) -> str:
    """Who answers a datagram to a port of the host, from a socket that may have sent there before."""
    caller.sendto(b"?", ("198.51.100.1", port))
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline and not select.select([caller], [], [], 0.01)[0]:
        for one in listeners:
            one.serve()
    return caller.recv(100).decode().split()[0]


FOREIGN = {
    "policy": ("nft 'add table inet theirs; add chain inet theirs forward { type filter hook forward priority 0; policy drop; }'", "chain forward"),
    "last rule": (
        "nft 'add table inet theirs; add chain inet theirs fw { type filter hook forward priority 5; }; add chain inet theirs end;"
        " add rule inet theirs fw ct state established accept; add rule inet theirs fw jump end; add rule inet theirs end counter reject'",
        "chain fw",
    ),
}


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("firewall", ["iptables", "nftables"])
def test_a_chain_that_drops_and_takes_no_accept_is_named(host, name: str, firewall: str) -> None:
    command, chain = FOREIGN[name]
    host.sh(command)
    sight = read_sight()
    ground = judge(sight, firewall, "default")
    state = host_state(DECLARED, "default", ground=ground)
    (problem,) = firewall_problems(sight, ground, state)
    assert problem.path == "cnm_firewall" and f"the {chain} of table inet theirs drops what is forwarded" in problem.message
    for bridge in (one.name for one in state.objects.values() if getattr(one, "kind", "") == "bridge"):
        host.sh(f"nft insert rule inet theirs {chain.split()[1]} iifname {bridge} accept")
    sight = read_sight()
    assert firewall_problems(sight, judge(sight, firewall, "default"), state) == []  # somebody has thought of them


def test_what_the_host_and_docker_use_is_used(host) -> None:
    def chosen() -> tuple[str, str, str]:
        ground = judge(read_sight(), "auto", "default")
        return ground.backend, ground.form("ipv4"), ground.form("ipv6")

    assert chosen() == ("iptables", "nft", "nft")
    host.sh("iptables-legacy -A INPUT -j ACCEPT")
    assert chosen() == ("iptables", "legacy", "nft")
    run(DECLARED)
    assert chosen() == ("iptables", "legacy", "nft")
    host.sh("iptables-nft -P FORWARD DROP")
    ground = judge(read_sight(), "auto", "default")
    assert ground.form("ipv4") == "nft" and remarks(ground)[0].startswith("Both forms of iptables hold rules of others (ipv4): nft in ")
    host.sh("nft add table ip docker-bridges")
    assert chosen()[0] == "nftables"


@pytest.mark.parametrize("chain", ["FORWARD", "DOCKER-USER"])
@pytest.mark.parametrize("firewall", ["iptables", "nftables"])
def test_accepts_stand_where_others_drop(host, chain: str, firewall: str) -> None:
    """Docker's layout and policy, and a REJECT for all at the end of FORWARD."""
    host.sh(OUTSIDE + ("iptables -N DOCKER-USER; iptables -A FORWARD -j DOCKER-USER\n" if chain == "DOCKER-USER" else ""))
    host.sh("iptables -A FORWARD -i lo -j ACCEPT; iptables -A FORWARD -j REJECT; iptables -P FORWARD DROP")
    before = rules(host)
    run(DECLARED, firewall=firewall)
    assert run(DECLARED, firewall=firewall).ops == ()
    if firewall == "nftables":
        assert len([line for line in rules(host) if line.startswith(f"-A {chain} ") and "-j ACCEPT" in line and "cnm:default" in line]) == 4
    flow = Flow("remote", "198.51.100.1", 8080)
    with listening(Listener("web", 80)) as listeners:
        assert answers([flow], listeners, expected=[flow]) == {flow: "web 198.51.100.2"}
    host.sh("iptables -I FORWARD -j DROP")  # before ours
    assert firewall == "nftables" and chain == "DOCKER-USER" or run(DECLARED, firewall=firewall).ops
    assert run(DECLARED, firewall=firewall).ops == ()
    host.sh("iptables -D FORWARD -j DROP")
    clear()
    assert rules(host) == before


@pytest.mark.parametrize("firewall", ["iptables", "nftables"])
def test_a_thousand_ports_are_one_step(host, monkeypatch: pytest.MonkeyPatch, firewall: str) -> None:
    many = declare(FRONT, sandbox("web", endpoint("front", "172.20.0.2"), ports=tuple(Port(port, port) for port in range(20000, 21000))))
    run(many, firewall=firewall)
    assert run(many, firewall=firewall).ops == ()
    (change,) = run(changed(many, replace(many.sandboxes["web"], ports=many.sandboxes["web"].ports[:-1])), firewall=firewall).ops
    assert "+0 -1 rules" in change
    empty = clear()
    assert empty.ops


def test_both_families_of_a_host_without_rules_are_left_empty(host) -> None:
    before = dump(host)
    run(DECLARED, firewall="nftables")
    clear()
    check_same(before, lambda: dump(host))
    assert host.sh("nft list ruleset") == ""
