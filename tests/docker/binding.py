# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of the machine, shown in a lab host: mount(8) works in one mount namespace, open_tree(2) and move_mount(2) from one to another."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

_OPEN_TREE, _MOVE_MOUNT, _AT_FDCWD = 428, 429, -100
_OPEN_TREE_CLONE, _MOVE_MOUNT_F_EMPTY_PATH, _CLONE_NEWNS = 1, 4, 0x00020000
_libc = ctypes.CDLL(None, use_errno=True)


def bind(pid: int, source: Path, target: str) -> None:
    """Show ``source`` at ``target``, which is made, in the mount namespace of process ``pid``."""
    tree = _call(_libc.syscall(_OPEN_TREE, _AT_FDCWD, os.fsencode(source), _OPEN_TREE_CLONE))
    child = os.fork()
    if child == 0:  # a process of its own: entering a mount namespace is for good
        try:
            there, root = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY), os.open(f"/proc/{pid}/root", os.O_RDONLY)
            _call(_libc.setns(there, _CLONE_NEWNS))
            os.fchdir(root)
            os.chroot(".")
            os.makedirs(target, exist_ok=True)
            _call(_libc.syscall(_MOVE_MOUNT, tree, b"", _AT_FDCWD, target.encode(), _MOVE_MOUNT_F_EMPTY_PATH))
            os._exit(0)
        except OSError as error:
            os.write(2, f"{error}\n".encode())
        finally:
            os._exit(1)
    os.close(tree)
    if os.waitpid(child, 0)[1] != 0:
        raise OSError(f"{source} could not be shown in the lab host at {target}")


def _call(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
