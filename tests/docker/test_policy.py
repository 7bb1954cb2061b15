# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy of DOCKER-USER before real containers: who reaches their published ports, by packets. The policies are those of the documentation."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml
from ansible_collections.mooring.cnm.plugins.modules.docker_user import EXAMPLES

from .engine import Pair

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
    # what a container asks itself is answered; Docker's own rules are as they were, and its RETURN is the last
    node1.sh("docker exec web ping -c 1 -W 1 198.18.0.2")
    assert [line for line in node1.rules() if line.startswith("-A") and "cnm:" not in line] == others
    assert node1.sh("iptables -S DOCKER-USER").splitlines()[-1] == "-A DOCKER-USER -j RETURN"
    again = docker.module("docker_user", **done["after"])
    assert (again["changed"], again["ops"], again["before"]) == (False, [], done["after"])
