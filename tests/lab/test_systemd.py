# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose first process is a real systemd."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.lab import first_process
from ansible_collections.mooring.cnm.plugins.module_utils.lab.first_start import MASKED_UNITS, THE_MACHINES
from ansible_collections.mooring.cnm.plugins.module_utils.lab.host import HostError
from testinfra.host import Host

from .conftest import RealLab


@pytest.fixture
def lab(new_lab: Callable[..., RealLab]) -> RealLab:
    return new_lab("systemd")


def enable(host: Host, name: str, service: str) -> None:
    """Let the next boot start a unit of this [Service]."""
    host.check_output("printf '[Service]\\n%%b\\n[Install]\\nWantedBy=multi-user.target\\n' %s > /etc/systemd/system/%s.service", service, name)
    host.check_output("systemctl enable %s", name)


def wait_for_end(lab: RealLab, number: int) -> None:
    deadline = time.monotonic() + 10
    while lab.record(number).is_running and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not lab.record(number).is_running


def test_it_is_up_when_the_run_ends(lab: RealLab, capsys: pytest.CaptureFixture[str]) -> None:
    begin = time.monotonic()
    assert lab.bring("present", 1)["warnings"] == []
    took_s = time.monotonic() - begin
    host = lab.host(1)
    with capsys.disabled():
        print(f"\na host with systemd in {took_s:.2f} s; {host.check_output('systemd-analyze time').splitlines()[0]}")
    assert host.check_output("systemctl is-system-running") == "running"
    assert host.check_output("systemctl list-units --failed --plain --no-legend") == ""
    assert host.check_output("systemctl is-active dbus systemd-journald").split() == ["active", "active"]
    assert "org.freedesktop.systemd1" in host.check_output("busctl list --no-pager")
    assert "Reached target multi-user.target" in host.check_output("journalctl --boot --no-pager")
    assert host.check_output("systemd-detect-virt --container") == "container-other"
    assert host.check_output("systemd-run --wait --pipe --quiet hostname") == "node1"
    assert not lab.bring("present", 1)["changed"]


def test_it_starts_none_of_the_machines_daemons(lab: RealLab) -> None:
    lab.bring("present", 1)
    host = lab.host(1)
    assert host.check_output("find /etc/systemd/system -type l -not -lname /dev/null; ls /etc/rc2.d; ls /etc/fstab 2>/dev/null || true") == ""
    assert host.check_output("systemctl is-enabled %s || true", MASKED_UNITS[-1]) == "masked"


def test_it_reaches_for_nothing_that_all_hosts_share(lab: RealLab) -> None:
    before = {path: Path(path).read_text() for path in ("/proc/filesystems", "/proc/sys/kernel/core_pattern", "/proc/sys/fs/nr_open")}
    lab.bring("present", 1)
    kinds = set(lab.host(1).check_output("findmnt --noheadings --list --output FSTYPE").split())
    assert kinds <= {"overlay", "proc", "sysfs", "tmpfs", "devpts", "mqueue", "ramfs", "cgroup", "cgroup2"}
    assert {path: Path(path).read_text() for path in before} == before


def test_a_first_start_forgets_the_machine_and_a_later_one_nothing(tmp_path: Path) -> None:
    """In a root of its own, which has all that a machine may have there."""
    for pattern in THE_MACHINES:
        path = tmp_path / pattern.replace("?", "2").replace("[SK]", "S").replace("*", "docker").lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to("/nowhere")
    (tmp_path / "etc/systemd/system/multi-user.target.wants").mkdir()
    (tmp_path / "etc/systemd/system/multi-user.target.wants/docker.service").symlink_to("/lib/systemd/system/docker.service")
    (tmp_path / "etc/cloud").mkdir()

    def start(root: str) -> set[str]:
        program = (
            "import os, sys; from ansible_collections.mooring.cnm.plugins.module_utils.lab.first_start import settle;"
            "os.chroot(sys.argv[1]); os.chdir('/'); settle('lab', 'node1', sys.argv[2])"
        )
        subprocess.run([sys.executable, "-c", program, str(tmp_path), root], check=True)
        return {path.relative_to(tmp_path / "etc").as_posix() for path in tmp_path.rglob("*") if not path.is_dir()}

    masked = {f"systemd/system/{unit}" for unit in MASKED_UNITS}
    assert start("/") == masked | {"hostname", "hosts", "machine-id", "resolv.conf", "cloud/cloud-init.disabled"}
    assert {os.readlink(tmp_path / "etc" / unit) for unit in masked} == {"/dev/null"}
    # the second time all is the host's own
    (tmp_path / "etc/fstab").touch()
    (tmp_path / "etc/systemd/system" / MASKED_UNITS[0]).unlink()
    assert "fstab" in start("/") and f"systemd/system/{MASKED_UNITS[0]}" not in start("/")
    # and on a root that was made to be one, what is enabled stays
    (tmp_path / "etc/machine-id").write_text("uninitialized\n")
    assert "fstab" in start("/srv/root")


def test_a_reboot_is_a_power_cut_after_which_units_start(lab: RealLab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.bring("present", 1, 2)
    enable(lab.host(1), "kept", "Type=oneshot\nExecStart=/bin/sh -c 'echo said at boot; touch /run/started'")
    boot_id = lab.host(1).file("/proc/sys/kernel/random/boot_id").content
    lab.init = None  # a host keeps what it has
    begin = time.monotonic()
    assert lab.bring("rebooted", 1)["ops"] == ["stop host node1", "start host node1 at 198.18.0.1 and fd00:198:18::1 with systemd"]
    with capsys.disabled():
        print(f"\nrebooted in {time.monotonic() - begin:.2f} s")
    host = lab.host(1)
    assert host.file("/run/started").exists
    assert "said at boot" in host.check_output("journalctl --boot --unit kept --no-pager")
    assert host.file("/proc/sys/kernel/random/boot_id").content != boot_id
    lab.host(2).run_expect([0], "ping -c 1 -W 2 198.18.0.1")


def test_a_unit_that_fails_is_told(lab: RealLab) -> None:
    lab.bring("present", 1)
    enable(lab.host(1), "broken", "Type=oneshot\nExecStart=/bin/false")
    [warning] = lab.bring("rebooted", 1)["warnings"]
    assert warning == "node1 is up, and its systemd calls it degraded: these units failed: broken.service. Look at them with systemctl status."


def test_a_boot_that_does_not_end_is_told(lab: RealLab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.bring("present", 1)
    enable(lab.host(1), "endless", "Type=oneshot\nTimeoutStartSec=infinity\nExecStart=/bin/sleep infinity")
    monkeypatch.setattr(first_process, "BOOT_TIMEOUT_S", 2)
    with pytest.raises(HostError, match=r"node1 has not come up after 2 s, and still waits for: .*endless\.service"):
        lab.bring("rebooted", 1)
    assert lab.host(1).check_output("systemctl is-system-running || true") == "starting"


def test_a_systemd_that_ends_is_told(lab: RealLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_process, "SYSTEMD", ("/bin/false",))
    with pytest.raises(HostError, match=r"the systemd of node1 has ended instead of starting its units\."):
        lab.bring("present", 1)


def test_a_host_that_turned_itself_off_is_started(lab: RealLab) -> None:
    lab.bring("present", 1)
    lab.host(1).run("systemctl poweroff")
    wait_for_end(lab, 1)
    assert lab.bring("present", 1)["ops"] == ["start host node1 at 198.18.0.1 and fd00:198:18::1 with systemd"]
    assert lab.host(1).check_output("systemctl is-system-running") == "running"
