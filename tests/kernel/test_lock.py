# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs on one host: one waits, and says for whom. Who writes rules of iptables is waited for, too."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import re
import select
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.firewall import run as firewall
from ansible_collections.mooring.cnm.plugins.module_utils.kernel import alone
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Port
from ansible_collections.mooring.cnm.plugins.module_utils.state.fault import Fault
from ansible_collections.mooring.cnm.tests.kernel.nouns import Tasks
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same, dump
from ansible_collections.mooring.cnm.tests.kernel.topologies import FRONT, declare, endpoint, run, sandbox
from ansible_collections.mooring.cnm.tests.kernel.trouble import at_step


@contextlib.contextmanager
def another_run() -> Iterator[int]:
    """A process that is at work for fleet blue until the block ends. The value is its number."""
    begun, ended = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ended[1])
        with alone.alone("fleet blue"):
            os.write(begun[1], b".")
            select.select([ended[0]], [], [])
        os._exit(0)
    try:
        os.read(begun[0], 1)
        yield child
    finally:
        for handle in (ended[1], ended[0], *begun):
            with contextlib.suppress(OSError):
                os.close(handle)
        os.waitpid(child, 0)


def test_who_waits_too_long_says_for_whom_and_changes_nothing(host) -> None:
    before = dump(host)
    with another_run() as other, patch.object(alone, "_PATIENCE_S", 0.2), pytest.raises(Fault) as raised:
        run(declare(FRONT))
    assert re.fullmatch(
        rf"Could not change this host for fleet default: another run is at work on this host, process {other} for fleet blue, since [0-9: -]+, "
        r"and did not end within 0 s\. Nothing was changed\. Wait for it to end, or end it, and run again\.",
        str(raised.value),
    )
    check_same(before, lambda: dump(host))
    assert run(declare(FRONT)).waited == ""


def test_who_waited_says_for_whom(host) -> None:
    with contextlib.ExitStack() as stack:
        other = stack.enter_context(another_run())
        # The other one ends when it has been waited for once.
        with patch.object(alone.time, "sleep", lambda _s: stack.close()):
            outcome = run(declare(FRONT))
    assert re.fullmatch(rf"Waited [0-9.]+ s for another run on this host, process {other} for fleet blue, since [0-9: -]+\.", outcome.waited)
    assert outcome.ops


@pytest.mark.parametrize("left", ["", "process 1 for fleet blue, since ever\n" * 100, "\x00\xff"])
def test_what_an_ended_run_left_in_the_lock_does_no_harm(host, left: str) -> None:
    Path(alone.PATH).write_text(left, encoding="latin-1")
    assert run(declare(FRONT)).waited == ""
    assert Path(alone.PATH).read_text().count("\n") == 1
    assert run(declare(FRONT)).ops == ()


def test_what_is_no_lock_is_told_in_a_sentence(host) -> None:
    os.symlink("/etc/passwd", alone.PATH)
    with pytest.raises(Fault, match=f"Could not open the lock {alone.PATH}: .*"):
        run(declare(FRONT))


def test_the_lock_of_iptables_is_waited_for(host) -> None:
    """That of the legacy form: whoever holds it is about to write rules of his own."""
    host.use_iptables("legacy")
    run(declare(FRONT))
    host.sh("iptables -t mangle -F CNM-FORWARD")
    with open("/run/xtables.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        free = threading.Timer(0.7, fcntl.flock, (lock, fcntl.LOCK_UN))
        began = time.monotonic()
        free.start()
        assert run(declare(FRONT)).ops != ()
        assert time.monotonic() - began >= 0.7
        free.join()
    assert run(declare(FRONT)).ops == ()


def test_who_never_lets_the_lock_of_iptables_go_is_not_waited_for_forever(host) -> None:
    host.use_iptables("legacy")
    run(declare(FRONT))
    before = dump(host)
    with open("/run/xtables.lock", "w", encoding="ascii") as lock, patch.object(firewall, "_PATIENCE_S", 1):
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Fault, match=r"xtables lock.* What stood before was put back\."):
            run(declare(FRONT, sandbox("web", endpoint("front", "172.20.0.2"), ports=(Port(8080, 80),))))
    check_same(before, lambda: dump(host))
    assert run(declare(FRONT)).ops == ()


def test_what_is_to_be_done_is_found_out_when_the_other_run_has_ended(host, capsys: pytest.CaptureFixture[str]) -> None:
    """A task leaves the sandboxes as they stand. Another run makes one while it waits."""
    run(declare(FRONT))
    options = {"networks": {"front": {"ipam": {"config": [{"subnet": "172.20.0.0/24", "gateway": "172.20.0.1"}]}}}}
    begun, ended = os.pipe(), os.pipe()

    def slowly(call: Callable[..., Any], arguments: tuple[Any, ...], _which: int) -> Any:
        os.write(begun[1], b".")
        os.read(ended[0], 1)
        return call(*arguments)

    child = os.fork()
    if child == 0:
        with at_step(0, slowly):
            run(declare(FRONT, sandbox("web", endpoint("front", "172.20.0.2"))))
        os._exit(0)
    os.read(begun[0], 1)
    waits = itertools.count()

    def wait(_s: float) -> None:
        if next(waits) == 0:
            os.write(ended[1], b".")
            os.waitpid(child, 0)

    with patch.object(alone.time, "sleep", wait):
        result = Tasks(host, capsys).once("topology", **options)
    assert result["ops"] == [], result
    assert next(waits) == 1
    assert os.path.exists("/run/netns/web")
