# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hundred random changes to a host of five hundred endpoints: `drift` names each, `site` repairs them, and nothing else is touched."""

from __future__ import annotations

import difflib
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from ipaddress import IPv4Network
from random import Random

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.veth_pair import port_name
from ansible_collections.mooring.cnm.plugins.module_utils.lab.record import ENVIRONMENT, enter_command, read_record
from ansible_collections.mooring.cnm.plugins.module_utils.state.tag import altname, link_name
from ansible_collections.mooring.cnm.tests.site.conftest import Fleet
from ansible_collections.mooring.cnm.tests.site.mutations import LOSSES, OF_NETWORKS, OF_RULES, chosen

ENDPOINTS, MUTATIONS, CONNECTIONS = 500, 100, 40
SUBNETS = {f"net{number}": IPv4Network(f"172.{20 + number}.0.0/16") for number in range(3)}
NAMES = [f"s{number:03}" for number in range(ENDPOINTS)]
NET = {name: f"net{number % len(SUBNETS)}" for number, name in enumerate(NAMES)}
ADDRESS = {name: str(SUBNETS[NET[name]][10 + number]) for number, name in enumerate(NAMES)}
# One process with many TCP connections between sandboxes: given pairs (server, its address, client), it says "up", and for each line that it reads how
# many of them still carry a word there and back.
CONNECTED = """
import ctypes, json, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def inside(name):
    handle = os.open(f"/run/netns/{name}", os.O_RDONLY)
    assert libc.setns(handle, 0x40000000) == 0
    os.close(handle)
pairs = []
for server, address, client in json.loads(sys.stdin.readline()):
    inside(server)
    listener = socket.create_server((address, 7))
    inside(client)
    far = socket.create_connection((address, 7), 10)
    near = listener.accept()[0]
    near.settimeout(30)
    far.settimeout(30)
    pairs.append((near, far))
print("up", flush=True)
for line in sys.stdin:
    alive = 0
    for near, far in pairs:
        far.sendall(b"x"); near.recv(1); near.sendall(b"y"); alive += far.recv(1) == b"y"
    print(alive, flush=True)
"""
# Links with index, name, MAC, MTU, alias, master and flags, addresses and routes, of the host and of every sandbox.
PICTURE = r"""
printf 'link show\naddress show\nroute show table all\n' >/tmp/show
{ ip -batch /tmp/show; for name in $(ls /run/netns); do echo "= $name"; ip -netns $name -batch /tmp/show; done; } |
sed -E 's/,LOWER_UP|NO-CARRIER,| state [A-Z]+| tentative| linkdown//g; s/valid_lft.*//; /ff00::/d'
echo '= rules and files'; for table in mangle filter nat; do iptables --table $table --list-rules; done; ls --inode -1 /run/netns; md5sum /etc/netns/*/*
"""


class Connected:
    """The connections of ``CONNECTED`` in a lab host."""

    def __init__(self, fleet: Fleet, pairs: list[tuple[str, str, str]]) -> None:
        record = read_record(fleet.lab, "node1")
        assert record
        line = [*enter_command(record.pid), "/usr/bin/python3", "-c", CONNECTED]
        self.process = subprocess.Popen(line, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.ask(json.dumps(pairs)) == "up"

    def ask(self, line: str = "") -> str:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


@pytest.fixture
def connected(large: Fleet) -> Iterator[Connected]:
    """Between pairs of sandboxes of one network, of which half are changed."""
    pairs = [(NAMES[at], ADDRESS[NAMES[at]], NAMES[at + len(SUBNETS)]) for at in range(CONNECTIONS)]
    one = Connected(large, pairs)
    yield one
    one.process.kill()
    one.process.wait()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Fleet]:
    """One lab host with all the endpoints."""
    one = Fleet(tmp_path_factory.mktemp("inventory"), f"at-scale-{os.getpid()}", size=1)
    networks = {name: {"ipam": {"config": [{"subnet": str(subnet), "gateway": str(subnet[1])}]}} for name, subnet in SUBNETS.items()}
    sandboxes = {name: {"networks": {NET[name]: {"ipv4_address": ADDRESS[name]}}, "sysctls": {"net.ipv4.ip_default_ttl": 63}} for name in NAMES}
    sandboxes[NAMES[0]]["ports"] = ["8080:80"]
    try:
        one.power("present", "node1")
        one.declare(cnm_networks=networks, cnm_sandboxes=sandboxes)
        first = one.play("mooring.cnm.site")
        assert first.status == 0, first.text[-3000:]
        yield one
    finally:
        one.power("absent")


