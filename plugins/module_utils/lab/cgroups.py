# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control groups of lab hosts: a folder per host in every hierarchy that the machine has, of version 1 or 2."""

from __future__ import annotations

import errno
import os
import time
from dataclasses import dataclass

from .syscalls import MS_NODEV, MS_NOEXEC, MS_NOSUID, mount

ROOT = "/sys/fs/cgroup"
FOLDER = "cnm-lab"
BUSY_TIMEOUT_S = 2.0


@dataclass(frozen=True)
class Hierarchy:
    """A mounted hierarchy. kind: cgroup (version 1) or cgroup2; options: those that name it (``cpu,cpuacct``, ``name=systemd``)."""

    point: str
    kind: str
    options: str = ""


def parse_hierarchies(mountinfo: str) -> tuple[Hierarchy, ...]:
    """The hierarchies in the text of /proc/self/mountinfo: proc(5)."""
    found = []
    for line in mountinfo.splitlines():
        before, after = line.split(" - ", 1)
        point, kind, options = before.split()[4], after.split()[0], after.split()[-1]
        if kind == "cgroup2":
            found.append(Hierarchy(point, kind))
        elif kind == "cgroup":
            # These say how a hierarchy behaves, not which one it is.
            words = [word for word in options.split(",") if word not in ("rw", "ro", "xattr", "clone_children", "noprefix")]
            found.append(Hierarchy(point, kind, ",".join(word for word in words if not word.startswith("release_agent="))))
    return tuple(found)


def only_version_2(hierarchies: tuple[Hierarchy, ...]) -> tuple[Hierarchy, ...]:
    """The one of version 2 among them, where a machine that has no other one mounts it."""
    return tuple(Hierarchy(ROOT, hierarchy.kind) for hierarchy in hierarchies if hierarchy.kind == "cgroup2")


def read_hierarchies() -> tuple[Hierarchy, ...]:
    """The hierarchies of this mount namespace."""
    with open("/proc/self/mountinfo", encoding="utf-8") as stream:
        return parse_hierarchies(stream.read())


def read_links() -> list[tuple[str, str]]:
    """The symbolic links among version 1 hierarchies (``cpu`` for ``cpu,cpuacct``) with their targets."""
    return [(entry.path, os.readlink(entry.path)) for entry in os.scandir(ROOT) if entry.is_symlink()] if os.path.isdir(ROOT) else []


def join_cgroups(hierarchies: tuple[Hierarchy, ...], lab: str, host: str) -> None:
    """Move this process into the host's folder of each hierarchy. One that cannot be written (a container's) is passed over."""
    for hierarchy in hierarchies:
        folder = hierarchy.point
        try:
            for part in (FOLDER, lab, host):
                folder = os.path.join(folder, part)
                os.makedirs(folder, exist_ok=True)
                _inherit_cpuset(folder)
            _write(os.path.join(folder, "cgroup.procs"), "0")
        except OSError as error:
            if error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):
                raise


def _inherit_cpuset(folder: str) -> None:
    """A new folder of the version 1 cpuset hierarchy has no CPU and no memory, and takes no process until it has."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        own, parent = os.path.join(folder, name), os.path.join(os.path.dirname(folder), name)
        if os.path.exists(own) and os.path.exists(parent) and not _read(own):
            _write(own, _read(parent))


def mount_cgroups(hierarchies: tuple[Hierarchy, ...], links: list[tuple[str, str]]) -> None:
    """Mount the hierarchies in a new root: in a cgroup namespace each shows the host's folder as its top."""
    flags = MS_NOSUID | MS_NODEV | MS_NOEXEC
    if all(hierarchy.point != ROOT for hierarchy in hierarchies):
        mount("tmpfs", ROOT, flags, "mode=755")
    for hierarchy in hierarchies:
        if hierarchy.point.startswith(ROOT):
            os.makedirs(hierarchy.point, exist_ok=True)
            mount(hierarchy.kind, hierarchy.point, flags, hierarchy.options)
    for path, target in links:
        os.symlink(target, path)


def remove_cgroups(lab: str, host: str) -> None:
    """Remove the host's folders and what it made in them; those of the lab when they are empty."""
    for hierarchy in read_hierarchies():
        top = os.path.join(hierarchy.point, FOLDER)
        for walked in os.walk(os.path.join(top, lab, host), topdown=False):
            _remove_when_idle(walked[0])
        for folder in (os.path.join(top, lab), top):
            try:
                os.rmdir(folder)
            except OSError:
                break  # another host, or another lab, is in it; or it never was


def _remove_when_idle(folder: str) -> None:
    """Remove one folder. The kernel calls it busy for an instant after its last process has ended."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            os.rmdir(folder)
            return
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as stream:
        return stream.read().strip()


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
