# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces that a run takes away, held until it has ended well: with its processes, sockets and settings none could be made again."""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterable, Iterator

from ..state.objects import Namespace
from ..state.op import Op
from . import bind, namespaces

Held = list[tuple[Namespace, int]]
# What else a run has open at a time, generously.
_OTHER_HANDLES = 256


@contextlib.contextmanager
def hold(ops: Iterable[Op]) -> Iterator[Held]:
    """The namespaces whose names ``ops`` remove, each with a descriptor that keeps it alive during the block."""
    doomed = [op.before for op in ops if op.action == "remove" and isinstance(op.before, Namespace)]
    allow(len(doomed) + len(namespaces.HELD))
    held: Held = []
    with contextlib.ExitStack() as stack:
        for one in doomed:
            with contextlib.suppress(OSError):  # a name that a killed run never bound
                held.append((one, stack.enter_context(namespaces.opened(namespaces.path_of(one.name)))))
        yield held


def give_back(held: Held) -> None:
    """Let the names of ``held`` lead to their namespaces again."""
    there = namespaces.names()
    for one, handle in held:
        if there.get(one.name) != os.fstat(handle).st_ino:
            bind.unbind(one.name)
            bind.bind(f"/proc/self/fd/{handle}", one.name, one.tag or "")


def allow(namespaces_held: int) -> None:
    """Let this process have so many namespaces open beside its other files, as far as it may."""
    handles = namespaces_held + _OTHER_HANDLES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= soft < handles:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (handles if hard < 0 else min(handles, hard), hard))