def picture(fleet: Fleet, lost: set[str]) -> dict[str, str]:
    """What stands, by sandbox (and "", the host), without the sandboxes that are lost and their links, names and files."""
    host, *rooms = fleet.host("node1").check_output(PICTURE).split("\n= ")
    names = "|".join(sorted(lost))
    links = [block for block in re.split(r"^(?=\S)", host, flags=re.MULTILINE) if not re.search(rf"link-netns ({names})\b", block)]
    found = {room.split("\n", 1)[0]: room for room in rooms if room.split("\n", 1)[0] not in lost}
    found["rules and files"] = re.sub(rf".*[ /]({names})(/.*)?\n", "", found["rules and files"] + "\n")
    return {"": "".join(links), **found}


def check_unchanged(before: dict[str, str], fleet: Fleet, lost: set[str]) -> None:
    """All is as it was, once links had time to find their carrier, but for what was ``lost`` and made again."""
    deadline = time.monotonic() + 5
    while (after := picture(fleet, lost)) != before:
        if time.monotonic() > deadline:
            was, now = ("\n".join(f"{name} {line}" for name, room in one.items() for line in room.splitlines()) for one in (before, after))
            pytest.fail("\n".join(list(difflib.unified_diff(was.splitlines(), now.splitlines(), lineterm="", n=2))[:60]))
        time.sleep(0.1)


def test_a_hundred_changes_are_all_named_and_repaired_and_nothing_else_is(large: Fleet, connected: Connected) -> None:
    random = Random(20261120)
    changed = [*NAMES[:20], *random.sample(NAMES[CONNECTIONS + len(SUBNETS) :], MUTATIONS - 20)]
    places = [
        {
            "name": name,
            "net": NET[name],
            "port": altname("default", NET[name], name),
            "link": port_name("default", NET[name], name),
            "gateway": str(SUBNETS[NET[name]][1]),
            "address": ADDRESS[name],
        }
        for name in changed
    ]
    bridges = [{"net": net, "bridge": link_name("b", "default", net), "gateway": str(subnet[1]), "subnet": str(subnet)} for net, subnet in SUBNETS.items()]
    of_networks = zip(bridges, [*OF_NETWORKS.values()], strict=True)
    mutations = [*chosen(places, random), *(tuple(text.format(**bridge) for text in pair) for bridge, pair in of_networks)]
    mutations += [tuple(text.format(**bridges[0]) for text in pair) for pair in OF_RULES.values()]
    lost = {place["name"] for place in places[-len(LOSSES) :]}
    before = picture(large, lost)
    large.host("node1").check_output("set -e\n" + "\n".join(command for command, _said in mutations))
    drift = large.play("mooring.cnm.drift")
    assert drift.status == 2, drift.text[-3000:]
    assert "1 host of 1 drifted: node1" in drift.text
    found = re.findall(r"^  (\S.*)$", drift.said_in("Tell what has drifted"), re.MULTILINE)
    assert [said for _command, said in mutations if not any(said in one for one in found)] == []
    assert [one for one in found if not any(re.search(rf"\b{place['name']}\b|on cnm[bv]|bridge cnmb|chain CNM-", one) for place in places)] == []
    site = large.play("mooring.cnm.site")
    assert site.status == 0, site.text[-3000:]
    assert large.play("mooring.cnm.drift").status == 0
    assert connected.ask() == str(CONNECTIONS)
    check_unchanged(before, large, lost)
