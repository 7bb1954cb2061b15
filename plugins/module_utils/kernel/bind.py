# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a network namespace, and giving and taking names, as ``ip netns`` does."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator

from ..state.tag import read_tag
from . import namespaces

# What the file of a name that is not bound may hold at most: whose it is.
OWNER_BYTES = 4096
# The inodes behind names that a run is about to take away.
DOOMED: dict[str, int] = {}
_MS_BIND, _MS_REC, _MS_SHARED, _MNT_DETACH = 0x1000, 0x4000, 0x100000, 2


@contextlib.contextmanager
def new(name: str, owner: str) -> Iterator[None]:
    """Make a namespace, run the block in it, and then give it its name.

    The file that the name is bound to says whose it is, so that one which a killed run left behind is known.
    """
    with namespaces.journey() as way:
        way.go_anew()
        yield
        bind(namespaces.OWN, name, owner)


def bind(source: str, name: str, owner: str) -> None:
    """Give the namespace behind ``source`` the name ``name``. Raises FileExistsError where somebody else has it meanwhile."""
    target = namespaces.path_of(name)
    _claim(target, owner)
    try:
        namespaces.call("mount", source.encode(), target.encode(), b"none", _MS_BIND, None)
    except OSError:
        os.unlink(target)
        raise


def _claim(target: str, owner: str) -> None:
    """Write into the file at ``target`` whose it is. It may be there already where a killed run of the same fleet left it."""
    with contextlib.suppress(FileNotFoundError):
        if os.stat(target).st_dev == os.stat(namespaces.OWN).st_dev:
            raise FileExistsError(errno.EEXIST, target)
    handle = os.open(target, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    with open(handle, "r+b", buffering=0) as file:
        said = file.read(OWNER_BYTES).decode(errors="replace").strip()
        if said and read_tag(said) is None:
            raise FileExistsError(errno.EEXIST, target)
        file.truncate(os.pwrite(handle, f"{owner}\n".encode(), 0))


def unbind(name: str) -> None:
    """Take a name away, but not from what somebody else has put in its place. The namespace itself ends with its last name, process and socket."""
    target, inode = namespaces.path_of(name), DOOMED.pop(name, None)
    with contextlib.suppress(FileNotFoundError):
        if inode in (None, os.stat(target).st_ino):
            with contextlib.suppress(OSError):
                namespaces.call("umount2", target.encode(), _MNT_DETACH)
            os.unlink(target)


def share_directory() -> None:
    """Have the directory, and make what is bound in it visible in other mount namespaces, as ip netns does."""
    os.makedirs(namespaces.DIRECTORY, mode=0o755, exist_ok=True)
    target = namespaces.DIRECTORY.encode()
    try:
        namespaces.call("mount", b"", target, b"none", _MS_SHARED | _MS_REC, None)
    except OSError:
        namespaces.call("mount", target, target, b"none", _MS_BIND | _MS_REC, None)
        namespaces.call("mount", b"", target, b"none", _MS_SHARED | _MS_REC, None)
