# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a power cut the policy of DOCKER-USER is back too; and where sets that it names are not there, it is closed, and all else is back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import SANDBOXES, UNIT, Fleet, difference, dump
from .test_boot import journal

PORTS = (8080, 8090)
ANSWERED: dict[str, Any] = {"ctstate": ["established", "related"], "action": "return"}
OF_SETS = [
    ANSWERED,
    {"source_set": "blocked", "log": "blocked: ", "limit": "5/minute"},
    {"in_interface": "eth0", "published": 8090, "source_set": "blocked", "action": "drop"},
    {"in_interface": "eth0", "published": 8080, "source_set": "office", "action": "return"},
    {"in_interface": "eth0", "published": 8080, "action": "drop"},
]
# node2 is in the one and not in the other. The program ipset need not be there.
MAKE_SETS = """\
from pyroute2 import IPSet
with IPSet() as sets:
    for name, address in (("office", "198.18.0.2"), ("blocked", "198.18.0.99")):
        sets.create(name, stype="hash:ip")
        sets.add(name, address)
"""
# As a file of rules of iptables that somebody restores may end.
REJECTS = f"[Unit]\nBefore={UNIT}\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=iptables -A FORWARD -j REJECT\n"
# As the package of that name has it, but for what it reads: nothing in it says that we wait for it.
IPSET = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/bin/python3 /usr/local/bin/make_sets\n[Install]\nWantedBy=multi-user.target\n"


@pytest.fixture
def with_policy(fleet: Fleet) -> Iterator[Fleet]:
    """The fleet with a sandbox that publishes two ports. What a test declares as the policy is taken out of the hosts again."""
    for name in ("node1", "node2"):
        fleet.host(name).check_output("printf %s > /usr/local/bin/make_sets", MAKE_SETS)
    yield fleet
    fleet.declare(cnm_docker_user=[])
    done = fleet.play()
    assert done.status == 0, done.text


def declare(fleet: Fleet, rules: list[dict[str, Any]]) -> None:
    fleet.declare(cnm_docker_user=rules, cnm_sandboxes={**SANDBOXES, "web": {**SANDBOXES["web"], "ports": [f"{port}:80" for port in PORTS]}})
    done = fleet.play()
    assert done.status == 0, done.text


def reached(fleet: Fleet) -> list[int]:
    """The ports of node1 at which node2 is answered."""
    node1 = fleet.host("node1")
    node1.check_output("systemctl is-active --quiet answer || systemd-run --quiet --collect --unit answer ip netns exec web python3 -m http.server 80")
    node1.check_output("until ip netns exec web bash -c '</dev/tcp/127.0.0.1/80' 2>/dev/null; do sleep 0.05; done")
    return [port for port in PORTS if fleet.host("node2").run(f"timeout 1 bash -c '</dev/tcp/198.18.0.1/{port}'").rc == 0]


def policy_of(fleet: Fleet) -> list[str]:
    """The rules of IPv4 in DOCKER-USER, without our mark."""
    mark = ' -m comment --comment "cnm:default:docker_user"'
    return [line.replace(mark, "") for line in fleet.host("node1").check_output("iptables -S DOCKER-USER").splitlines()[1:]]


def test_a_policy_is_as_it_was(with_policy: Fleet) -> None:
    """Its last rule drops all that is left, and somebody else's chain ends so too: the policy is before what our networks need there."""
    host = with_policy.host("node1")
    host.check_output("printf %s > /etc/systemd/system/early.service", REJECTS)
    host.check_output("mkdir -p /etc/systemd/system/%s.wants && ln -sf ../early.service /etc/systemd/system/%s.wants/", UNIT, UNIT)
    host.check_output("systemctl daemon-reload && systemctl start early")
    declare(with_policy, [ANSWERED, {"in_interface": "eth0", "published": 8080, "source": "198.18.0.2", "action": "return"}, {"action": "drop"}])
    before = dump(host)
    assert reached(with_policy) == [8080]
    assert with_policy.power("rebooted", "node1")["warnings"] == []
    assert not difference(before, dump(host))
    assert reached(with_policy) == [8080]
    again = with_policy.play("--diff")
    assert again.changed == {0}, again.text
    host.check_output("rm -r /etc/systemd/system/%s.wants /etc/systemd/system/early.service; iptables -D FORWARD -j REJECT; systemctl daemon-reload", UNIT)


def test_a_policy_whose_sets_are_missing_is_closed_and_the_rest_is_there(with_policy: Fleet) -> None:
    host = with_policy.host("node1")
    for name in ("node1", "node2"):
        with_policy.host(name).check_output("python3 /usr/local/bin/make_sets")
    declare(with_policy, OF_SETS)
    before = dump(host)
    assert reached(with_policy) == [8080, 8090]

    [warning] = with_policy.power("rebooted", "node1")["warnings"]
    assert UNIT in warning
    assert {*SANDBOXES} <= set(host.check_output("ls /run/netns").split())
    host.check_output("ip netns exec db ping -c 1 -W 1 web")
    shut = ["-p tcp -m conntrack --ctorigdstport 8090", "-p tcp -m conntrack --ctorigdstport 8080"]
    answered, *closed = policy_of(with_policy)
    assert "ESTABLISHED" in answered and [line.rpartition(" --ctdir")[0] for line in closed] == [f"-A DOCKER-USER -i eth0 {one}" for one in shut]
    assert all(line.endswith("-j DROP") for line in closed)
    assert reached(with_policy) == []
    said = journal(with_policy, "node1")
    assert [(line.split(": ")[:2], line.rpartition("Until then ")[2]) for line in said[:3]] == [
        (["cnm_docker_user[1].source_set", "blocked"], "the rule is left out."),
        (["cnm_docker_user[2].source_set", "blocked"], "the rule drops whatever its other conditions match."),
        (["cnm_docker_user[3].source_set", "office"], "the rule is left out."),
    ]
    assert said[-1].endswith("Make the sets that are missing, then: systemctl restart mooring-cnm@default")
    assert host.check_output("systemctl show --property=ExecMainStatus --value %s", UNIT) == "1"

    # a run refuses as ever, before anything is changed
    refused = with_policy.play()
    assert refused.status != 0 and "there is no ipset of this name on the host" in " ".join(refused.text.split()), refused.text
    assert "TASK [mooring.cnm.topology : Converge]" not in refused.text and policy_of(with_policy) == [answered, *closed]
    # as the journal says
    host.check_output("python3 /usr/local/bin/make_sets && systemctl restart mooring-cnm@default")
    assert not difference(before, dump(host)) and reached(with_policy) == [8080, 8090]
    # and by the service that restores sets, which comes before the unit
    host.check_output("printf %s > /etc/systemd/system/ipset.service && systemctl enable ipset", IPSET)
    assert with_policy.power("rebooted", "node1")["warnings"] == []
    assert not difference(before, dump(host)) and reached(with_policy) == [8080, 8090]
    host.check_output("systemctl disable ipset && rm /etc/systemd/system/ipset.service && systemctl daemon-reload")
