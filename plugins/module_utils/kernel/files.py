# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that ``ip netns exec`` lays over /etc: /etc/netns/NAME/hosts and resolv.conf.

They are written in place: a rename would not be seen through the bind mounts of processes that run already.
"""

from __future__ import annotations

import contextlib
import os

from ..state.fault import Fault
from .reasons import reason

DIRECTORY = "/etc/netns"
_NAMES = ("hosts", "resolv.conf")
_NO_FILE = "(not a file)"


def read_all() -> dict[str, str]:
    """Content by path of every such file. Whatever else stands there counts as somebody's."""
    found = {}
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(DIRECTORY):
            for kind in _NAMES:
                path = f"{DIRECTORY}/{name}/{kind}"
                if os.path.isfile(path):
                    with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
                        found[path] = file.read().decode(errors="replace")
                elif os.path.lexists(path):
                    found[path] = _NO_FILE
    return found


def write(path: str, content: str, is_new: bool) -> None:
    """Make the file hold ``content``, keeping its inode. is_new: none was there; one that somebody else has made meanwhile is left as it is."""
    try:
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | (os.O_EXCL if is_new else 0), 0o644)
        with open(handle, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.ftruncate(handle, len(content.encode()))
    except OSError as error:
        raise Fault(f"file {path}", "write", reason(error)) from error


def remove(path: str) -> None:
    """Remove the file, and its folder when that is empty then."""
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        with contextlib.suppress(OSError):
            os.rmdir(os.path.dirname(path))
    except OSError as error:
        raise Fault(f"file {path}", "remove", reason(error)) from error
