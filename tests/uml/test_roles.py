# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles macvlan and ipvlan, by Ansible, on this machine itself: one run for both, since each task takes seconds here."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.mooring.cnm.tests.kernel.on_wire import ADDRESSES, answered, wire

PLAYBOOK = """\
- hosts: all
  gather_facts: false
  roles: [mooring.cnm.macvlan]

- hosts: all
  gather_facts: false
  roles: [mooring.cnm.ipvlan]
"""
INVENTORY = """\
all:
  hosts:
    here:
      ansible_connection: local
      ansible_python_interpreter: /usr/bin/python3
      host_packages: false
      cnm_networks:
        lan: {driver: macvlan, parent: wire, host_shim: 192.0.2.3, ipam: {config: [{subnet: 192.0.2.0/24}]}}
        storage: {driver: ipvlan, parent: other.40, mode: l3, ipam: {config: [{subnet: 198.51.100.0/24}]}}
        front: {ipam: {config: [{subnet: 172.20.0.0/24}]}}
      cnm_sandboxes:
        a: {networks: {lan: {ipv4_address: 192.0.2.10}, storage: {}}}
        b: {networks: {storage: {ipv4_address: 198.51.100.11}, front: {}}}
"""


def test_the_roles(host, tmp_path: Path) -> None:
    wire(host)
    host.sh("ip link add other up type dummy")
    (tmp_path / "inventory.yml").write_text(INVENTORY)
    (tmp_path / "play.yml").write_text(PLAYBOOK)
    command = ["ansible-playbook", "-i", str(tmp_path / "inventory.yml"), str(tmp_path / "play.yml")]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, env={**os.environ, "ANSIBLE_HOME": str(tmp_path)})
    if done.returncode:
        pytest.fail(done.stdout + done.stderr)
    assert sorted(line.split()[0].split("@")[0] for line in host.sh("ip -n a -br link").splitlines()) == ["eth0", "eth1", "lo"]
    assert "vlan protocol 802.1Q id 40" in host.sh("ip -d link show other.40")
    assert host.sh("ip -n a route show default").split()[:3] == ["default", "dev", "eth1"]
    at = {**ADDRESSES, "a": "192.0.2.10"}
    pairs = {("a", "far"), ("far", "a")}
    assert answered("a", "far", addresses=at, expected=pairs) == pairs
    pairs = {("a", ""), ("", "a")}
    assert answered("a", "", addresses=at, expected=pairs) == pairs
    at = {"a": host.sh("ip -n a -4 -br addr show eth1").split()[2].split("/")[0], "b": "198.51.100.11"}
    assert answered("a", "b", addresses=at, expected={("a", "b"), ("b", "a")}) == {("a", "b"), ("b", "a")}
    # What is of no driver of theirs is not there.
    assert not host.sh("ip -br link show type bridge")
