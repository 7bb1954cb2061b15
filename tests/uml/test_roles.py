# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role macvlan, by Ansible, on this machine itself, where its VLANs can be made. Role ipvlan has a scenario: molecule/ipvlan."""

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
"""
INVENTORY = """\
all:
  hosts:
    here:
      ansible_connection: local
      ansible_python_interpreter: /usr/bin/python3
      host_packages: false
      cnm_networks:
        lan: {driver: macvlan, parent: wire.40, host_shim: 192.0.2.3, ipam: {config: [{subnet: 192.0.2.0/24}]}}
        front: {ipam: {config: [{subnet: 172.20.0.0/24}]}}
      cnm_sandboxes:
        a: {networks: {lan: {ipv4_address: 192.0.2.10}, front: {}}}
"""


def test_the_role_macvlan(host, tmp_path: Path) -> None:
    wire(host, vlan=40)
    (tmp_path / "inventory.yml").write_text(INVENTORY)
    (tmp_path / "play.yml").write_text(PLAYBOOK)
    command = ["ansible-playbook", "-i", str(tmp_path / "inventory.yml"), str(tmp_path / "play.yml")]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, env={**os.environ, "ANSIBLE_HOME": str(tmp_path)})
    if done.returncode:
        pytest.fail(done.stdout + done.stderr)
    assert "vlan protocol 802.1Q id 40" in host.sh("ip -d link show wire.40")
    for other in ("far", ""):
        pairs = {("a", other), (other, "a")}
        assert answered("a", other, addresses=ADDRESSES, expected=pairs) == pairs
    # What is of no driver of its is not there.
    assert sorted(line.split()[0].split("@")[0] for line in host.sh("ip -n a -br link").splitlines()) == ["eth0", "lo"]
    assert not host.sh("ip -br link show type bridge")
