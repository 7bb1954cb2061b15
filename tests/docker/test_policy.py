# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy of DOCKER-USER before real containers: who reaches their published ports, by packets. The policies are those of the documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import yaml
from ansible_collections.mooring.cnm.plugins.modules.docker_user import EXAMPLES

from .engine import Pair
from .engines import ENGINE

ONE, NEIGHBOUR, OFFICE, OTHER = "192.168.1.1", "192.168.1.77", "203.0.113.9", "198.18.0.2"
WEB, DB = 8080, 5432
# The tasks of the module's examples, in their order, and who reaches which port then.
ONE_ADDRESS, ONE_NETWORK, PUBLISHED_PORTS, NONE = (task["mooring.cnm.docker_user"] for task in yaml.safe_load(EXAMPLES))
REACHED = {
    "one address": (ONE_ADDRESS, {(ONE, WEB), (ONE, DB)}),
    "one network": (ONE_NETWORK, {(ONE, WEB), (ONE, DB), (NEIGHBOUR, WEB), (NEIGHBOUR, DB)}),
    "published ports": (PUBLISHED_PORTS, {(ONE, WEB), (NEIGHBOUR, WEB), (OFFICE, WEB), (OTHER, WEB), (OFFICE, DB)}),
    "none": (NONE, {(source, port) for source in (ONE, NEIGHBOUR, OFFICE, OTHER) for port in (WEB, DB)}),
}


@pytest.fixture(scope="module")
def docker(pair: Pair) -> Iterator[Pair]:
    """Two containers with published ports, and a client of four addresses."""
    pair.node1.start_engine()
    pair.node1.container("web", "-p 8080:80")
    pair.node1.container("db", "-p 5432:5432", port=5432)
    for address in (ONE, NEIGHBOUR, OFFICE):
        pair.node2.sh(f"ip address add {address}/32 dev lo")
        pair.node1.sh(f"ip route add {address}/32 via {OTHER}")
    yield pair
    for address in (ONE, NEIGHBOUR, OFFICE):
        pair.node2.sh(f"ip address del {address}/32 dev lo")
        pair.node1.sh(f"ip route del {address}/32")


# What is told first where the chain is not there yet.
MADE = "the chain is made, the hook forward leads there first, " if ENGINE.nftables else ""


def who_reaches(pair: Pair) -> set[tuple[str, int]]:
    names = {WEB: "web", DB: "db"}
    tries = [(source, port) for source in (ONE, NEIGHBOUR, OFFICE, OTHER) for port in names]
    answers = pair.node2.asks(*((pair.node1.address, port, source) for source, port in tries))
    return {(source, port) for (source, port), answer in zip(tries, answers, strict=True) if answer == names[port]}


@pytest.mark.parametrize("name", REACHED)
def test_the_documented_policies(docker: Pair, name: str) -> None:
    policy, reached = REACHED[name]
    node1 = docker.node1
    others = [line for line in node1.rules() if line.startswith("-A") and "cnm:" not in line]
    predicted, done = (docker.module("docker_user", check, **policy) for check in (True, False))
    assert (predicted["ops"], predicted["after"]) == (done["ops"], done["after"]) and done["changed"]
    assert who_reaches(docker) == reached
    # what a container asks itself is answered; Docker's own rules are as they were, and its RETURN, which it has until 28.1, is the last
    node1.sh("docker exec web ping -c 1 -W 1 198.18.0.2")
    assert [line for line in node1.rules() if line.startswith("-A") and "cnm:" not in line] == others
    if ENGINE.release < (28, 2):
        assert node1.policy()[-1] == "-A DOCKER-USER -j RETURN"
    again = docker.module("docker_user", **done["after"])
    assert (again["changed"], again["ops"], again["before"]) == (False, [], done["after"])


def test_the_policy_stands_while_docker_starts_anew(docker: Pair) -> None:
    policy, reached = REACHED["published ports"]
    docker.module("docker_user", **policy)
    docker.node1.sh("systemctl restart docker")
    docker.node1.start("web", "db")
    assert docker.node1.policy_is_first() and who_reaches(docker) == reached
    assert docker.module("docker_user", **policy)["ops"] == []
    docker.module("docker_user", state="absent")


def test_the_role_converges_changes_refuses_and_removes(docker: Pair) -> None:
    playbook = docker.folder / "role.yml"
    playbook.write_text("- {hosts: node1, gather_facts: false, roles: [mooring.cnm.docker_user]}\n")
    docker.declare(
        cnm_docker_user=[{"in_interface": "eth0", "action": "drop", "family": "ipv4"}],
        cnm_docker_user__web=[{"in_interface": "eth0", "published": WEB, "action": "return", "family": "ipv4"}],
        cnm_docker_user__answers=[{"ctstate": "established", "action": "return", "family": "ipv4"}],
        cnm_docker_user_position="last",
    )
    node1 = docker.node1
    predicted, done = docker.play(str(playbook), "--check", "--diff"), docker.play(str(playbook), "--diff")
    assert node1.policy_in_words(f"{MADE}+3 -0 rules") in predicted.stdout and done.returncode == 0, done.stdout + done.stderr
    order = [word for line in node1.policy() if "cnm:" in line for word in re.findall("return|drop", line.lower())]
    assert order == ["return", "return", "drop"] and who_reaches(docker) == {(source, WEB) for source in (ONE, NEIGHBOUR, OFFICE, OTHER)}
    assert " changed=0 " in docker.play(str(playbook)).stdout
    # changed: one rule more in the place of its group; the other rules stay, and it says so before
    docker.declare(
        cnm_docker_user=[{"in_interface": "eth0", "action": "drop", "family": "ipv4"}],
        cnm_docker_user__web=[{"in_interface": "eth0", "published": [WEB, DB], "action": "return", "family": "ipv4"}],
        cnm_docker_user__answers=[{"ctstate": "established", "action": "return", "family": "ipv4"}],
        cnm_docker_user_position="last",
    )
    # Somebody uses the other form of iptables too, whose rules these are not: every run says so, and where they lie.
    node1.sh("iptables-legacy -A INPUT -i lo -j ACCEPT")
    predicted, done = docker.play(str(playbook), "--check", "--diff"), docker.play(str(playbook), "--diff")
    node1.sh("iptables-legacy -D INPUT -i lo -j ACCEPT")
    assert all(node1.policy_in_words("+1 -0 rules") in one.stdout for one in (predicted, done))
    said = " ".join((done.stdout + done.stderr).split())
    # Where Docker's are in nftables, one form is in use.
    assert ("Both forms of iptables hold rules of others (ipv4)" in said and "legacy in filter INPUT" in said) is not ENGINE.nftables
    assert docker.node2.asks((node1.address, DB, OTHER), (node1.address, WEB, OFFICE)) == ["db", "web"]
    docker.declare(cnm_docker_user=[{"action": "deny", "source": "192.168.1.1/24"}, {"raw": "-m nothing -j DROP"}])
    refused = docker.play(str(playbook))
    assert refused.returncode == 2 and "cnm_docker_user[0].action" in refused.stdout and "write 192.168.1.0/24" in refused.stdout
    assert sum("cnm:" in line for line in node1.policy()) == 4
    docker.play(str(playbook), "-e", "docker_user_state=absent")
    assert not [line for line in node1.rules() if "cnm" in line]
