# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trouble at a chosen step of a run: every message to the kernel, every table of rules, file, setting and name is a step, counted from 0."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import struct
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

from ansible_collections.mooring.cnm.plugins.module_utils.firewall import run as firewall
from ansible_collections.mooring.cnm.plugins.module_utils.kernel import bind, files, namespaces, sysctls
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.netlink import RouteSocket

Call = Callable[..., Any]
Doors = tuple[tuple[Any, str], ...]
# Everything through which the host is changed, but for Docker's API and firewall-cmd, which need what is behind them: lane docker goes through those.
DOORS: Doors = (
    (sysctls, "write"),
    (files, "write"),
    (files, "remove"),
    (firewall, "restore"),
    (firewall, "load"),
    (bind, "bind"),
    (bind, "unbind"),
    (RouteSocket, "send"),
)
# RTM_SETLINK that does not say of which interface.
_REFUSED = (19, 0, struct.pack("=BxHiII", 0, 0, 0, 0, 0))


@contextlib.contextmanager
def at_step(number: int, happen: Callable[[Call, tuple[Any, ...], int], Any], doors: Doors = DOORS) -> Iterator[list[str]]:
    """Call ``happen(original, arguments, which)`` in the place of the call that has step ``number``; which: the step among those of the call.

    The list tells which call it was, if it came to that.
    """
    came: list[str] = []
    begun = 0

    def counted(call: Call, arguments: tuple[Any, ...]) -> Any:
        nonlocal begun
        first, begun = begun, begun + _steps(call, arguments)
        if not first <= number < begun:
            return call(*arguments)
        came.append(call.__name__)
        return happen(call, arguments, number - first)

    with _through(counted, doors):
        yield came


def steps_of(work: Callable[[], Any]) -> list[str]:
    """Do ``work``: of which kind each of its steps was. Messages that were sent together are of one kind."""
    kinds: list[str] = []

    def noted(call: Call, arguments: tuple[Any, ...]) -> Any:
        kinds.extend([f"{call.__module__}.{call.__name__} {len(kinds) if call.__name__ == 'send' else ''}"] * _steps(call, arguments))
        return call(*arguments)

    with _through(noted):
        work()
    return kinds


@contextlib.contextmanager
def _through(stand_in: Callable[[Call, tuple[Any, ...]], Any], doors: Doors = DOORS) -> Iterator[None]:
    """Let ``stand_in`` be called, with the original, for each of the doors."""
    with contextlib.ExitStack() as stack:
        for owner, name in doors:
            original = getattr(owner, name)
            stack.enter_context(patch.object(owner, name, lambda *arguments, call=original: stand_in(call, arguments)))
        yield


def _steps(call: Call, arguments: tuple[Any, ...]) -> int:
    if call.__name__ == "send":
        return len(arguments[1])
    return len(_tables(arguments[1])) if call.__name__ == "restore" else 1


def _tables(text: str) -> list[str]:
    return [f"{table}COMMIT\n" for table in text.split("COMMIT\n")[:-1]]


def failing_at(number: int) -> contextlib.AbstractContextManager[list[str]]:
    """Let step ``number`` be refused, where possible by the kernel itself."""
    return at_step(number, _fail)


def _fail(call: Call, arguments: tuple[Any, ...], which: int) -> Any:
    if call.__name__ == "send":
        netlink, batch = arguments
        return call(netlink, [*batch[:which], _REFUSED, *batch[which + 1 :]])  # the kernel goes on with the rest of a batch
    if call.__name__ == "restore":
        tables = _tables(arguments[1])
        tables[which] = tables[which].replace("COMMIT", "-A NO-SUCH-CHAIN -j DROP\nCOMMIT")
        return call(arguments[0], "".join(tables), *arguments[2:])
    if call.__name__ == "load":
        return call(f"{arguments[0]}\nno such command\n")
    if call is _ORIGINALS["set"]:
        return call(*arguments[:2], "no such value")
    if call is _ORIGINALS["write"]:
        call(arguments[0], arguments[1][: len(arguments[1]) // 2], *arguments[2:])
    elif call.__name__ == "bind":
        with patch.object(namespaces, "call", side_effect=OSError(errno.EPERM, "injected")):
            return call(*arguments)
    raise OSError(errno.ENOSPC, "injected")


def killed_at(number: int, work: Callable[[], Any]) -> bool:
    """Do ``work`` in a child that is killed in the middle of step ``number``; whether it came to that."""
    child = os.fork()
    if child == 0:
        try:
            with at_step(number, _die):
                work()
        finally:
            os._exit(0)
    _child, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _die(call: Call, arguments: tuple[Any, ...], which: int) -> None:
    if call.__name__ == "send":
        call(arguments[0], arguments[1][: which + 1])
    elif call.__name__ == "restore":
        call(arguments[0], "".join(_tables(arguments[1])[: which + 1]), *arguments[2:])
    elif call is _ORIGINALS["write"]:
        call(arguments[0], "", *arguments[2:])
    elif call.__name__ in ("bind", "unbind"):
        with patch.object(namespaces, "call", lambda *_arguments: os.kill(os.getpid(), signal.SIGKILL)):
            call(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)


_ORIGINALS = {"set": sysctls.write, "write": files.write}
