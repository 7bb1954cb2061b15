# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One topology twice: made by Docker's own commands on node1, and declared on node2. Who reaches whom is the same, cell by cell.

Each host is the other one's remote host, and its attacker, who has routes to the networks behind it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from .engine import PING, EngineHost, Pair
from .engines import ENGINE

NETWORKS: dict[str, dict[str, Any]] = {"front": {}, "back": {"internal": True}, "shut": {"icc": False}}
OPTIONS = {"front": "", "back": "--internal", "shut": "--opt com.docker.network.bridge.enable_icc=false"}
# Sandbox: its network, the last byte of its address, its published ports. HOST is the host's own address.
SANDBOXES: dict[str, tuple[str, int, list[str]]] = {
    "sa": ("front", 10, ["8080:80", "127.0.0.1:8443:443"]),
    "sb": ("front", 11, []),
    "sc": ("back", 10, []),
    "sd": ("shut", 10, ["HOST:7000-7002:7000-7002"]),
    "se": ("shut", 11, []),
}
LISTENING = (80, 81, 443, 7000, 7002)
PUBLISHED = ("HOST 8080", "127.0.0.1 8080", "HOST 8443", "127.0.0.1 8443", "HOST 7000", "HOST 7002", "127.0.0.1 7000", "HOST 81")
# Where we are better on purpose: asker and target, and who answers there with Docker. With us nobody does.
BETTER = {
    # Whoever has a route reaches the port of a container that is published, past its address on the host. Docker closed this with 28.0.
    **({("attacker", "sa 80"): "sa", ("attacker", "sd 7000"): "sd"} if ENGINE.release < (28, 0) else {}),
    # On a network with icc off, neighbours reach each other by a published port after all, through the userland proxy, which we do not have.
    **{(asker, f"HOST {port}"): "sd" for asker in ("sd", "se") for port in (7000, 7002)},
}

Matrix = dict[tuple[str, str], str]


def subnet(number: int, network: str) -> str:
    return f"10.{80 + number}.{list(NETWORKS).index(network)}"


def listen(name: str) -> str:
    """Answers with its name on every port, until it is ended."""
    return "; ".join([*(f"/bin/busybox nc -ll -p {port} -e /bin/busybox echo {name} &" for port in LISTENING), "wait"]).replace("&;", "&")


def wait_for_all(node: EngineHost, inside: str) -> None:
    for port in LISTENING:
        node.wait_for_listener(port, inside)


def by_docker(node: EngineHost) -> None:
    node.start_engine()
    for network, given in OPTIONS.items():
        node.sh(f"docker network create --subnet {subnet(1, network)}.0/24 {given} {network}")
    for name, (network, last, ports) in SANDBOXES.items():
        published = " ".join(f"-p {port.replace('HOST', node.address)}" for port in ports)
        node.sh(
            f"docker run -d --name {name} --stop-signal KILL --network {network} --ip {subnet(1, network)}.{last} {published} busybox sh -c '{listen(name)}'"
        )
        wait_for_all(node, node.entering(name))


def by_declaration(pair: Pair) -> None:
    node = pair.node2
    networks = {
        name: {**options, "ipam": {"config": [{"subnet": f"{subnet(2, name)}.0/24", "gateway": f"{subnet(2, name)}.1"}]}} for name, options in NETWORKS.items()
    }
    sandboxes = {
        name: {"networks": {network: {"ipv4_address": f"{subnet(2, network)}.{last}"}}, "ports": [port.replace("HOST", node.address) for port in ports]}
        for name, (network, last, ports) in SANDBOXES.items()
    }
    done = pair.module("topology", host="node2", networks=networks, sandboxes=sandboxes)
    assert not done.get("failed"), done
    for name in SANDBOXES:
        node.write(f"/run/listen-{name}", listen(name).replace("/bin/busybox", "/opt/busybox/bin/busybox"))
        node.sh(f"systemd-run --quiet --collect --unit listen-{name} ip netns exec {name} sh /run/listen-{name}")
        wait_for_all(node, f"ip netns exec {name}")


