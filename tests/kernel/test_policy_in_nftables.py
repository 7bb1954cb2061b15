# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy beside Docker's nftables backend, which has no DOCKER-USER: a base chain of ours, with the real nft. And by packets, sets too, in all forms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.docker_user import find_policy
from ansible_collections.mooring.cnm.plugins.module_utils.firewall import run as firewall
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.ground import read_forms
from ansible_collections.mooring.cnm.plugins.module_utils.state.fault import Fault
from pyroute2 import IPSet

from .conftest import Host
from .sockets import Flow, Listener, answers, listening
from .test_docker_user import DROP, EVERYTHING, after, policy, saved

# As Docker 29.1 with --firewall-backend=nftables has it for one network: the bridge, a published port, and what nobody published.
DOCKER = """\
table ip docker-bridges {
    chain nat-PREROUTING { type nat hook prerouting priority dstnat; fib daddr type local tcp dport 8080-8081 dnat to 172.18.0.2:80; }
    chain filter-FORWARD {
        type filter hook forward priority filter; policy accept
        ct state established,related accept
        oifname "br-web" ip daddr 172.18.0.2 tcp dport 80 accept
        oifname "br-web" drop
    }
}
table ip6 docker-bridges { chain filter-FORWARD { type filter hook forward priority filter; }; }
"""
# Four clients on the bridge eth0, and a container that answers on port 80, published as 8080 and 8081.
GROUND = """\
set -e
sysctl -qw net.ipv4.ip_forward=1
ip link add eth0 type bridge && ip address add 192.0.2.1/24 dev eth0 && ip link set eth0 up
ip netns add web
for last in 2 3 4 5; do
  ip netns add c$last && ip link add v$last master eth0 up type veth peer name wire netns c$last
  ip -n c$last address add 192.0.2.$last/24 dev wire && ip -n c$last link set wire up
done
ip link add br-web type veth peer name eth0 netns web && ip address add 172.18.0.1/24 dev br-web && ip link set br-web up
ip -n web address add 172.18.0.2/24 dev eth0 && ip -n web link set eth0 up && ip -n web route add default via 172.18.0.1
"""
ANSWERED: dict[str, Any] = {"ctstate": ["established", "related"], "action": "return"}
TABLE = "cnm-default"
# All but what only iptables can carry: raw, and a quotation mark.
TYPED = [entry for entry in EVERYTHING if "raw" not in entry and '"' not in entry.get("comment", "")]
TYPED += [{"ctstate": ["new", "dnat"], "action": "return"}, {"protocol": "sctp", "target": "7-9", "action": "reject", "family": "ipv6"}]


@pytest.fixture
def docker(host: Host) -> Iterator[Host]:
    host.sh(f"nft -f - <<'END'\n{DOCKER}END")
    yield host


def tables(host: Host) -> str:
    return host.sh("nft -s list ruleset")


def test_everything_is_written_once_and_found_again(docker: Host) -> None:
    others = tables(docker)
    predicted, done = policy(TYPED, check=True), policy(TYPED)
    assert predicted.ops == done.ops and after(predicted) == after(done)
    assert [op.split(", ")[0] for op in done.ops] == [
        f"change rules of ours in DOCKER-USER of nftables ({family}): the chain is made" for family in ("ipv4", "ipv6")
    ]
    assert policy(TYPED).ops == () and policy(after(done)).ops == ()
    assert after(policy(after(done))) == after(done)
    assert docker.sh("iptables-save; ip6tables-save") == "", "it needs no chain of iptables"
    assert "hook forward priority filter - 10; policy accept;" in docker.sh(f"nft list chain ip {TABLE} DOCKER-USER")
    assert policy(TYPED[1:]).ops[0] == "change rules of ours in DOCKER-USER of nftables (ipv4): +0 -1 rules"
    policy([])
    assert tables(docker) == others


@pytest.mark.parametrize(
    "drift",
    [
        f"nft flush chain ip {TABLE} DOCKER-USER",
        f"nft delete table ip {TABLE}",
        f"nft insert rule ip {TABLE} DOCKER-USER ip saddr 10.0.0.1 counter accept",
        f"nft 'add table ip {TABLE} {{ flags dormant; }}'",
        f"nft 'delete chain ip {TABLE} DOCKER-USER; add chain ip {TABLE} DOCKER-USER {{ type filter hook forward priority 10; }}'",
    ],
)
def test_drift_is_repaired(docker: Host, drift: str) -> None:
    policy(DROP)
    stands = docker.sh(f"nft -s list table ip {TABLE}")
    docker.sh(drift)
    assert docker.sh(f"nft -s list table ip {TABLE}", check=False) != stands
    (op,) = policy(DROP).ops
    assert "(ipv4)" in op and docker.sh(f"nft -s list table ip {TABLE}") == stands and policy(DROP).ops == ()


def test_the_policy_follows_docker(host: Host) -> None:
    """It was there before Docker, in iptables, where nothing else said what Docker would use; and goes back when Docker does."""
    policy(DROP)
    first = saved(host)
    host.sh(f"nft -f - <<'END'\n{DOCKER}END")
    ops = sorted(op.split(" (")[0] for op in policy(DROP).ops)
    assert ops == [*["change rules of ours in DOCKER-USER of nftables"] * 2, *["remove rules of ours in DOCKER-USER"] * 2]
    assert "DOCKER-USER" not in saved(host) and "DOCKER-USER" in tables(host) and policy(DROP).ops == ()
    host.sh("nft delete table ip docker-bridges; nft delete table ip6 docker-bridges")
    assert policy(DROP).ops and saved(host) == first and TABLE not in tables(host)


