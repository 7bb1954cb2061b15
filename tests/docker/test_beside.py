# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of ours and of Docker on one host: each works as if it were alone, and neither reaches into the other, whichever came first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from .engine import EngineHost, Pair
from .engines import ENGINE

TOPOLOGY: dict[str, Any] = {
    "networks": {"front": {"ipam": {"config": [{"subnet": "172.30.0.0/24", "gateway": "172.30.0.1"}]}}},
    "sandboxes": {"app": {"networks": {"front": {"ipv4_address": "172.30.0.10"}}, "ports": ["9090:90"]}},
}
POLICY = [{"in_interface": "eth0", "published": 8081, "action": "drop"}]
# What answers whom. The other side's own addresses answer nobody, its published ports everybody, but for the one that the policy closes.
EXPECTED = {
    "remote": {"web's port": "web", "web's closed port": "", "app's port": "app"},
    "sandbox": {"outside": "node2", "web's port": "web", "web": "", "db": ""},
    "container": {"outside": "node2", "app's port": "app", "app": "", "app, another port": ""},
    "host": {"web": "web", "web's closed port": "web", "db": "db", "app": "app", "app, another port": "app"},
}
BRIDGES_ARE_KNOWN = [f"change chain CNM-FORWARD of table {table} (ipv4): +{count} -0 rules" for table, count in (("filter", 3), ("mangle", 2))]
# Built-in chains as they are born, with the table, when iptables first looks at it.
UNTOUCHED = {f":{name} ACCEPT" for name in ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")}
OUTSIDE = """\
import socketserver
class Answer(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"node2\\n")
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("", 7000), Answer).serve_forever()
"""


@pytest.fixture(scope="module")
def outside(pair: Pair) -> Iterator[Pair]:
    """Somebody outside who answers."""
    pair.node2.write("/run/outside.py", OUTSIDE)
    pair.node2.sh("systemd-run --quiet --unit outside python3 /run/outside.py")
    pair.node2.wait_for_listener(7000)
    yield pair
    pair.node2.sh("systemctl stop outside")


@pytest.fixture
def host(outside: Pair) -> Iterator[Pair]:
    """node1 with nothing of ours or of Docker on it."""
    node1 = outside.node1
    yield outside
    outside.module("topology", state="absent")
    outside.module("docker_user", state="absent")
    node1.without_engine()
    node1.use_iptables("nft")


def start_docker(host: EngineHost, options: str = "") -> None:
    host.start_engine(options)
    if host.sh("docker ps --all --quiet"):
        host.start("web", "db")
    else:
        host.container("web", "-p 8080:80 -p 8081:80")
        host.sh("docker network create --subnet 10.77.0.0/24 other")
        host.container("db", "--network other --ip 10.77.0.5", port=54)


def start_ours(pair: Pair) -> None:
    done = pair.module("topology", **TOPOLOGY)
    assert not done.get("failed"), done
    pair.module("docker_user", rules=POLICY)
    for port in (90, 91):
        pair.node1.serve("app", port, "ip netns exec app")


def who_answers(pair: Pair) -> dict[str, dict[str, str]]:
    node1 = pair.node1
    web = node1.sh("docker inspect -f '{{.NetworkSettings.Networks.bridge.IPAddress}}' web").strip()
    at = {"outside": ("198.18.0.2", 7000), "web's port": ("198.18.0.1", 8080), "app's port": ("198.18.0.1", 9090), "web": (web, 80), "db": ("10.77.0.5", 54)}
    at |= {"web's closed port": ("198.18.0.1", 8081), "app": ("172.30.0.10", 90), "app, another port": ("172.30.0.10", 91)}
    inside = {"sandbox": "ip netns exec app", "container": node1.entering("web")}
    answers = {}
    for who, expected in EXPECTED.items():
        asking = pair.node2 if who == "remote" else node1
        answers[who] = dict(zip(expected, asking.asks(*(at[one] for one in expected), inside=inside.get(who, "")), strict=True))
    return answers


def links(host: EngineHost) -> list[str]:
    """Links and namespaces, of which Docker's have new names after each start."""
    spaces = host.sh("ls /run/netns 2>/dev/null || true; ls /run/docker/netns 2>/dev/null | wc -l").split()
    return [*sorted(one["ifname"] for one in json.loads(host.sh("ip -j link")) if not one["ifname"].startswith("veth")), *spaces]


def rules(host: EngineHost) -> list[str]:
    """All of what iptables-save prints that somebody made, as a set: Docker, too, writes them in another order when it starts anew."""
    return sorted(line for line in host.rules() if line.startswith(("-", ":")) and line not in UNTOUCHED)


def check_that_each_works_as_if_it_were_alone(host: Pair) -> None:
    """With Docker at work: ours beside it, a network that Docker makes then, Docker started anew, and ours gone."""
    node1 = host.node1
    alone = links(node1), rules(node1)
    start_ours(host)
    assert who_answers(host) == EXPECTED
    # A network that Docker makes later is closed at once
    node1.sh("docker network create --subnet 10.78.0.0/24 late")
    node1.container("later", "--network late --ip 10.78.0.5")
    assert (node1.asks(later := ("10.78.0.5", 80)), node1.asks(later, inside="ip netns exec app")) == (["later"], [""])
    node1.sh("docker rm --force later; docker network rm late")
    ours = [line for line in rules(node1) if "cnm" in line.lower()]
    node1.sh("systemctl restart docker")
    node1.start("web", "db")
    assert who_answers(host) == EXPECTED and [line for line in rules(node1) if "cnm" in line.lower()] == ours
    assert (host.module("topology", **TOPOLOGY)["ops"], host.module("docker_user", rules=POLICY)["ops"]) == ([], [])
    containers_are_let_in(host)
    for name in ("topology", "docker_user"):
        host.module(name, state="absent")
    assert (links(node1), rules(node1)) == alone


def containers_are_let_in(host: Pair) -> None:
    """Those of one of Docker's networks, by its name, and of no other; and no longer, when it is no longer declared."""
    front = TOPOLOGY["networks"]["front"]

    def asked(**more: Any) -> tuple[list[str], dict[str, dict[str, str]]]:
        done = host.module("topology", **{**TOPOLOGY, "networks": {"front": {**front, **more}}})
        assert not done.get("failed"), done
        return host.node1.asks(("172.30.0.10", 90), ("172.30.0.10", 91), inside=host.node1.entering("db")), who_answers(host)

    let_in = {**EXPECTED, "container": {**EXPECTED["container"], "app": "app", "app, another port": "app"}}
    assert asked(reachable_from=["docker:bridge"]) == (["", ""], let_in)
    assert asked(reachable_from=["docker:other"]) == (["app", "app"], EXPECTED)
    assert asked() == (["", ""], EXPECTED)
    refused = host.module("topology", **{**TOPOLOGY, "networks": {"front": {**front, "reachable_from": ["docker:nothing"]}}})
    assert refused["problems"][0]["path"] == "cnm_networks.front.reachable_from" and "Docker has no network nothing" in refused["msg"]


@pytest.mark.parametrize("form", ["nft", "legacy"])
def test_docker_first(host: Pair, form: str) -> None:
    host.node1.use_iptables(form)
    start_docker(host.node1)
    assert ("-P FORWARD DROP" in host.node1.sh("iptables -S FORWARD")) is not ENGINE.nftables
    check_that_each_works_as_if_it_were_alone(host)


def test_ours_first(host: Pair) -> None:
    node1 = host.node1
    start_ours(host)
    start_docker(node1)
    if not ENGINE.nftables:
        node1.sh("iptables -P FORWARD DROP")  # Docker does so only where nobody forwarded before
    done = [host.module(name, **declared)["ops"] for name, declared in (("topology", TOPOLOGY), ("docker_user", {"rules": POLICY}))]
    if ENGINE.nftables:  # Docker's rules are found there, and all of ours are moved there
        assert [op for op in done[0] if not op.startswith("remove ")] == ["create table inet cnm-default (14 rules)"]
        assert [op.split(" (")[0] for op in done[1]] == 2 * ["change rules of ours in DOCKER-USER of nftables", "remove rules of ours in DOCKER-USER"]
    else:  # until 28 Docker's bridges are known now; its own jump takes the place of ours
        assert done[0] == (BRIDGES_ARE_KNOWN if ENGINE.release < (29, 0) else [])
        families = ["ipv4", "ipv6"] if ENGINE.release >= (27, 0) else ["ipv4"]
        assert done[1] == [f"change rules of ours in DOCKER-USER ({family}): FORWARD leads there first" for family in families]
        assert node1.jump_places()[1] in ("DOCKER-ISOLATION-STAGE-1", "DOCKER-FORWARD") and node1.jump_places().count("DOCKER-USER") == 1
    assert who_answers(host) == EXPECTED and node1.policy_is_first()


def test_docker_without_its_rules(host: Pair) -> None:
    """With iptables: false, Docker has no published ports but by its proxy; ours work, and its chain is ours alone."""
    node1 = host.node1
    node1.start_engine("--iptables=false")
    before = rules(node1)
    start_ours(host)
    assert host.node2.asks(("198.18.0.1", 9090)) == ["app"] and node1.policy_is_first()
    node1.sh("systemctl restart docker")
    assert (host.module("topology", **TOPOLOGY)["ops"], host.module("docker_user", rules=POLICY)["ops"]) == ([], [])
    for name in ("topology", "docker_user"):
        host.module(name, state="absent")
    assert rules(node1) == before
