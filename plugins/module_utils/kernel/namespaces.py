# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Named network namespaces, as ``ip netns`` keeps them: which there are, and how to enter one.

Python 3.9 has no os.setns, so it is called in the C library.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator

from ..state.fault import Fault
from .reasons import reason

DIRECTORY = "/run/netns"
OWN = "/proc/thread-self/ns/net"

CLONE_NEWNET = 0x40000000
# What the file of a name that is not bound may hold at most: whose it is.
OWNER_BYTES = 4096
_libc = ctypes.CDLL(None, use_errno=True)


def path_of(name: str) -> str:
    """Where the namespace ``name`` is bound; the host's own for an empty name. One that somebody else made goes by its path."""
    return (name if name.startswith("/") else f"{DIRECTORY}/{name}") if name else OWN


def short_name(netns: str) -> str:
    """The one word for a namespace that is given by its name or by a path: the name, where it is bound to one as ``ip netns`` does."""
    folder, _slash, name = netns.rpartition("/")
    return name if name and folder in (DIRECTORY, f"/var{DIRECTORY}") else netns


@contextlib.contextmanager
def inside(netns: str) -> Iterator[None]:
    """Run the block in the named namespace (with its /proc/sys/net), and come back whatever happens. Empty: stay. Raises Fault."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(entered(path_of(netns)) if netns else contextlib.nullcontext())
        except OSError as error:
            raise Fault(f"namespace {netns}", "enter", reason(error)) from error
        yield


@contextlib.contextmanager
def entered(path: str) -> Iterator[None]:
    """Run the block in the namespace at ``path``. Raises OSError where it cannot be entered."""
    home = os.open(OWN, os.O_RDONLY | os.O_CLOEXEC)
    try:
        there = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            call("setns", there, CLONE_NEWNET)
        finally:
            os.close(there)
        try:
            yield
        finally:
            call("setns", home, CLONE_NEWNET)
    finally:
        os.close(home)


def names() -> dict[str, int]:
    """The named namespaces of this host, each with its inode: two names with one inode are one namespace."""
    home = os.stat(OWN).st_dev
    found = {}
    with contextlib.suppress(FileNotFoundError):
        for entry in os.scandir(DIRECTORY):
            # Somebody's link to the namespace of a process that has ended leads nowhere.
            with contextlib.suppress(OSError):
                at = entry.stat()
                if at.st_dev == home:
                    found[entry.name] = at.st_ino
    return found


def unfinished() -> dict[str, str]:
    """Names that were never bound to a namespace, each with the owner that its file tells (empty: an empty file)."""
    home = os.stat(OWN).st_dev
    found = {}
    with contextlib.suppress(FileNotFoundError):
        for entry in os.scandir(DIRECTORY):
            if entry.is_file(follow_symlinks=False) and entry.stat().st_dev != home and entry.stat().st_size < OWNER_BYTES:
                with open(entry.path, encoding="utf-8", errors="replace") as file:
                    found[entry.name] = file.read().strip()
    return found


def call(function: str, *arguments: object) -> None:
    """Call the C library and raise OSError where it says so."""
    if getattr(_libc, function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
