# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands on each host of molecule/overlay, in the words of the kernel and its tools."""

from __future__ import annotations

import json
import os

import pytest
from ansible_collections.mooring.cnm.tests.testinfra_lab import lab_host
from ansible_collections.mooring.cnm.tests.transfer import SIZE_BYTES, segment_bytes, transfer
from testinfra.host import Host

# From the inventory of molecule/overlay, in the order in which the ledger gives.
VNIS = {"backbone": 256, "quiet": 257}
ADDRESSES = {
    "backbone": {"node1": "10.0.0.2", "node2": "10.0.0.3", "node3": "10.0.0.4"},
    "quiet": {"node1": "10.0.1.2", "node2": "10.0.1.3", "node3": "10.0.1.4"},
}


def mac(address: str) -> str:
    return "02:42:" + ":".join(f"{int(byte):02x}" for byte in address.split("."))


@pytest.mark.parametrize("network", VNIS)
def test_vxlan(host: Host, network: str) -> None:
    (link,) = json.loads(host.check_output(f"ip -json -details -netns cnm+default+{network} link show vxlan0"))
    data = link["linkinfo"]["info_data"]
    assert (data["id"], data["port"], data["learning"], data["proxy"]) == (VNIS[network], 4789, False, True)
    assert data["local"] in host.check_output("ip -brief -4 address show eth0")
    assert (link["mtu"], link["master"]) == (1450, "br0")


@pytest.mark.parametrize("network", VNIS)
def test_exactly_the_endpoints_of_others(host: Host, network: str) -> None:
    own = host.check_output("hostname")
    others = {address for name, address in ADDRESSES[network].items() if name != own}
    inside = f"-json -netns cnm+default+{network}"
    entries = json.loads(host.check_output(f"bridge {inside} fdb show dev vxlan0"))
    assert {one["mac"] for one in entries if "dst" in one} == {mac(address) for address in others}
    neighbours = json.loads(host.check_output(f"ip {inside} -4 neigh show dev vxlan0"))
    assert {one["dst"]: one["lladdr"] for one in neighbours if "PERMANENT" in one["state"]} == {address: mac(address) for address in others}


def test_ipv6_inside(host: Host) -> None:
    neighbours = json.loads(host.check_output("ip -json -netns cnm+default+quiet -6 neigh show dev vxlan0"))
    assert len({one["dst"] for one in neighbours if one["dst"].startswith("fd00:9::")}) == 2


def test_the_way_out_is_where_it_is_needed(host: Host) -> None:
    boxes = {"node1": {"api": True}, "node2": {"db": True, "store": False}, "node3": {"job": False, "log": False}}[host.check_output("hostname")]
    gateways = {name: "cnm_gwbridge" in host.check_output(f"ip -netns {name} link") for name in boxes}
    assert gateways == boxes


@pytest.mark.parametrize(("source", "target", "family"), [("node1/api", "node2/db", 4), ("node2/db", "node3/job", 4), ("node3/log", "node2/store", 6)])
def test_full_segments_over_tcp(source: str, target: str, family: int) -> None:
    """Over backbone by IPv4, and over quiet by IPv6."""
    sender, receiver = (
        (lab_host(name, os.environ.get("CNM_LAB_NAME", "molecule")), box) for name, _slash, box in (one.partition("/") for one in (source, target))
    )
    (eth0,) = json.loads(receiver[0].check_output(f"ip -json -netns {receiver[1]} -{family} address show dev eth0 scope global"))
    assert transfer(sender, receiver, eth0["addr_info"][0]["local"]) == (SIZE_BYTES, segment_bytes(1450, family))
