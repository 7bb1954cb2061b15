# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands on each host of molecule/macvlan, and who is reached over the wire that the three share."""

from __future__ import annotations

import os

from ansible_collections.mooring.cnm.tests.testinfra_lab import lab_host
from testinfra.host import Host

from .conftest import Room


def lan_address(host: Host) -> str:
    return Room(host, "web").addresses("eth1")[0].split("/")[0]


def test_endpoints(host: Host) -> None:
    alone, lan = (Room(host, "web").link(name) for name in ("eth0", "eth1"))
    assert [one["linkinfo"]["info_data"]["mode"] for one in (alone, lan)] == ["private", "bridge"]
    assert [one["ifalias"].split(":")[2:] for one in (alone, lan)] == [[name, "web", "endpoint"] for name in ("alone", "lan")]
    assert alone["link_index"] == lan["link_index"] == Room(host).link("eth0")["ifindex"]
    assert lan["address"].startswith("02:42:c0:00:02:")


def test_only_what_belongs_to_the_driver_is_there(host: Host) -> None:
    assert "db" not in host.check_output("ls /run/netns").split()
    assert not host.check_output("ip -br link show type bridge")
    assert "CNM-" not in host.check_output("iptables-save")


def test_the_sandboxes_of_all_hosts_are_on_one_wire(host: Host) -> None:
    others = [lab_host(f"node{number}", os.environ.get("CNM_LAB_NAME", "molecule")) for number in (1, 2, 3)]
    addresses = [lan_address(other) for other in others]
    assert len(set(addresses)) == 3
    for address in addresses:
        Room(host, "web").run(f"ping -c1 -W2 {address}")


def test_the_host_and_its_own_sandboxes(host: Host) -> None:
    """The host has an address of the network, and the sandboxes of mode private reach no neighbour."""
    shim = Room(host).addresses(Room(host).link("cnm+default+lan+host_shim")["ifname"])[0].split("/")[0]
    host.check_output(f"ping -c1 -W2 {lan_address(host)}")
    Room(host, "app").run(f"ping -c1 -W2 {shim}")
    assert host.run("ip netns exec app ping -c1 -W1 198.51.100.10").rc == 1
