# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Named network namespaces: entering, making and removing them, as ``ip netns`` does.

Python 3.9 has neither os.setns nor os.unshare, so they are called in the C library.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from collections.abc import Iterator

from ..state.fault import Fault
from ..state.tag import read_tag
from .reasons import reason

DIRECTORY = "/run/netns"
OWN = "/proc/thread-self/ns/net"

_CLONE_NEWNET = 0x40000000
_MS_BIND, _MS_REC, _MS_SHARED, _MNT_DETACH = 0x1000, 0x4000, 0x100000, 2
# What the file of a name that is not bound may hold at most: whose it is.
_OWNER_BYTES = 4096
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
    if not netns:
        yield
        return
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(entered(path_of(netns)))
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
            _call("setns", there, _CLONE_NEWNET)
        finally:
            os.close(there)
        try:
            yield
        finally:
            _call("setns", home, _CLONE_NEWNET)
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


@contextlib.contextmanager
def new(name: str, owner: str) -> Iterator[None]:
    """Make a namespace, run the block in it, and then give it its name.

    The file that the name is bound to says whose it is, so that one which a killed run left behind is known.
    """
    home = os.open(OWN, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _call("unshare", _CLONE_NEWNET)
        try:
            yield
            bind(OWN, name, owner)
        finally:
            _call("setns", home, _CLONE_NEWNET)
    finally:
        os.close(home)


def bind(source: str, name: str, owner: str) -> None:
    """Give the namespace behind ``source`` the name ``name``. Raises FileExistsError where somebody else has it meanwhile."""
    target = path_of(name)
    _claim(target, owner)
    try:
        _call("mount", source.encode(), target.encode(), b"none", _MS_BIND, None)
    except OSError:
        os.unlink(target)
        raise


def _claim(target: str, owner: str) -> None:
    """Write into the file at ``target`` whose it is. It may be there already where a killed run of the same fleet left it."""
    with contextlib.suppress(FileNotFoundError):
        if os.stat(target).st_dev == os.stat(OWN).st_dev:
            raise FileExistsError(errno.EEXIST, target)
    handle = os.open(target, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    with open(handle, "r+", encoding="utf-8", errors="replace") as file:
        said = file.read(_OWNER_BYTES).strip()
        if said and read_tag(said) is None:
            raise FileExistsError(errno.EEXIST, target)
        file.seek(0)
        file.write(owner + "\n")
        file.truncate()


def unbind(name: str) -> None:
    """Take a name away. The namespace itself ends with its last name, process and socket."""
    target = path_of(name)
    with contextlib.suppress(OSError):
        _call("umount2", target.encode(), _MNT_DETACH)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(target)


def unfinished() -> dict[str, str]:
    """Names that were never bound to a namespace, each with the owner that its file tells (empty: an empty file)."""
    home = os.stat(OWN).st_dev
    found = {}
    with contextlib.suppress(FileNotFoundError):
        for entry in os.scandir(DIRECTORY):
            if entry.is_file(follow_symlinks=False) and entry.stat().st_dev != home and entry.stat().st_size < _OWNER_BYTES:
                with open(entry.path, encoding="utf-8", errors="replace") as file:
                    found[entry.name] = file.read().strip()
    return found


def share_directory() -> None:
    """Have the directory, and make what is bound in it visible in other mount namespaces, as ip netns does."""
    os.makedirs(DIRECTORY, mode=0o755, exist_ok=True)
    target = DIRECTORY.encode()
    try:
        _call("mount", b"", target, b"none", _MS_SHARED | _MS_REC, None)
    except OSError:
        _call("mount", target, target, b"none", _MS_BIND | _MS_REC, None)
        _call("mount", b"", target, b"none", _MS_SHARED | _MS_REC, None)


def _call(function: str, *arguments: object) -> None:
    """Call the C library and raise OSError where it says so."""
    if getattr(_libc, function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