def who_answers(node: EngineHost, number: int, remote: EngineHost, entering: dict[str, str]) -> Matrix:
    """What answers from each sandbox, the host, the remote host and the attacker, at each address and published port."""
    at = {name: f"{subnet(number, network)}.{last}" for name, (network, last, _ports) in SANDBOXES.items()}
    addresses = {f"{name} {port or 'ping'}": (address, port) for name, address in at.items() for port in (PING, 80, 81, 7000)}
    published = {one: (one.split()[0].replace("HOST", node.address), int(one.split()[1])) for one in PUBLISHED}
    everything = {**addresses, **published}
    from_outside = {target: where for target, where in everything.items() if "127.0.0.1" not in target}

    def asked(who: str, host: EngineHost, targets: dict[str, tuple[str, int]], inside: str = "") -> Matrix:
        return {(who, target): answer for target, answer in zip(targets, host.asks(*targets.values(), inside=inside), strict=True)}

    found = asked("remote", remote, from_outside)
    for name, words in {**entering, "host": ""}.items():
        found |= asked(name, node, everything, words)
    routes = "; ".join(f"ip route {{verb}} {subnet(number, network)}.0/24 via {node.address}" for network in NETWORKS)
    remote.sh(routes.format(verb="add"))
    found |= asked("attacker", remote, from_outside)
    remote.sh(routes.format(verb="del"))
    return found


@pytest.fixture(scope="module")
def twice(pair: Pair) -> Iterator[tuple[Matrix, Matrix]]:
    """The matrix of Docker, and ours."""
    by_docker(pair.node1)
    pair.node2.have_busybox()
    by_declaration(pair)
    inside_docker = {name: pair.node1.entering(name) for name in SANDBOXES}
    inside_ours = {name: f"ip netns exec {name}" for name in SANDBOXES}
    with ThreadPoolExecutor() as pool:
        docker = pool.submit(who_answers, pair.node1, 1, pair.node2, inside_docker)
        ours = pool.submit(who_answers, pair.node2, 2, pair.node1, inside_ours)
    yield docker.result(), ours.result()
    pair.module("topology", host="node2", state="absent")
    pair.node2.sh("systemctl stop 'listen-*'")


def test_the_matrices_are_equal_but_for_what_is_better(twice: tuple[Matrix, Matrix], record_property: Callable[[str, object], None]) -> None:
    docker, ours = twice
    different = {cell: docker[cell] for cell in docker if docker[cell] != ours[cell]}
    record_property("cells", f"{len(docker) - len(different)} of {len(docker)}")
    record_property("different", ", ".join(" → ".join(cell) for cell in sorted(different)) or "none")
    assert different == BETTER
    # and the cells are not all one
    assert sum(bool(answer) for answer in ours.values()) > 20 and sum(not answer for answer in ours.values()) > 50
    assert (ours[("remote", "HOST 8080")], ours[("sb", "sa 81")], ours[("se", "sd 80")], ours[("host", "127.0.0.1 8443")]) == ("sa", "sa", "", "sa")


def test_topology_info_shows_them_with_the_keys_of_docker_network_inspect(twice: tuple[Matrix, Matrix], pair: Pair) -> None:
    docker = json.loads(pair.node1.sh(f"docker network inspect {' '.join(sorted(NETWORKS))}"))
    ours = pair.module("topology_info", host="node2", gather=["networks"])["networks"]
    for one, other in zip(docker, ours, strict=True):
        # 20.10 has no EnableIPv4; when it was made, the kernel does not tell; 29 also counts what it gave away
        assert {*one, "EnableIPv4"} - {"Created", "Status"} == set(other)
        same = ("Name", "Scope", "Driver", "EnableIPv6", "Internal", "Attachable", "Ingress", "ConfigFrom", "ConfigOnly", "Labels")
        assert {key: other[key] for key in same} == {key: one[key] for key in same}
        assert one["Options"].items() <= other["Options"].items()
        boxes = [{box["Name"]: box["IPv4Address"].rpartition(".")[2] for box in each["Containers"].values()} for each in (one, other)]
        assert boxes[0] == boxes[1] != {}
        # 29 tells a gateway that it chose, too, and has a place for a range that was not given
        given = [[{key for key, value in config.items() if value} for config in each["IPAM"]["Config"]] for each in (one, other)]
        assert given[0] in ([{"Subnet"}], [{"Gateway", "Subnet"}]) and given[1] == [{"Gateway", "Subnet"}]
