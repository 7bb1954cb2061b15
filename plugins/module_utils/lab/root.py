# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab host finds around it: its root, its devices, its settings. Runs as the host's first process, in its namespaces."""

from __future__ import annotations

import os
import socket
import stat
import uuid

from .cgroups import Hierarchy, mount_cgroups
from .first_start import settle
from .record import DISKS
from .syscalls import MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_PRIVATE, MS_RDONLY, MS_REC, MS_REMOUNT, MS_SHARED, change_root, mount

_SAFE = MS_NOSUID | MS_NODEV | MS_NOEXEC

# kind, target, flags, options
MOUNTS = (
    ("proc", "/proc", _SAFE, ""),
    # Read-only: but for the network interfaces it shows the machine's devices and modules. This is also how
    # systemd's udev knows that it has nothing to do.
    ("sysfs", "/sys", _SAFE | MS_RDONLY, ""),
    ("tmpfs", "/dev", MS_NOSUID | MS_NOEXEC, "mode=755"),
    ("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"),
    ("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777"),
    ("tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=755"),
    ("tmpfs", "/run/lock", _SAFE, "mode=1777,size=5m"),
    ("tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777"),
    # The machine's folder of this name holds the disks of all hosts, its own among them.
    ("tmpfs", DISKS, MS_NOSUID | MS_NODEV, "mode=700"),
)

# The kernel's table of device numbers (admin-guide/devices.txt). The console is a null device: the true one is the machine's.
DEVICES = (
    *(("null", 1, 3), ("console", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9)),
    *(("tty", 5, 0), ("net/tun", 10, 200), ("fuse", 10, 229)),
)
DEVICE_LINKS = (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2"), ("ptmx", "pts/ptmx"))

# What is written here would change the machine.
READ_ONLY = ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs")

# A new network namespace takes its IPv4 settings, and may take its IPv6 settings, from the machine's (ip-sysctl:
# devconf_inherit_init_net), which a Docker engine or a firewall has perhaps changed. These are the kernel's own, which a
# fresh Debian has. ip_forward is the first: writing it sets others.
_IPV4_ZERO = (
    "accept_local arp_accept arp_announce arp_filter arp_ignore arp_notify bc_forwarding drop_gratuitous_arp"
    " drop_unicast_in_l2_multicast ignore_routes_with_linkdown log_martians promote_secondaries proxy_arp"
    " proxy_arp_pvlan route_localnet rp_filter src_valid_mark"
).split()
_IPV4_ONE = ("accept_redirects", "secure_redirects", "send_redirects", "shared_media")
SETTINGS = (
    ("ipv4/ip_forward", "0"),
    *((f"ipv4/conf/{interface}/{name}", "0") for interface in ("all", "default", "lo") for name in _IPV4_ZERO),
    *((f"ipv4/conf/{interface}/{name}", "1") for interface in ("all", "default", "lo") for name in _IPV4_ONE),
    ("ipv4/conf/all/accept_source_route", "0"),
    ("ipv4/conf/default/accept_source_route", "1"),
    ("ipv4/conf/lo/accept_source_route", "1"),
    *((f"ipv6/conf/{interface}/{name}", "0") for interface in ("all", "default") for name in ("disable_ipv6", "forwarding")),
)


def build_root(lab: str, host: str, root: str, disk: str, hierarchies: tuple[Hierarchy, ...], links: list[tuple[str, str]]) -> None:
    """Turn this process's fresh namespaces into a host: its root is the folder ``root``, with what it changes kept on ``disk``.

    Only the file system of that folder itself is seen, not what is mounted below it. OSError says what failed.
    """
    os.umask(0o022)
    mount("", "/", MS_REC | MS_PRIVATE)
    upper, work, merged = (os.path.join(disk, name) for name in ("upper", "work", "root"))
    for folder in (upper, work, merged):
        os.makedirs(folder, exist_ok=True)
    try:
        mount("overlay", merged, 0, f"lowerdir={root},upperdir={upper},workdir={work}", source="cnm-lab")
    except OSError as error:
        hint = f"{DISKS} must lie on a file system to which overlay can write (ext4, xfs, btrfs, tmpfs): mount one there"
        raise OSError(f"{error}; {hint}") from error
    os.chdir(merged)
    change_root()
    for kind, target, flags, options in MOUNTS:
        os.makedirs(target, exist_ok=True)
        mount(kind, target, flags, options)
    mount_cgroups(hierarchies, links)
    _make_devices()
    _protect_machine()
    socket.sethostname(host)
    settle(lab, host, root)
    _reset_network()
    # As systemd has it: a namespace that `ip netns add` mounts is seen by processes in mount namespaces of their own.
    mount("", "/", MS_REC | MS_SHARED)


def _make_devices() -> None:
    os.makedirs("/dev/net")
    for name, major, minor in DEVICES:
        os.mknod(f"/dev/{name}", stat.S_IFCHR | 0o666, os.makedev(major, minor))
        os.chmod(f"/dev/{name}", 0o666)
    for name, target in DEVICE_LINKS:
        os.symlink(target, f"/dev/{name}")


def _protect_machine() -> None:
    for path in READ_ONLY:
        if os.path.exists(path):
            mount("", path, MS_BIND, source=path)
            mount("", path, MS_REMOUNT | MS_BIND | MS_RDONLY | _SAFE)
    mount("", "/proc/sys/net", MS_BIND, source="/proc/sys/net")
    mount("", "/proc/sys/net", MS_REMOUNT | MS_BIND | _SAFE)
    # Each start has an identity of its own, as a machine's has.
    _write("/run/boot_id", f"{uuid.uuid4()}\n")
    mount("", "/proc/sys/kernel/random/boot_id", MS_BIND, source="/run/boot_id")
    os.unlink("/run/boot_id")


def _reset_network() -> None:
    for name, value in SETTINGS:
        path = f"/proc/sys/net/{name}"
        if os.path.exists(path):
            _write(path, value)


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
