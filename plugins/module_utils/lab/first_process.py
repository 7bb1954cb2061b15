# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's first process is, and when it has brought the host up."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import select
import signal
import socket
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from .record import ENVIRONMENT, enter_command

# It ignores SIGCHLD, which outlives exec: the kernel itself then reaps the orphans that the process inherits (wait(2)), and
# one that only sleeps is enough.
REAPER = ("sleep", "infinity")

SYSTEMD = ("/usr/lib/systemd/systemd", "/lib/systemd/systemd")
# systemd tells a socket of this name that the boot is finished, if its environment says so: systemd.io/CONTAINER_INTERFACE
NOTIFY_SOCKET = "/run/host/notify"
SYSTEMD_ENVIRONMENT = {"container": "cnm-lab", "LANG": "C.UTF-8", "NOTIFY_SOCKET": NOTIFY_SOCKET, "PATH": ENVIRONMENT["PATH"]}
BOOT_TIMEOUT_S = 120

# systemd's NEWS: from this version on it takes control groups of version 2 alone.
CGROUP_2_ONLY_SINCE = 258
SHARED_LIBRARIES = ("usr/lib/systemd", "usr/lib/*/systemd", "lib/systemd")


@dataclass(frozen=True)
class Boot:
    """A host that is being brought up by its systemd, the process ``pid``.

    process: a descriptor of that; news: where it says that it has finished.
    """

    host: str
    pid: int
    process: int
    news: socket.socket

    def close(self) -> None:
        os.close(self.process)
        self.news.close()


class BootError(OSError):
    """A boot that does not end: which host's, and what it waits for."""


def find_systemd(root: str) -> str | None:
    """The path of systemd in this root file system; None where it has none."""
    return next((path for path in SYSTEMD if os.path.exists(root.rstrip("/") + path)), None)


def takes_cgroup_1(init: str, root: str) -> bool:
    """Whether this first process, in this root, can live in control groups of version 1."""
    libraries = (glob.glob(os.path.join(root, folder, "libsystemd-shared-*.so")) for folder in SHARED_LIBRARIES)
    versions = [int(number) for found in libraries for path in found for number in re.findall(r"-(\d+)[^/]*$", path)]
    return init == "reaper" or max(versions, default=0) < CGROUP_2_ONLY_SINCE


def become_first_process(init: str) -> NoReturn:
    """Run what the host begins with in place of this process, which is in the host by now."""
    if init == "systemd":
        path = find_systemd("/") or SYSTEMD[0]
        os.execve(path, [path, "--unit=multi-user.target"], SYSTEMD_ENVIRONMENT)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    os.execvpe(REAPER[0], REAPER, ENVIRONMENT)


def listen_for_boot(host: str, pid: int) -> Boot:
    """Begin to listen to the systemd that this process is going to be."""
    path = f"/proc/{pid}/root{NOTIFY_SOCKET}"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    news = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    news.bind(path)
    return Boot(host, pid, os.pidfd_open(pid), news)


def await_boots(boots: Iterable[Boot]) -> list[str]:
    """Wait until all these hosts are up. Returns a sentence for each that is up with something amiss.

    BootError: one has ended instead, or for BOOT_TIMEOUT_S none has come up any more. The others go on.
    """
    warnings = []
    poll = select.poll()
    waiting: dict[int, Boot] = {}
    for boot in boots:
        for number in (boot.process, boot.news.fileno()):
            waiting[number] = boot
            poll.register(number, select.POLLIN)
    while waiting:
        events = poll.poll(BOOT_TIMEOUT_S * 1000)
        if not events:
            raise BootError(" ".join(sorted({_waits_for(boot) for boot in waiting.values()})))
        for boot in {waiting[number] for number, _event in events}:
            if _has_finished(boot):
                for number in (boot.process, boot.news.fileno()):
                    poll.unregister(number)
                    del waiting[number]
                warnings += _amiss(boot)
    return warnings


def _has_finished(boot: Boot) -> bool:
    """Whether this host, of which there is news, is up."""
    with contextlib.suppress(BlockingIOError):
        return b"READY=1" in boot.news.recv(65536, socket.MSG_DONTWAIT).split(b"\n")
    raise BootError(f"the systemd of {boot.host} has ended instead of starting its units.{_inotify_hint()}")


def _inotify_hint() -> str:
    """What to do where the machine has no more inotify instances, of which each systemd takes several."""
    with open("/proc/sys/fs/inotify/max_user_instances", encoding="ascii") as stream:
        most = int(stream.read())
    used = 0
    for folder in glob.glob("/proc/[0-9]*/fd"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            used += sum(os.readlink(entry.path) == "anon_inode:inotify" for entry in os.scandir(folder))
    if used < most * 3 // 4:
        return ""
    return f" This machine allows {most} inotify instances and {used} are used: allow more, with sysctl -w fs.inotify.max_user_instances=1024."


def _amiss(boot: Boot) -> list[str]:
    """Why the host's systemd calls it degraded; nothing where it does not."""
    state = _systemctl(boot, "is-system-running").strip()
    if state == "running":
        return []
    failed = _units(boot, "list-units", "--failed")
    return [f"{boot.host} is up, and its systemd calls it {state}: these units failed: {failed}. Look at them with systemctl status.{_inotify_hint()}"]


def _waits_for(boot: Boot) -> str:
    return f"{boot.host} has not come up after {BOOT_TIMEOUT_S} s, and still waits for: {_units(boot, 'list-jobs')}."


def _units(boot: Boot, *words: str) -> str:
    lines = _systemctl(boot, *words, "--plain", "--no-legend").splitlines()
    units = [next((word for word in line.split() if "." in word), line) for line in lines]
    return ", ".join(units) or "none that it names"


def _systemctl(boot: Boot, *words: str) -> str:
    command = [*enter_command(boot.pid), "systemctl", *words]
    return subprocess.run(command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False).stdout
