# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the first start of a lab to its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.lab import first_process
from ansible_collections.mooring.cnm.plugins.module_utils.lab import host as lab_host_module
from ansible_collections.mooring.cnm.plugins.module_utils.lab.cgroups import read_hierarchies
from ansible_collections.mooring.cnm.plugins.module_utils.lab.converge import LabRefused, converge_lab
from ansible_collections.mooring.cnm.plugins.module_utils.lab.host import HostError
from ansible_collections.mooring.cnm.plugins.module_utils.lab.record import disk_path, start_of, switch_path, write_record

from .conftest import RealLab

NAMESPACES = ("net", "mnt", "pid", "ipc", "uts", "cgroup")


def namespaces_of(pid: int) -> set[str]:
    return {os.readlink(f"/proc/{pid}/ns/{kind}") for kind in NAMESPACES}


def namespaces_in_use() -> set[str]:
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if start_of(int(pid)):  # and not a dead one that the machine's init has not reaped yet
                found |= namespaces_of(int(pid))
        except OSError:
            pass  # it ended meanwhile
    return found


def links() -> str:
    return subprocess.run(["ip", "-o", "-br", "link"], capture_output=True, text=True, check=True).stdout


def test_a_second_run_changes_nothing(lab: RealLab) -> None:
    first = lab.bring("present", 1, 2)
    started = [lab.record(1), lab.record(2)]
    second = lab.bring("present", 1, 2)
    assert first["changed"] and len(first["ops"]) == 3
    assert not second["changed"] and second["ops"] == [] and second["before"] == second["after"] == first["after"]
    assert [lab.record(1), lab.record(2)] == started


def test_check_mode_predicts_and_does_nothing(lab: RealLab) -> None:
    for state in ("present", "rebooted", "absent"):
        predicted = lab.bring(state, 1, 2, check_mode=True)
        if state == "present":
            assert not os.path.exists(switch_path(lab.name)) and not os.path.exists(disk_path(lab.name))
        else:
            assert lab.host(1).run("true").rc == 0
        assert predicted == lab.bring(state, 1, 2)
        assert predicted["changed"]


def test_only_missing_hosts_are_made(lab: RealLab) -> None:
    lab.bring("present", 1)
    first = lab.record(1)
    assert lab.bring("present", 1, 2)["ops"] == ["start host node2 at 198.18.0.2 and fd00:198:18::2"]
    assert lab.record(1) == first


