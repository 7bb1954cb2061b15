# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with a Docker engine in a fleet: planned, converged, proven, kept over restarts, and left as Docker alone has it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from .engine import EngineHost, Pair
from .engines import ENGINE

POLICY = [
    {"ctstate": ["established", "related"], "action": "return"},
    {"in_interface": "eth0", "published": 8080, "source": "203.0.113.0/24", "action": "return", "comment": "the office"},
    {"in_interface": "eth0", "published": 8080, "action": "drop"},
]
DECLARED = {
    "cnm_networks": {"front": {"reachable_from": ["docker:other"]}, "back": {"internal": True}},
    "cnm_sandboxes": {"app": {"networks": ["front", "back"], "ports": ["9090:90"]}, "store": {"networks": ["back"]}},
    "cnm_docker_user__office": POLICY[:2],
    "cnm_docker_user": POLICY[2:],
    "cnm_persist": True,
}


# What somebody does who empties the chains of the policy, and of the guard of our networks.
EMPTY = "iptables -F DOCKER-USER; iptables -t mangle -F CNM-FORWARD"
if ENGINE.nftables:
    EMPTY = "nft flush table ip cnm-default; nft flush table inet cnm-default"


def everything(host: EngineHost) -> tuple[list[str], list[str], str]:
    """What Docker alone has too: rules, links and namespaces."""
    links = [one["ifname"] for one in json.loads(host.sh("ip -j link"))]
    return [line for line in host.rules() if line.startswith("-")], sorted(links), host.sh("ls /run/netns 2>/dev/null || true")


def policy_lines(host: EngineHost) -> list[str]:
    return [line for line in host.policy() if "cnm:" in line]


def is_let_in(host: EngineHost) -> bool:
    """Whether the container on Docker's network other reaches app at its own address."""
    address = host.sh("ip netns exec app ip -4 route get 203.0.113.1 | sed -n 's/.* src \\([0-9.]*\\).*/\\1/p'").strip()
    host.start("web")
    return host.asks((address, 90), inside=host.entering("web")) == ["app"]


def wait_for_unit(host: EngineHost, since: str) -> None:
    """Until the unit after Docker has run again."""
    command = "systemctl show --property=InvocationID --value mooring-cnm-docker@default.service"
    host.sh(f'timeout 20 sh -c \'until [ "$({command})" != "{since}" ] && systemctl is-active -q mooring-cnm-docker@default; do sleep 0.05; done\'')


@pytest.fixture(scope="module")
def fleet(pair: Pair) -> Iterator[Pair]:
    """A container with a published port, on a network that Docker chose itself; then the site playbook."""
    pair.node1.start_engine()
    pair.node1.sh("docker network create other")
    pair.node1.container("web", "-p 8080:80 --network other")
    yield pair


def test_from_the_first_run_to_the_last(fleet: Pair) -> None:
    node1, node2 = fleet.node1, fleet.node2
    alone = everything(node1)
    fleet.declare(**DECLARED)
    done = fleet.play("mooring.cnm.site")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "unproven: 0" in done.stdout
    node1.serve("app", 90, "ip netns exec app")

    # the plan kept away from what Docker has, and Docker keeps away from what we have
    ours = {ip_network(text) for text in re.findall(r"subnets:\n    - (\S+)", (fleet.folder / ".cnm-ledger.yml").read_text())}
    node1.sh("docker network create third")
    theirs = {ip_network(text) for text in node1.sh("docker network inspect $(docker network ls -q) -f '{{range .IPAM.Config}}{{.Subnet}} {{end}}'").split()}
    assert (len(ours), len(theirs)) == (2, 3) and not [(one, other) for one in ours for other in theirs if one.overlaps(other)]
    node1.sh("docker network rm third")

    # Docker's own policy of FORWARD is DROP, and both sides are reached by their published ports, but for what the policy closes
    assert ("-P FORWARD DROP" in node1.sh("iptables -S FORWARD")) is not ENGINE.nftables
    assert is_let_in(node1) and len(policy_lines(node1)) == 3 and node1.policy_is_first()
    assert node2.asks((node1.address, 8080)) == [""]

    # a second run and drift find nothing to do; Docker starts anew and finds our rules at their place
    assert " changed=0 " in fleet.play("mooring.cnm.site").stdout
    before = policy_lines(node1)
    since = node1.sh("systemctl show --property=InvocationID --value mooring-cnm-docker@default.service").strip()
    node1.sh("systemctl restart docker")
    wait_for_unit(node1, since)
    assert policy_lines(node1) == before and node1.policy_is_first()
    assert fleet.play("mooring.cnm.drift").returncode == 0

    # somebody empties the chains: drift names it, and the unit puts it right when Docker starts anew, which it asks for the bridge of its network
    node1.sh(EMPTY)
    drift = fleet.play("mooring.cnm.drift")
    assert drift.returncode == 2 and node1.policy_in_words("+3 -0 rules") in drift.stdout
    since = node1.sh("systemctl show --property=InvocationID --value mooring-cnm-docker@default.service").strip()
    node1.sh("systemctl restart docker")
    wait_for_unit(node1, since)
    assert policy_lines(node1) == before and is_let_in(node1)

    # what is left after us is what Docker alone has
    node1.sh("systemctl stop serve-app-90")
    assert fleet.play("mooring.cnm.teardown").returncode == 0
    node1.sh("systemctl restart docker; docker start web")
    left = everything(node1)
    assert (sorted(left[0]), left[2]) == (sorted(alone[0]), alone[2])
    assert not [link for link in left[1] if link.startswith("cnm")]
