# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy in DOCKER-USER with the real iptables, in both its forms: what it writes, what it leaves alone, and that it finds its own again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.converge import Outcome, converge, predict
from ansible_collections.mooring.cnm.plugins.module_utils.docker_user import describe_policy, find_policy
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.policy_rules import places
from ansible_collections.mooring.cnm.plugins.module_utils.firewall import run as firewall
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.ground import read_forms
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.insets import observe_insets
from ansible_collections.mooring.cnm.plugins.module_utils.state.fault import Fault
from pyroute2 import IPSet

from .conftest import Host
from .topologies import BACK, DB, FRONT, WEB, declare
from .topologies import run as run_topology

# Each key, and each way to write it.
EVERYTHING: list[dict[str, Any]] = [
    {"ctstate": ["established", "related"], "action": "return"},
    {
        "source": ["192.0.2.0/24", "198.51.100.7", "2001:db8::/32"],
        "in_interface": "eth0",
        "published": [8080, "5000-5005"],
        "action": "accept",
        "comment": "the office",
    },
    {"source": "!203.0.113.1-203.0.113.9", "destination": "!172.17.0.0/16", "action": "drop"},
    {"protocol": "udp", "target": 53, "out_interface": "docker+", "in_interface": "!lo", "action": "reject"},
    {"protocol": "tcp", "host_ip": "198.51.100.2", "published": "443", "limit": "10/second", "limit_burst": 20, "action": "return"},
    {"protocol": "icmp", "limit": "60/hour", "limit_burst": 5, "log": "ping: ", "action": "drop"},
    {"log": True, "limit": "5/minute", "family": "ipv6"},
    *({"log": "rate", "limit": rate} for rate in ("7/second", "3000/second", "60/minute", "7/minute", "24/day")),
    {"protocol": "tcp", "target": "80", "action": "reject", "reject_with": "tcp-reset"},
    {"action": "reject", "reject_with": "admin-prohibited", "in_interface": "eth9", "comment": 'say "it\'s" \\ ours'},
    {"raw": "-m time --timestart 08:00 --timestop 18:00 -j RETURN", "family": "ipv4", "comment": "by day"},
    {"raw": "-p tcp -m multiport --dports 80,443 -j ACCEPT"},
]
DROP = [{"in_interface": "eth0", "action": "drop"}]


@pytest.fixture(params=["nft", "legacy"])
def here(host: Host, request: pytest.FixtureRequest) -> Iterator[Host]:
    host.use_iptables(request.param)
    yield host


def policy(rules: list[dict[str, Any]], position: str = "first", check: bool = False, fleet: str = "default") -> Outcome:
    wanted, problems = find_policy(rules, fleet, position, read_forms())
    assert not problems
    return (predict if check else converge)(wanted, fleet, observe_insets(places(fleet, position)))


def after(outcome: Outcome, position: str = "first") -> list[dict[str, Any]]:
    return describe_policy(outcome.after, position)["rules"]


def chain(host: Host, name: str = "DOCKER-USER", family: str = "") -> list[str]:
    return [line for line in host.sh(f"ip{family}tables -S {name} 2>/dev/null").splitlines() if line.startswith("-A")]


def saved(host: Host) -> str:
    """All rules of both families, without the comments that say when they were saved."""
    return host.sh("iptables-save | grep -v '^#'; ip6tables-save | sed -n 's/^[^#]/6 &/p'")


def test_everything_is_written_once_and_found_again(here: Host) -> None:
    predicted, done = policy(EVERYTHING, check=True), policy(EVERYTHING)
    assert predicted.ops == done.ops and after(predicted) == after(done)
    assert policy(EVERYTHING).ops == ()
    # what it says of itself, given back, changes nothing
    assert policy(after(done)).ops == ()
    assert after(policy(after(done))) == after(done)
    assert here.sh("iptables -S FORWARD").splitlines()[1:] == ['-A FORWARD -m comment --comment "cnm:default:docker_user" -j DOCKER-USER']
    four, six = chain(here), chain(here, family="6")
    assert all("cnm:default:docker_user" in line for line in four + six)
    assert any("--ctorigdstport 5000:5005 --ctdir ORIGINAL" in line and "2001:db8::/32" in line for line in six)
    assert policy(EVERYTHING[1:]).ops == (
        "change rules of ours in DOCKER-USER (ipv4): +0 -1 rules",
        "change rules of ours in DOCKER-USER (ipv6): +0 -1 rules",
    )
    policy([])
    assert "DOCKER-USER" not in saved(here)


