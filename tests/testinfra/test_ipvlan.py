# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands on the host of molecule/ipvlan, and who is reached in each mode."""

from __future__ import annotations

import os

import pytest
from ansible_collections.mooring.cnm.tests.testinfra_lab import lab_host
from testinfra.host import Host

from .conftest import Room

ROUTED = {"web": "198.51.100.10", "app": "203.0.113.10"}


@pytest.fixture
def host() -> Host:
    return lab_host("node1", os.environ.get("CNM_LAB_NAME", "molecule"))


def test_endpoints(host: Host) -> None:
    lan, routed = (Room(host, "web").link(name) for name in ("eth0", "eth1"))
    assert [one["linkinfo"]["info_data"]["mode"] for one in (lan, routed)] == ["l2", "l3"]
    assert [one["ifalias"].split(":")[2:] for one in (lan, routed)] == [[name, "web", "endpoint"] for name in ("lan", "routed")]
    vlan, card = Room(host).link("eth0.40"), Room(host).link("eth0")
    assert (vlan["linkinfo"]["info_data"]["id"], vlan["link"]) == (40, "eth0")
    assert (lan["link_index"], routed["link_index"]) == (vlan["ifindex"], card["ifindex"])
    assert Room(host, "web").addresses("eth1") == ["198.51.100.10/24"]


def test_the_sandboxes_reach_each_other_in_both(host: Host) -> None:
    """In mode l2 by name and address; in mode l3 from one subnet to the other, without a gateway."""
    for sandbox, other in (("web", "app"), ("app", "web")):
        address = Room(host, other).addresses("eth0")[0].split("/")[0]
        for target in (address, ROUTED[other]):
            Room(host, sandbox).run(f"ping -c1 -W2 {target}")
    assert Room(host, "app").run("getent ahostsv4 www").split()[0] == Room(host, "web").addresses("eth0")[0].split("/")[0]


def test_only_what_belongs_to_the_driver_is_there(host: Host) -> None:
    assert sorted(host.check_output("ls /run/netns").split()) == ["app", "web"]
    assert not host.check_output("ip -br link show type bridge")
    assert "CNM-" not in host.check_output("iptables-save")
