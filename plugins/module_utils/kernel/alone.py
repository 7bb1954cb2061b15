# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time on a host: a lock that says who has it.

The lock is flock(2)'s, which ends with its holder however that ends. What the file says is for the reader only, so what a run left in it does no harm.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator

from ..state.fault import Fault
from .reasons import reason

# Not in /run/lock, where anybody may make a file of this name and hold it.
PATH = "/run/mooring.cnm.lock"
_PATIENCE_S = 120.0
_LOOK_AGAIN_S = 0.05


@contextlib.contextmanager
def alone(who: str, path: str = PATH) -> Iterator[str]:
    """Let no second run work on this host during the block, which is for ``who``. The value is a sentence about the run that was waited for, or empty.

    path: of the lock. Another one is for what lets runs be made while it is at work.

    Raises Fault, which names the holder, where that does not end in time.
    """
    handle = _open(path)
    try:
        begin_s = time.monotonic()
        holder = ""
        while not _take(handle):
            holder = _holder(handle)
            if time.monotonic() - begin_s > _PATIENCE_S:
                cause = f"another run is at work on this host, {holder}, and did not end within {_PATIENCE_S:.0f} s"
                raise Fault(f"this host for {who}", "change", cause, "Nothing was changed. Wait for it to end, or end it, and run again.")
            time.sleep(_LOOK_AGAIN_S)
        with contextlib.suppress(OSError):  # a full disk hinders no run that needs nothing of it
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"process {os.getpid()} for {who}, since {time.strftime('%Y-%m-%d %H:%M:%S')}\n".encode(), 0)
        yield f"Waited {time.monotonic() - begin_s:.1f} s for another run on this host, {holder}." if holder else ""
    finally:
        os.close(handle)


def _open(path: str) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Fault(f"the lock {path}", "open", reason(error)) from error


def _take(handle: int) -> bool:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _holder(handle: int) -> str:
    """What the holder wrote; it may be just about to."""
    return os.pread(handle, 200, 0).decode("utf-8", errors="replace").strip() or "process unknown"
