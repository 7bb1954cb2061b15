# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values below /proc/sys/net, in the namespace that the caller is in."""

from __future__ import annotations

import ctypes
import os

from ..state.fault import Fault
from .reasons import reason

_NO_IPV6 = "net/ipv6/conf/all/disable_ipv6"
_READ_BYTES = 4096
_OPENINGS_PER_TREE = 128
# linux/mount.h; the numbers of these calls are the same on every architecture that Debian has.
_FSOPEN, _FSCONFIG, _FSMOUNT = 430, 431, 432
_FSOPEN_CLOEXEC, _FSMOUNT_CLOEXEC, _FSCONFIG_CMD_CREATE = 1, 1, 6
_libc = ctypes.CDLL(None, use_errno=True)


class Tree:
    """/proc/sys/net, through a procfs of its own that is mounted nowhere. Use as a context manager.

    One procfs keeps what it looked up in every namespace in one chain under one name (``ipv4``), and walks it whenever a file is opened: with a
    thousand namespaces that takes six times as long as the rest. So a tree is replaced by a new one after some openings.
    """

    def __init__(self) -> None:
        self._folder = -1
        self._openings = 0

    def __enter__(self) -> Tree:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._folder >= 0:
            os.close(self._folder)

    def open(self, name: str, flags: int) -> int:
        """A descriptor of ``net/ipv4/ip_forward``. Raises OSError."""
        if self._openings % _OPENINGS_PER_TREE == 0:
            fresh = _fresh_folder()
            self.__exit__()
            self._folder = fresh
        self._openings += 1
        return os.open(name.partition("/")[2], flags | os.O_CLOEXEC, dir_fd=self._folder)


def read(tree: Tree, name: str) -> str | None:
    """The value of ``net/ipv4/ip_forward``, with single spaces; None where this kernel has no such setting."""
    try:
        handle = tree.open(name, os.O_RDONLY)
        try:
            return " ".join(b"".join(iter(lambda: os.read(handle, _READ_BYTES), b"")).decode("ascii").split())
        finally:
            os.close(handle)
    except FileNotFoundError:
        # A kernel without IPv6 has it disabled.
        return "1" if name == _NO_IPV6 else None
    except OSError as error:
        raise Fault(f"sysctl {name}", "read", reason(error)) from error


def write(tree: Tree, name: str, value: str) -> None:
    """Set one value. Raises Fault with the kernel's reason."""
    try:
        handle = tree.open(name, os.O_WRONLY)
        try:
            os.write(handle, value.encode("ascii"))
        finally:
            os.close(handle)
    except FileNotFoundError as error:
        raise Fault(f"sysctl {name}", "set", "this kernel has no such setting in a network namespace", "Remove it from sysctls.") from error
    except OSError as error:
        raise Fault(f"sysctl {name}", "set", f"{reason(error)}; the value was {value!r}") from error


def _fresh_folder() -> int:
    """A descriptor of sys/net in a new procfs; of /proc/sys/net where the kernel gives none (before 5.8, or in a user namespace)."""
    context = _libc.syscall(_FSOPEN, b"proc", _FSOPEN_CLOEXEC)
    if context >= 0:
        try:
            made = _libc.syscall(_FSCONFIG, context, _FSCONFIG_CMD_CREATE, None, None, 0)
            mount = _libc.syscall(_FSMOUNT, context, _FSMOUNT_CLOEXEC, 0) if made == 0 else -1
        finally:
            os.close(context)
        if mount >= 0:
            try:
                return os.open("sys/net", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=mount)
            finally:
                os.close(mount)
    return os.open("/proc/sys/net", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
