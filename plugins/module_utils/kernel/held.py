# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces that a run takes away, held until it has ended well: with its processes, sockets and settings none could be made again."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import signal
from collections.abc import Collection, Iterator

from ..state.objects import HostState, Namespace
from ..state.op import Op
from . import bind, namespaces

Held = list[tuple[Namespace, int]]
# What a run has open at a time beside namespaces, generously.
_OTHER_FILES = 32
# What asks a process to end, as a terminal does whose connection broke.
_ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def hold(ops: Collection[Op]) -> Iterator[Held]:
    """The namespaces whose names ``ops`` remove, each with a descriptor that keeps it alive during the block.

    Who asks this process to end meanwhile has to wait until it is done: half of a change would be left. What is born in a namespace needs that open.
    Raises OSError where too few files may be open to do it and to take it back.
    """
    doomed = [op.before for op in ops if op.action == "remove" and isinstance(op.before, Namespace)]
    held: Held = []
    with contextlib.ExitStack() as stack:
        stack.callback(signal.pthread_sigmask, signal.SIG_SETMASK, signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING))
        stack.callback(os.umask, os.umask(0o022))  # what is made for all has to be seen by all, whoever runs this
        open_many()
        for one in doomed:
            with contextlib.suppress(FileNotFoundError):  # somebody has taken the name away
                held.append((one, stack.enter_context(namespaces.opened(namespaces.path_of(one.name)))))
        needed = len(os.listdir("/proc/self/fd")) + _OTHER_FILES + len(doomed) + len({getattr(op.peer or op.subject, "netns", "") for op in ops})
        if 0 <= resource.getrlimit(resource.RLIMIT_NOFILE)[0] < needed:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        bind.DOOMED.update((one.name, os.fstat(handle).st_ino) for one, handle in held)
        yield held


def open_many() -> None:
    """Let this process have as many files open as anybody lets it."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def give_back(held: Held, stands: HostState) -> None:
    """Let the names of ``held`` lead to their namespaces again, but for those that somebody else has taken, as ``stands`` tells."""
    there = namespaces.names()
    for one, handle in held:
        theirs = one.key in stands.objects and one.key not in stands.owned
        if not theirs and there.get(one.name) != os.fstat(handle).st_ino:
            bind.unbind(one.name)
            bind.bind(f"/proc/self/fd/{handle}", one.name, one.tag or "")
