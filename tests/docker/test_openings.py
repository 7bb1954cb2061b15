# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An overlay between two hosts of which one has firewalld or ufw: its datagrams are let in from the other host, from nobody else, and no longer than needed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from .engine import EngineHost, Pair

OVERLAY = {"driver": "overlay", "vni": 300, "internal": True, "ipam": {"config": [{"subnet": "10.0.7.0/24", "gateway": "10.0.7.1"}]}}
BOXES = {"node1": ("here", "10.0.7.2"), "node2": ("there", "10.0.7.3")}
STRANGER = "198.18.0.77"
# A broadcast frame in the overlay's VNI, from an address of node2.
SEND = """
import socket, sys
frame = b"\\xff" * 6 + bytes.fromhex("024209090909") + b"\\x88\\xb5" + bytes(46)
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.bind((sys.argv[1], 0))
sender.sendto(bytes.fromhex("0800000000012c00") + frame, ("198.18.0.1", 4789))
"""


@pytest.fixture(scope="module")
def guarded(made: Pair) -> Iterator[Pair]:
    """The overlay on both hosts; firewalld and ufw on node1, installed and not at work; an address more on node2, which is no peer's."""
    made.node1.install("firewalld", "ufw")
    made.node2.sh(f"ip address add {STRANGER}/16 dev eth0")
    made.node2.write("/run/send.py", SEND)
    for host in ("node1", "node2"):
        converge(made, host)
    yield made
    made.node1.sh("systemctl stop firewalld; ufw --force disable")
    for host in ("node1", "node2"):
        made.module("topology", host=host, state="absent")
    made.node2.sh(f"ip address del {STRANGER}/16 dev eth0")


def converge(pair: Pair, host: str, check: bool = False, alone: bool = False) -> list[str]:
    """What is done on a host. alone: as if nobody were on the overlay but itself."""
    addresses = {"node1": pair.node1.address, "node2": pair.node2.address}
    (name, address), ((other, (far, there)),) = BOXES[host], [one for one in BOXES.items() if one[0] != host]
    peers = {} if alone else {"back": {other: {"underlay_address": addresses[other], "sandboxes": {far: {"ipv4_address": there}}}}}
    sandboxes: dict[str, Any] = {name: {"networks": {"back": {"ipv4_address": address}}}}
    words = {"networks": {"back": OVERLAY}, "sandboxes": sandboxes, "peers": peers, "underlay_address": addresses[host]}
    result = pair.module("topology", check, host, **words)
    assert not result.get("failed"), result
    return list(result["ops"])


def pings(node1: EngineHost) -> bool:
    return node1.try_sh("ip netns exec here ping -q -c 1 -W 1 10.0.7.3").returncode == 0


def is_let_in(pair: Pair, source: str) -> bool:
    """Whether a datagram from an address of node2 comes through to the vxlan of node1."""

    def received() -> int:
        return int(json.loads(pair.node1.sh("ip -n cnm+default+back -j -s link show vxlan0"))[0]["stats64"]["rx"]["packets"])

    before = received()
    pair.node2.sh(f"python3 /run/send.py {source}")
    return received() > before


def everything_of_firewalld(node1: EngineHost) -> str:
    return node1.sh("firewall-cmd --list-all-zones; firewall-cmd --permanent --list-all-zones")


def test_firewalld(guarded: Pair) -> None:
    node1 = guarded.node1
    assert pings(node1) and is_let_in(guarded, STRANGER)
    node1.sh("systemctl start firewalld")
    before = everything_of_firewalld(node1)
    assert not is_let_in(guarded, guarded.node2.address)

    said = converge(guarded, "node1", check=True)
    assert said == ["create 1 accept in rich rules of table inet firewalld (ipv4, firewalld)"] and everything_of_firewalld(node1) == before
    assert converge(guarded, "node1") == said
    assert pings(node1) and not is_let_in(guarded, STRANGER)
    node1.sh("firewall-cmd --quiet --reload")
    assert pings(node1) and not is_let_in(guarded, STRANGER) and converge(guarded, "node1") == []

    # somebody takes the rule away until the next start, and has the link in another zone
    node1.sh('firewall-cmd --quiet --remove-rich-rule="$(firewall-cmd --list-rich-rules)"; firewall-cmd --quiet --zone=work --add-interface=eth0')
    assert not is_let_in(guarded, guarded.node2.address)
    assert converge(guarded, "node1") == ["change 1 accept in rich rules of table inet firewalld (ipv4, firewalld)"]
    assert pings(node1) and not is_let_in(guarded, STRANGER) and converge(guarded, "node1") == []
    node1.sh("firewall-cmd --quiet --zone=work --remove-interface=eth0")

    assert converge(guarded, "node1", alone=True)[-1:] != [] and everything_of_firewalld(node1) == before
    node1.sh("systemctl stop firewalld")


def test_ufw(guarded: Pair) -> None:
    node1 = guarded.node1
    converge(guarded, "node1")
    node1.sh("ufw --force enable")
    theirs = node1.sh("iptables -S | grep ufw")
    assert not is_let_in(guarded, guarded.node2.address)
    assert len(converge(guarded, "node1")) == 2
    node1.sh("ufw reload")
    assert pings(node1) and not is_let_in(guarded, STRANGER) and node1.sh("iptables -S | grep ufw") == theirs
    node1.sh("ufw --force disable")
    assert len(converge(guarded, "node1")) == 2 and "CNM-INPUT" not in node1.sh("iptables -S")