def test_others_keep_their_place_and_the_return_stays_last(here: Host) -> None:
    here.sh("iptables -N DOCKER && iptables -N DOCKER-USER && iptables -A FORWARD -j DOCKER-USER")
    here.sh("for number in 1 2 3; do iptables -A DOCKER-USER -s 10.0.0.$number -j ACCEPT; done; iptables -A DOCKER-USER -j RETURN")
    theirs = chain(here)
    before = saved(here)
    rules = [{**DROP[0], "family": "ipv4"}, {"published": 80, "action": "return", "family": "ipv4"}]
    policy(rules)
    assert chain(here)[2:] == theirs and "eth0" in chain(here)[0]
    assert policy(rules, "last").ops == ("change rules of ours in DOCKER-USER (ipv4): last among those of others",)
    assert chain(here)[:3] == theirs[:3] and "eth0" in chain(here)[3] and chain(here)[5] == "-A DOCKER-USER -j RETURN"
    # somebody writes at the top and at the end
    here.sh("iptables -I DOCKER-USER -s 10.0.0.9 -j DROP; iptables -A DOCKER-USER -s 10.0.0.8 -j DROP")
    assert policy(rules).ops and "eth0" in chain(here)[0]
    assert [line.split()[3] for line in chain(here)[2:] if "-s" in line] == [f"10.0.0.{number}/32" for number in (9, 1, 2, 3, 8)]
    here.sh("iptables -D DOCKER-USER -s 10.0.0.9 -j DROP; iptables -D DOCKER-USER -s 10.0.0.8 -j DROP")
    policy([])
    assert saved(here) == before


def test_a_jump_that_lost_its_place_is_moved_and_others_are_not(here: Host) -> None:
    """As Docker 20.10 leaves it after a reload of firewalld, and as it comes to a host on which the policy was first."""
    policy(DROP)
    here.sh("iptables -N DOCKER; iptables -I FORWARD -j DOCKER-USER; iptables -I FORWARD -j DOCKER; iptables -A FORWARD -s 10.0.0.1 -j DOCKER-USER")
    assert policy(DROP).ops == ("change rules of ours in DOCKER-USER (ipv4): FORWARD leads there first",)
    assert chain(here, "FORWARD") == ["-A FORWARD -j DOCKER-USER", "-A FORWARD -j DOCKER", "-A FORWARD -s 10.0.0.1/32 -j DOCKER-USER"]
    policy([])
    assert chain(here, "FORWARD") == ["-A FORWARD -j DOCKER-USER", "-A FORWARD -j DOCKER", "-A FORWARD -s 10.0.0.1/32 -j DOCKER-USER"]


def test_two_fleets_and_a_topology_leave_each_other_alone(here: Host) -> None:
    policy(DROP)
    policy([{"source": "10.0.0.1", "action": "accept"}], fleet="other")
    topology = declare(FRONT, BACK, WEB, DB)
    run_topology(topology)
    assert (policy(DROP).ops, policy([{"source": "10.0.0.1", "action": "accept"}], fleet="other").ops, run_topology(topology).ops) == ((), (), ())
    policy([], fleet="other")
    assert policy(DROP).ops == () and run_topology(topology).ops == ()


@pytest.mark.parametrize("others", ["true", "iptables -A FORWARD -j REJECT", "iptables -P FORWARD DROP"])
def test_a_policy_that_drops_the_rest_stays_before_a_topology(here: Host, others: str) -> None:
    """What our networks need goes before a drop of somebody else's, and not before that of the policy."""
    here.sh(others)
    rules, topology = [{"ctstate": "established", "action": "return"}, {"action": "drop"}], declare(FRONT, BACK, WEB, DB)
    policy(rules)
    run_topology(topology)
    policy(rules)
    assert [line.split()[-1] for line in chain(here, "FORWARD")][:2] == ["DOCKER-USER", "CNM-FORWARD"]
    assert (run_topology(topology).ops, policy(rules).ops) == ((), ())


def test_a_restore_that_fails_leaves_what_stood(here: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """IPv4 is written, then IPv6 fails: what was written is put back."""
    policy(DROP)
    before, restore = saved(here), firewall.restore

    def fail(family: str, text: str, form: str = "") -> None:
        if family == "ipv6" and "eth1" in text:
            raise Fault("the firewall rules", "write", "the disk is full")
        restore(family, text, form)

    monkeypatch.setattr(firewall, "restore", fail)
    with pytest.raises(Fault, match="the disk is full.*What stood before was put back"):
        policy([{"in_interface": "eth1", "action": "drop"}])
    assert saved(here) == before


def test_what_only_the_host_knows_is_told_beforehand(here: Host) -> None:
    rules = [{"raw": "-m nothing -j DROP"}, {"source_set": "office", "action": "drop"}, {"raw": "-p tcp -j DROP"}, {"raw": "-j NOWHERE", "family": "ipv4"}]
    problems = find_policy(rules, "default", "first", read_forms())[1]
    assert [one.path for one in problems] == ["cnm_docker_user[1].source_set", *["cnm_docker_user[0].raw"] * 2, "cnm_docker_user[3].raw"]
    assert "ipset create" in problems[0].message and "nothing" in problems[1].message


def test_a_rule_is_of_the_family_of_its_set(here: Host) -> None:
    with IPSet() as sets:
        sets.create("office", stype="hash:net")
    done = policy([{"source_set": "office", "action": "drop"}])
    assert [line for line in saved(here).splitlines() if "office" in line] == chain(here) and policy(after(done)).ops == ()
    problems = find_policy([{"source_set": "office", "family": "ipv6", "action": "drop"}], "default", "first", read_forms())[1]
    assert [one.path for one in problems] == ["cnm_docker_user[0].source_set"] and "it is a set of ipv4" in problems[0].message
