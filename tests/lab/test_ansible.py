# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab as its user has it: playbook, inventory, connection."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from .conftest import RealLab

STATIC = """\
cnm_lab:
  hosts:
    left: {ansible_host: 198.18.9.1}
    right: {ansible_host: right.example.org}
    third: {ansible_host: "{{ hostvars['left'].ansible_host | replace('9.1', '9.3') }}"}
  vars:
    ansible_connection: mooring.cnm.lab
    ansible_python_interpreter: /usr/bin/python3
"""


def ad_hoc(lab: RealLab, host: str, module: str, arguments: dict[str, object], **options: str) -> str:
    done = lab.ansible("ansible", host, "-m", module, "-a", json.dumps(arguments), **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def playbook(lab: RealLab, state: str = "present", *words: str, **options: str) -> subprocess.CompletedProcess[str]:
    return lab.ansible("ansible-playbook", "mooring.cnm.lab", "-e", f"cnm_lab_state={state}", *words, **options)


def test_the_playbook_makes_the_inventorys_hosts(lab: RealLab) -> None:
    first = playbook(lab, CNM_LAB_SIZE="2")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "changed=1" in first.stdout
    assert "changed=0" in playbook(lab, CNM_LAB_SIZE="2").stdout
    assert ad_hoc(lab, "all", "ansible.builtin.ping", {"data": "here"}, CNM_LAB_SIZE="2").count("here") == 2
    assert "changed=1" in playbook(lab).stdout  # a third one
    # the whole lab goes, also the hosts that a smaller inventory does not have any more
    assert "changed=1" in playbook(lab, "absent", CNM_LAB_SIZE="1").stdout
    assert not os.path.exists(f"/run/cnm-lab/{lab.name}")


def test_cnm_hosts_selects_some(lab: RealLab) -> None:
    lab.bring("present", 1, 2, 3)
    records = [lab.record(number) for number in (1, 2, 3)]
    assert playbook(lab, "rebooted", "-e", "cnm_hosts=node2").returncode == 0
    assert [lab.record(number) == record for number, record in enumerate(records, 1)] == [True, False, True]
    assert playbook(lab, "absent", "-e", "cnm_hosts=node2").returncode == 0
    assert [seen for seen in ("node1", "node2", "node3") if os.path.exists(f"/var/lib/cnm-lab/{lab.name}/{seen}")] == ["node1", "node3"]
    refused = playbook(lab, "rebooted", "-e", "cnm_hosts=node9")
    assert refused.returncode != 0
    assert "cnm_hosts: 'node9' selects no host of group cnm_lab" in refused.stdout + refused.stderr


def test_an_inventory_of_ones_own(lab: RealLab, tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(STATIC)
    assert playbook(lab, inventory=str(inventory)).returncode == 0
    out = ad_hoc(lab, "cnm_lab", "ansible.builtin.command", {"cmd": "ip -4 -br addr show eth0"}, inventory=str(inventory))
    assert "198.18.9.1/16" in out and "198.18.9.3/16" in out
    assert len({line.split()[-1] for line in out.splitlines() if "eth0" in line}) == 3


def test_each_host_has_its_own_first_process(lab: RealLab, tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(STATIC.replace("198.18.9.1}", "198.18.9.1, cnm_lab_init: systemd}"))
    assert playbook(lab, inventory=str(inventory)).returncode == 0
    assert "changed=0" in playbook(lab, inventory=str(inventory)).stdout
    assert ad_hoc(lab, "left", "ansible.builtin.systemd_service", {"name": "dbus", "state": "restarted"}, inventory=str(inventory))
    assert "sleep" in ad_hoc(lab, "right", "ansible.builtin.command", {"cmd": "cat /proc/1/comm"}, inventory=str(inventory))
    refused = playbook(lab, "present", "-e", "cnm_lab_init=systemd", inventory=str(inventory))
    assert "right runs reaper and not systemd as its first process: reboot it to change that" in refused.stdout + refused.stderr
    assert playbook(lab, "rebooted", "-e", "cnm_lab_init=systemd", inventory=str(inventory)).returncode == 0
    assert "systemd" in ad_hoc(lab, "right", "ansible.builtin.command", {"cmd": "cat /proc/1/comm"}, inventory=str(inventory))


def test_a_group_that_is_not_there_is_named(lab: RealLab) -> None:
    done = playbook(lab, inventory="localhost,")
    assert "The inventory has no host in group cnm_lab" in done.stdout + done.stderr


@pytest.mark.parametrize("was_up", [True, False])
def test_a_host_that_is_not_up_is_unreachable(lab: RealLab, was_up: bool) -> None:
    if was_up:
        lab.bring("present", 1)
        record = lab.record(1)
        os.kill(record.pid, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while record.is_running and time.monotonic() < deadline:
            time.sleep(0.01)
    done = lab.ansible("ansible", "node1", "-m", "ansible.builtin.ping")
    assert done.returncode == 4  # unreachable
    assert "UNREACHABLE" in done.stdout
    assert f"{'has ended' if was_up else 'is not up'}. Start it with: ansible-playbook -i INVENTORY mooring.cnm.lab" in done.stdout


def test_files_do_not_leave_the_host_by_a_symbolic_link(pair: RealLab, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    content = bytes(range(256)) * 5000
    source.write_bytes(content)
    target.write_text("the machine's")
    # in the host the same path is another file; tmp_path is not there at all
    pair.host(1).check_output("mkdir -p %s && echo old > %s && ln -sf %s /etc/link", str(tmp_path), str(target), str(target))
    copy = {"src": str(source), "dest": "/etc/link", "follow": True}
    ad_hoc(pair, "node1", "ansible.builtin.copy", copy)
    assert pair.host(1).file(str(target)).content == content
    assert target.read_text() == "the machine's"
    ad_hoc(pair, "node1", "ansible.builtin.fetch", {"src": "/etc/link", "dest": f"{tmp_path}/fetched", "flat": True}, CNM_LAB_SIZE="2")
    assert (tmp_path / "fetched").read_bytes() == content


@pytest.mark.parametrize("pipelining", ["true", "false"])
def test_the_controllers_environment_stays_outside(pair: RealLab, pipelining: str) -> None:
    out = ad_hoc(pair, "node1", "ansible.builtin.command", {"cmd": "env"}, ANSIBLE_PIPELINING=pipelining, VIRTUAL_ENV="/leak", LEAK="leak")
    assert "PATH=/usr/sbin:/usr/bin:/sbin:/bin\n" in out + "\n"
    assert "leak" not in out.lower()


def test_what_is_delegated_runs_on_the_other_host(pair: RealLab, tmp_path: Path) -> None:
    play = tmp_path / "play.yml"
    ask = {"ansible.builtin.command": "hostname", "delegate_to": "node2", "register": "asked"}
    play.write_text(json.dumps([{"hosts": "node1", "gather_facts": False, "tasks": [ask, {"ansible.builtin.debug": {"var": "asked.stdout"}}]}]))
    assert '"asked.stdout": "node2"' in pair.ansible("ansible-playbook", str(play), CNM_LAB_SIZE="2").stdout


def test_a_file_that_cannot_be_copied_is_told(pair: RealLab) -> None:
    done = pair.ansible("ansible", "node1", "-m", "ansible.builtin.fetch", "-a", "src=/etc/none dest=/tmp/none flat=true fail_on_missing=true")
    assert done.returncode != 0


def test_the_size_of_the_inventory_is_checked(lab: RealLab) -> None:
    done = lab.ansible("ansible-inventory", "--list", CNM_LAB_SIZE="0")
    assert "A lab cannot have 0 hosts: set CNM_LAB_SIZE" in done.stdout + done.stderr


def test_the_inventory_counts_addresses(lab: RealLab) -> None:
    done = lab.ansible("ansible", "node1,node300", "-m", "ansible.builtin.debug", "-a", "msg={{ ansible_host }}", CNM_LAB_SIZE="300")
    assert '"198.18.0.1"' in done.stdout and '"198.18.1.44"' in done.stdout