def test_a_move_that_fails_leaves_what_stood(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules are in nftables already when those in iptables cannot be removed."""
    policy(DROP)
    before = saved(host)
    host.sh(f"nft -f - <<'END'\n{DOCKER}END")

    def fail(_family: str, _text: str, _form: str = "") -> None:
        raise Fault("the firewall rules", "write", "the disk is full")

    monkeypatch.setattr(firewall, "restore", fail)
    with pytest.raises(Fault, match="the disk is full.*What stood before was put back"):
        policy(DROP)
    assert saved(host) == before and TABLE not in tables(host)


def test_what_nftables_cannot_say_is_told_beforehand(docker: Host) -> None:
    rules = [
        {"raw": "-j DROP"},
        {"comment": 'the "office"', "action": "drop"},
        {"source_set": "office", "action": "drop"},
        {"comment": "x" * 127, "action": "drop"},
    ]
    problems = find_policy(rules, "default", "first", read_forms())[1]
    assert sorted(one.path for one in problems) == ["cnm_docker_user[0].raw", "cnm_docker_user[1]", "cnm_docker_user[2].source_set", "cnm_docker_user[3]"]
    (missing,) = (one.message for one in problems if one.path.endswith("source_set"))
    assert f"nft add set ip {TABLE} office" in missing
    docker.sh(f"nft add table ip {TABLE} && nft add set ip {TABLE} office '{{ type ipv4_addr; flags interval; }}'")  # as it says
    policy([{"source_set": "office", "action": "drop"}])
    policy([])
    assert "set office" in tables(docker) and "DOCKER-USER" not in tables(docker), "the set is the administrator's"


def who_reaches(expected: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Last byte of each client's address that reaches each published port. expected: who is worth waiting for."""
    flows = {(last, port): Flow(f"c{last}", "192.0.2.1", port) for last in (2, 3, 4, 5) for port in (8080, 8081)}
    with listening(Listener("web", 80)) as listeners:
        answered = answers(flows.values(), listeners, (flows[one] for one in expected))
    return {one for one, flow in flows.items() if flow in answered}


EVERYBODY = {(last, port) for last in (2, 3, 4, 5) for port in (8080, 8081)}
POLICIES: dict[str, tuple[list[dict[str, Any]], set[tuple[int, int]]]] = {
    "one address": ([{"in_interface": "eth0", "source": "!192.0.2.2", "action": "drop"}], {(2, 8080), (2, 8081)}),
    "a range": ([{"in_interface": "eth0", "source": "192.0.2.2-192.0.2.4", "action": "reject"}], {(5, 8080), (5, 8081)}),
    "a published port": ([{"published": 8081, "action": "drop"}], {(last, 8080) for last in (2, 3, 4, 5)}),
    "a port of the container": ([{"target": 80, "source": "192.0.2.5", "action": "reject", "reject_with": "tcp-reset"}], EVERYBODY - {(5, 8080), (5, 8081)}),
    "the host's address": ([{"host_ip": "192.0.2.1", "published": "8000-8080", "log": "seen ", "action": "drop"}], {(last, 8081) for last in (2, 3, 4, 5)}),
    "a set": (
        [{"source_set": "office", "action": "return"}, {"in_interface": "eth0", "action": "drop"}],
        {(last, port) for last in (2, 3) for port in (8080, 8081)},
    ),
    "all but a set": ([{"source_set": "!office", "published": 8080, "action": "drop"}], EVERYBODY - {(4, 8080), (5, 8080)}),
}


@pytest.mark.parametrize("backend", ["nft", "legacy", "nftables"])
def test_who_reaches_a_published_port(host: Host, backend: str) -> None:
    """Each policy in the place of the one before. The set is live: what is put into it while the policy stands counts at once."""
    host.sh(GROUND)
    if backend == "nftables":
        host.sh(f"nft -f - <<'END'\n{DOCKER}END")
        host.sh(f"nft add table ip {TABLE} && nft add set ip {TABLE} office '{{ type ipv4_addr; flags interval; elements = {{ 192.0.2.2/31 }}; }}'")
    else:
        host.use_iptables(backend)
        host.sh("iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -p tcp --dport 8080:8081 -j DNAT --to-destination 172.18.0.2:80")
        with IPSet() as sets:
            sets.create("office", stype="hash:net")
            sets.add("office", "192.0.2.2/31", etype="net")
    assert who_reaches(EVERYBODY) == EVERYBODY
    for name, (rules, reached) in POLICIES.items():
        policy([ANSWERED, *rules])
        assert who_reaches(reached) == reached, name
    policy([ANSWERED, *POLICIES["a set"][0]])
    if backend == "nftables":
        host.sh(f"nft add element ip {TABLE} office {{ 192.0.2.5 }}")
    else:
        with IPSet() as sets:
            sets.add("office", "192.0.2.5", etype="net")
    assert policy([ANSWERED, *POLICIES["a set"][0]]).ops == ()
    now = {(last, port) for last in (2, 3, 5) for port in (8080, 8081)}
    assert who_reaches(now) == now
    policy([])
    assert who_reaches(EVERYBODY) == EVERYBODY
