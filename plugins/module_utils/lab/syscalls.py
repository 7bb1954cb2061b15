# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The system calls that Python has only from 3.12 on, or not at all. Each raises OSError with the call's own words."""

from __future__ import annotations

import ctypes
import errno
import os

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MS_SHARED = 0x100000
MNT_DETACH = 0x2

_LIBC = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Take new namespaces (CLONE_NEW…); a new PID namespace is that of the children."""
    _check(_LIBC.unshare(ctypes.c_int(flags)), "new namespaces")


def mount(kind: str, target: str, flags: int = 0, options: str = "", source: str = "") -> None:
    """mount(2). kind: the file system; empty for a bind mount, a remount or a change of propagation."""
    result = _LIBC.mount((source or kind).encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode())
    _check(result, f"mount of {kind or source or 'flags'} on {target}")


def unmount(target: str, flags: int = 0) -> None:
    """umount2(2)."""
    _check(_LIBC.umount2(target.encode(), ctypes.c_int(flags)), f"unmount of {target}")


def change_root() -> None:
    """Make the current directory, a mount point, the root of this mount namespace and let go of the old one.

    pivot_root(2) describes this: with "." twice the old root is stacked on the new one, and detached there. In a chroot that
    changes the root of this process alone, and who enters the namespace would find the machine's own files: that is refused.
    """
    mounts = os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    _check(_LIBC.pivot_root(b".", b"."), "pivot_root")
    unmount(".", MNT_DETACH)
    os.chdir("/")
    new = os.stat("/")
    _check(_LIBC.setns(ctypes.c_int(mounts), ctypes.c_int(CLONE_NEWNS)), "entering the host's mounts")
    os.close(mounts)
    if not os.path.samestat(new, os.stat("/")):
        raise OSError(errno.EPERM, "a lab cannot be made inside a chroot: its hosts would share the files of the machine around it")