def test_a_host_that_was_killed_comes_back_on_its_disk(lab: RealLab) -> None:
    lab.bring("present", 1, 2)
    lab.host(1).check_output("echo kept > /etc/kept; echo lost > /run/lost; ip netns add lost; sysctl -w net.ipv4.ip_forward=1")
    dead = lab.record(1)
    os.kill(dead.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while dead.is_running and time.monotonic() < deadline:
        time.sleep(0.01)
    assert lab.bring("present", 1, 2)["ops"] == ["start host node1 at 198.18.0.1 and fd00:198:18::1"]
    host = lab.host(1)
    assert host.file("/etc/kept").content_string == "kept\n"
    assert not host.file("/run/lost").exists
    assert host.check_output("ip netns list; sysctl -n net.ipv4.ip_forward") == "0"
    lab.host(2).run_expect([0], "ping -c 1 -W 2 198.18.0.1")


def test_a_reboot_is_a_power_cut(lab: RealLab) -> None:
    lab.bring("present", 1, 2)
    lab.host(1).check_output("echo kept > /etc/hosts; ip link add lost type bridge")
    lab.host(2).run_expect([0], "ping -c 1 -W 2 198.18.0.1")
    before, other, boot_id = lab.record(1), lab.record(2), lab.host(1).file("/proc/sys/kernel/random/boot_id").content
    assert lab.bring("rebooted", 1)["changed"]
    assert (lab.record(1) != before, lab.record(2) == other) == (True, True)
    assert not os.path.exists(f"/proc/{before.pid}/ns/net")
    assert lab.host(1).file("/etc/hosts").content_string == "kept\n"
    assert lab.host(1).file("/proc/sys/kernel/random/boot_id").content != boot_id
    assert sorted(lab.host(1).check_output("ls /sys/class/net").split()) == ["eth0", "lo"]
    # its MAC address is the same, so that the neighbour entry which node2 has is still true
    lab.host(2).run_expect([0], "ping -c 1 -W 2 198.18.0.1")


@pytest.mark.parametrize("init", ["reaper", "systemd"])
def test_nothing_is_left_of_a_lab(new_lab: Callable[..., RealLab], init: str) -> None:
    lab = new_lab(init)
    mounts, interfaces, run = Path("/proc/self/mountinfo").read_text(), links(), set(os.listdir("/run"))
    lab.bring("present", 1, 2, 3)
    lab.host(1).check_output("setsid sleep 1000 >/dev/null 2>&1 & ip netns add deep; mkdir -p /sys/fs/cgroup/*/deep 2>/dev/null; true")
    pids = [lab.record(number).pid for number in (1, 2, 3)]
    taken = set().union(*map(namespaces_of, pids))
    assert len(taken) == 3 * len(NAMESPACES) and taken <= namespaces_in_use()
    assert lab.bring("absent")["changed"]
    assert [pid for pid in pids if start_of(pid)] == []
    assert not taken & namespaces_in_use()
    assert (Path("/proc/self/mountinfo").read_text(), links()) == (mounts, interfaces)
    assert set(os.listdir("/run")) <= run | {"cnm-lab"}
    places = [f"/run/cnm-lab/{lab.name}", disk_path(lab.name), *(f"{hierarchy.point}/cnm-lab/{lab.name}" for hierarchy in read_hierarchies())]
    assert [place for place in places if os.path.exists(place)] == []
    assert not lab.bring("absent")["changed"]


def test_the_switch_stays_until_the_last_host_is_gone(lab: RealLab) -> None:
    lab.bring("present", 1, 2)
    lab.bring("absent", 1)
    assert os.path.ismount(switch_path(lab.name)) and lab.host(2).run("true").rc == 0
    assert lab.bring("absent", 2)["ops"][-1] == f"remove switch {lab.name}"
    assert not os.path.exists(switch_path(lab.name))


@pytest.mark.parametrize("init", ["reaper", "systemd"])
def test_two_labs_do_not_see_each_other(new_lab: Callable[..., RealLab], init: str) -> None:
    one, other = new_lab(init), new_lab("systemd")
    one.bring("present", 1, 2)
    other.bring("present", 1, 3)
    one.host(1).run_expect([0], "ping -c 1 -W 2 198.18.0.2")
    one.host(1).run_expect([1], "ping -c 1 -W 1 198.18.0.3")
    one.host(1).check_output("touch /etc/labtest /run/labtest")
    assert not other.host(1).file("/etc/labtest").exists and not other.host(1).file("/run/labtest").exists
    one.bring("absent")
    other.host(1).run_expect([0], "ping -c 1 -W 2 198.18.0.3")


def test_only_the_recorded_process_is_killed(lab: RealLab) -> None:
    """A number that another process has by now: the record's time of start tells them apart."""
    lab.bring("present", 1)
    true_record = lab.record(1)
    with subprocess.Popen(["sleep", "100"]) as innocent:
        write_record(lab.name, "node1", replace(true_record, pid=innocent.pid))
        assert lab.bring("rebooted", 1)["ops"] == ["start host node1 at 198.18.0.1 and fd00:198:18::1"]
        assert innocent.poll() is None
        innocent.kill()
    os.kill(true_record.pid, signal.SIGKILL)


def test_a_host_that_fails_to_start_leaves_nothing(lab: RealLab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.bring("present", 1)
    before = namespaces_in_use()

    def fail(*_: object) -> None:
        raise OSError("the cable broke")

    monkeypatch.setattr(lab_host_module, "connect_host", fail)
    with pytest.raises(HostError, match=r"^The lab host node2 could not be started: the cable broke\.$"):
        lab.bring("present", 1, 2)
    deadline = time.monotonic() + 5
    while not namespaces_in_use() <= before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert namespaces_in_use() <= before
    assert not os.path.exists(disk_path(lab.name, "node2"))
    monkeypatch.undo()
    assert lab.bring("present", 1, 2)["ops"] == ["start host node2 at 198.18.0.2 and fd00:198:18::2"]


def test_a_run_that_is_killed_leaves_no_host_without_a_record(lab: RealLab) -> None:
    program = f"""
import os, sys
from ansible_collections.mooring.cnm.plugins.module_utils.lab import host, switch
from ansible_collections.mooring.cnm.plugins.module_utils.lab.plan import Host
def die(lab, name, address, pid):
    print(pid, flush=True)
    os.kill(os.getpid(), 9)
host.connect_host = die
switch.create_switch("{lab.name}")
host.start_host("{lab.name}", Host("node1", "198.18.0.1"))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    deadline = time.monotonic() + 5
    while start_of(int(done.stdout)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert start_of(int(done.stdout)) is None
    assert lab.bring("present", 1)["ops"] == ["start host node1 at 198.18.0.1 and fd00:198:18::1"]


@pytest.mark.parametrize(("init", "first"), [("reaper", "0::/"), ("systemd", "0::/init.scope")])
def test_a_machine_with_control_groups_of_version_2_alone(lab: RealLab, init: str, first: str) -> None:
    """In a mount namespace that has just these. The names of the mounts are all that tells such a machine from another."""
    program = f"""
import subprocess
from ansible_collections.mooring.cnm.plugins.module_utils.lab.converge import converge_lab
from ansible_collections.mooring.cnm.plugins.module_utils.lab.record import ENVIRONMENT, enter_command, read_record
parameters = {{"name": "{lab.name}", "init": "{init}", "hosts": [{{"name": "node1"}}]}}
converge_lab({{**parameters, "state": "present"}}, False)
words = [*enter_command(read_record("{lab.name}", "node1").pid), "sh", "-c", "grep ^0: /proc/1/cgroup; grep -c cgroup2 /proc/mounts; mkdir /sys/fs/cgroup/deep"]
subprocess.run(words, env=ENVIRONMENT, check=True)
converge_lab({{**parameters, "state": "absent"}}, False)
subprocess.run(["find", "/sys/fs/cgroup", "-path", "*cnm-lab/{lab.name}"], check=True)
"""
    script = 'umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$0" -c "$1"'
    done = subprocess.run(["unshare", "--mount", "sh", "-c", script, sys.executable, program], capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.stderr) == ([first, "1"], "")


def test_what_the_first_process_says_is_told(lab: RealLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_process, "REAPER", ("no-such-program",))
    with pytest.raises(HostError, match=r"^The lab host node1 could not be started: .*No such file"):
        lab.bring("present", 1)
    assert not os.path.exists(disk_path(lab.name))


def test_a_running_host_keeps_its_address(lab: RealLab) -> None:
    lab.bring("present", 1)
    parameters = {"name": lab.name, "state": "present", "init": "reaper"}
    with pytest.raises(LabRefused, match="would both have the address"):
        converge_lab({**parameters, "hosts": [{"name": "other", "address": "198.18.0.1"}]}, False)
    with pytest.raises(LabRefused, match="reboot it to change that"):
        converge_lab({**parameters, "hosts": [{"name": "node1", "address": "198.18.0.7"}]}, False)
    converge_lab({**parameters, "state": "rebooted", "hosts": [{"name": "node1", "address": "198.18.0.7"}]}, False)
    assert "198.18.0.7/16" in lab.host(1).check_output("ip -br addr show eth0")


def test_fifty_hosts_come_up_in_seconds(lab: RealLab) -> None:
    numbers = range(1, 51)
    begin = time.monotonic()
    lab.bring("present", *numbers)
    took_s = time.monotonic() - begin
    lab.host(50).run_expect([0], "ping -c 1 -W 2 198.18.0.1")
    print(f"50 lab hosts in {took_s:.1f} s")
    assert took_s < 15
