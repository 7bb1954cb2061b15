# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Named network namespaces, as ``ip netns`` keeps them: which there are, and how to enter one.

Python 3.9 has neither os.setns nor os.unshare, so they are called in the C library.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from collections.abc import Iterator

from ..state.fault import Fault
from .reasons import reason

DIRECTORY = "/run/netns"
OWN = "/proc/thread-self/ns/net"

# Descriptors of the namespaces of others that a run looks into, by their paths: a process may end meanwhile, or go on into another namespace.
HELD: dict[str, int] = {}

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def path_of(name: str) -> str:
    """Where the namespace ``name`` is bound; the host's own for an empty name. One that somebody else made goes by its path."""
    return (name if name.startswith("/") else f"{DIRECTORY}/{name}") if name else OWN


def short_name(netns: str) -> str:
    """The one word for a namespace that is given by its name or by a path: the name, where it is bound to one as ``ip netns`` does."""
    folder, _slash, name = netns.rpartition("/")
    return name if name and folder in (DIRECTORY, f"/var{DIRECTORY}") else netns


@contextlib.contextmanager
def opened(path: str, inode: int | None = None) -> Iterator[int]:
    """A descriptor of the namespace at ``path``, or of the one that was there when it was held. Raises OSError, also where it does not have the inode."""
    if path in HELD:
        yield HELD[path]
        return
    with open(path, "rb", buffering=0) as there:
        if inode not in (None, os.fstat(there.fileno()).st_ino):
            raise FileNotFoundError(errno.ENOENT, "another namespace is there by now", path)
        yield there.fileno()


class Gone(Fault):
    """A namespace is not there any more: its name was taken away, or leads to another one."""


class Journey:
    """This thread's way through namespaces. home: a handle of the one that it began in. away: whether it has left that."""

    def __init__(self, home: int) -> None:
        self.home, self.away = home, False

    def enter(self, netns: str, inode: int | None = None) -> None:
        """Go on into the named namespace (with its /proc/sys/net), which has that inode. Empty: back home. Raises Gone, or Fault where it does not let in."""
        try:
            if netns:
                self.go(path_of(netns), inode)
            elif self.away:  # who stays needs no right to go
                call("setns", self.home, CLONE_NEWNET)
        except OSError as error:
            kind = Gone if error.errno in (errno.ENOENT, errno.EINVAL) else Fault  # its file, too, is there still for a moment
            raise kind(f"namespace {netns}", "enter", reason(error)) from error

    def go(self, path: str, inode: int | None = None) -> None:
        """Go on into the namespace at ``path``, which has that inode. Raises OSError where it cannot be entered."""
        with opened(path, inode) as there:
            call("setns", there, CLONE_NEWNET)
        self.away = True

    def go_anew(self) -> None:
        """Go on into a namespace that is made for it. Raises OSError."""
        call("unshare", CLONE_NEWNET)
        self.away = True


@contextlib.contextmanager
def journey() -> Iterator[Journey]:
    """Run the block, which enters one namespace after another, and come back whatever happens."""
    with open(OWN, "rb", buffering=0) as home:
        way = Journey(home.fileno())
        try:
            yield way
        finally:
            way.enter("")


@contextlib.contextmanager
def inside(netns: str, inode: int | None = None) -> Iterator[None]:
    """Run the block in the named namespace, and come back whatever happens. Empty: stay. Raises as ``Journey.enter`` does."""
    with journey() as way:
        way.enter(netns, inode)
        yield


def names() -> dict[str, int]:
    """The named namespaces of this host, each with its inode: two names with one inode are one namespace."""
    home = os.stat(OWN).st_dev
    found = {}
    with contextlib.suppress(FileNotFoundError):
        for entry in os.scandir(DIRECTORY):
            # Somebody's link to the namespace of a process that has ended leads nowhere.
            with contextlib.suppress(OSError):
                if (at := entry.stat()).st_dev == home:
                    found[entry.name] = at.st_ino
    return found


def call(function: str, *arguments: object) -> None:
    """Call the C library and raise OSError where it says so."""
    if getattr(_libc, function)(*arguments) != 0:
        raise OSError(number := ctypes.get_errno(), os.strerror(number))
