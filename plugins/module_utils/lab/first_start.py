# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written on a host's disk at its first start, and never again: who it is, and what it is not to take over."""

from __future__ import annotations

import glob
import hashlib
import os
import shutil

# What of the machine's own life lies in its /etc: the disks that it mounts, the daemons that it starts, the settings that it
# sets. A host on the machine's root would do it all again at its boot.
THE_MACHINES = (
    "/etc/crypttab",
    "/etc/fstab",
    "/etc/rc.local",
    "/etc/rc?.d/[SK]*",
    "/etc/sysctl.conf",
    "/etc/sysctl.d/*.conf",
    "/etc/systemd/system/*",
)

# Units that every root has enabled, and that would reach for what all hosts share: the kernel's modules and the file systems that
# it shows itself in. The rest of that kind stays out by itself, since /sys and /proc/sys are read-only.
MASKED_UNITS = (
    "console-getty.service",
    "dev-hugepages.mount",
    "modprobe@.service",
    "proc-sys-fs-binfmt_misc.automount",
    "proc-sys-fs-binfmt_misc.mount",
    "sys-fs-fuse-connections.mount",
    "sys-kernel-config.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "systemd-modules-load.service",
    "systemd-timesyncd.service",
    "systemd-udevd.service",
)


def settle(lab: str, host: str, root: str) -> None:
    """Make the root file system that this process has this host's own, unless it is that already."""
    machine_id = hashlib.sha256(f"{lab}/{host}".encode()).hexdigest()[:32] + "\n"
    if os.path.isfile("/etc/machine-id") and _read("/etc/machine-id") == machine_id:
        return  # not its first start: what its user made of these files stays
    if root == "/":
        for pattern in THE_MACHINES:
            for path in glob.glob(pattern):
                _remove(path)
    for unit in MASKED_UNITS:
        _replace(f"/etc/systemd/system/{unit}", target="/dev/null")
    if os.path.isdir("/etc/cloud"):
        _replace("/etc/cloud/cloud-init.disabled", "")
    _replace("/etc/hostname", f"{host}\n")
    _replace("/etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {host}\n::1 localhost ip6-localhost ip6-loopback\n")
    _replace("/etc/resolv.conf", "# A lab host has no route to the outside, and so no name server.\n")
    _replace("/etc/machine-id", machine_id)


def _replace(path: str, text: str = "", target: str = "") -> None:
    """Write a file, or a symbolic link to a target, in place of what is there: perhaps a link to what is not there."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.lexists(path):
        os.unlink(path)
    if target:
        os.symlink(target, path)
        return
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as stream:
        return stream.read()
