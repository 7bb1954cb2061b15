# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a lab keeps what, and which of its hosts run: read by whoever wants to enter one."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address

from .plan import Lab, Seen

RUN = "/run/cnm-lab"
DISKS = "/var/lib/cnm-lab"

# What a process of a lab host finds, whatever the environment of the one who starts it (a virtualenv, pyenv).
ENVIRONMENT = {
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "LOGNAME": "root",
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "SHELL": "/bin/sh",
    "USER": "root",
}


@dataclass(frozen=True)
class Record:
    """A host that was started. pid: its first process; started: when that began, in clock ticks since boot (proc(5), starttime)."""

    address: IPv4Address
    pid: int
    started: int

    @property
    def is_running(self) -> bool:
        """Whether that very process lives: a number is used again, a number with its time of start is not."""
        return start_of(self.pid) == self.started


def enter_command(pid: int) -> list[str]:
    """The words before a command that run it in the host with this first process; to be run with ENVIRONMENT."""
    return ["nsenter", f"--target={pid}", "--mount", "--net", "--uts", "--ipc", "--pid", "--cgroup", "--"]


def start_of(pid: int) -> int | None:
    """When a process began, in clock ticks since boot; None where there is none, or a dead one that nobody has reaped."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            fields = stream.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def read_record(lab: str, host: str) -> Record | None:
    """The record of a host; None where it has none, or a broken one."""
    try:
        with open(record_path(lab, host), encoding="utf-8") as stream:
            pid, started, address = stream.read().split()
        return Record(IPv4Address(address), int(pid), int(started))
    except (OSError, ValueError):
        return None


def write_record(lab: str, host: str, record: Record) -> None:
    """Keep the record of a host, until the machine restarts or the host is removed."""
    with open(record_path(lab, host), "w", encoding="utf-8") as stream:
        stream.write(f"{record.pid} {record.started} {record.address}\n")


def read_made_with(lab: str, host: str) -> tuple[str, str]:
    """With which init and on which root the host was last started: its disk keeps that."""
    try:
        with open(_made_with_path(lab, host), encoding="utf-8") as stream:
            init, root = stream.read().split()
        return init, root
    except (OSError, ValueError):
        return "reaper", "/"


def write_made_with(lab: str, host: str, init: str, root: str) -> None:
    """Keep with the host's disk what it is started with."""
    os.makedirs(disk_path(lab, host), exist_ok=True)
    with open(_made_with_path(lab, host), "w", encoding="utf-8") as stream:
        stream.write(f"{init} {root}\n")


def _made_with_path(lab: str, host: str) -> str:
    return os.path.join(disk_path(lab, host), "made-with")


def record_path(lab: str, host: str) -> str:
    return os.path.join(RUN, lab, "hosts", host)


def switch_path(lab: str) -> str:
    """The file on which the network namespace of the lab's switch is mounted: it lives without a process."""
    return os.path.join(RUN, lab, "switch")


def disk_path(lab: str, host: str = "") -> str:
    return os.path.join(DISKS, lab, host)


def observe_lab(lab: str) -> Lab:
    """What there is of a lab: hosts with a record (they run, or died) or with a disk (the machine was restarted)."""
    hosts = (_seen(lab, name) for name in sorted(_names(record_path(lab, "")) | _names(disk_path(lab))))
    return Lab(lab, os.path.ismount(switch_path(lab)), tuple(hosts))


def _seen(lab: str, name: str) -> Seen:
    record, made_with = read_record(lab, name), read_made_with(lab, name)
    return Seen(name, record.address if record else None, bool(record and record.is_running), *made_with)


def _names(directory: str) -> set[str]:
    try:
        return set(os.listdir(directory))
    except FileNotFoundError:
        return set()


@contextmanager
def locked(lab: str) -> Iterator[None]:
    """Hold the one lock of all labs: one run at a time changes them. Leaves no empty folder of this lab."""
    while True:
        os.makedirs(RUN, exist_ok=True)
        lock = os.open(RUN, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Whoever had the lock may have removed the last lab, and the folder with it.
            if os.path.exists(RUN) and os.path.samestat(os.fstat(lock), os.stat(RUN)):
                try:
                    yield
                finally:
                    _remove_empty_folders(lab)
                return
        finally:
            os.close(lock)


def _remove_empty_folders(lab: str) -> None:
    for folder in (record_path(lab, ""), os.path.join(RUN, lab), RUN, disk_path(lab), DISKS):
        try:
            os.rmdir(folder)
        except OSError:
            pass  # it is in use, or there is none
