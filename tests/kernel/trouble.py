# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trouble at a chosen point of a run: whatever touches the host is counted, and at one of these calls something happens."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

from ansible_collections.mooring.cnm.plugins.module_utils.firewall import run as firewall
from ansible_collections.mooring.cnm.plugins.module_utils.kernel import files, namespaces, sysctls
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.netlink import Refused, RouteSocket

# Everything through which the host is changed.
TOUCHES = ((sysctls, "write"), (files, "write"), (files, "remove"), (firewall, "restore"), (namespaces, "bind"), (namespaces, "unbind"), (RouteSocket, "send"))
Call = Callable[..., Any]


@contextlib.contextmanager
def _counted(happen: Callable[[int, Call, tuple[Any, ...]], Any]) -> Iterator[None]:
    """Call ``happen(number, original, arguments)`` in the place of each touch."""
    count = iter(range(10_000))
    with contextlib.ExitStack() as stack:
        for owner, name in TOUCHES:
            original = getattr(owner, name)
            stack.enter_context(patch.object(owner, name, lambda *arguments, call=original: happen(next(count), call, arguments)))
        yield


@contextlib.contextmanager
def failing_at(number: int) -> Iterator[list[str]]:
    """Let touch ``number`` do half of its work and fail. The list tells whether it came to that."""
    failed: list[str] = []

    def happen(at: int, call: Call, arguments: tuple[Any, ...]) -> Any:
        if at != number:
            return call(*arguments)
        failed.append(call.__name__)
        if call.__name__ == "send":
            netlink, batch = arguments
            call(netlink, batch[: len(batch) // 2]) if len(batch) > 1 else None
            raise Refused(errno.EPERM, len(batch) // 2, "injected")
        if call.__name__ in ("bind", "unbind", "remove"):
            call(*arguments)
        raise OSError(errno.ENOSPC, "injected")

    with _counted(happen):
        yield failed


def killed_at(number: int, work: Callable[[], Any]) -> bool:
    """Do ``work`` in a child that is killed in the middle of touch ``number``; whether it came to that."""
    child = os.fork()
    if child == 0:

        def happen(at: int, call: Call, arguments: tuple[Any, ...]) -> Any:
            if at != number:
                return call(*arguments)
            if call.__name__ == "send":
                netlink, batch = arguments
                call(netlink, batch[: (len(batch) + 1) // 2])
            elif call.__name__ == "bind":
                with patch.object(namespaces, "_call", lambda *_arguments: os.kill(os.getpid(), signal.SIGKILL)):
                    call(*arguments)
            elif call.__name__ != "write":
                call(*arguments)
            elif len(arguments) == 2 and arguments[0].startswith("/etc/netns"):
                call(arguments[0], "")
            os.kill(os.getpid(), signal.SIGKILL)

        try:
            with _counted(happen):
                work()
        finally:
            os._exit(0)
    _child, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)
