# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of others during a run: one that goes from one namespace on into the next, as agents that look into containers do, and one that ends."""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils import change
from ansible_collections.mooring.cnm.plugins.module_utils.attach import attach
from ansible_collections.mooring.cnm.plugins.module_utils.converge import converge_to
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.kernel import others, places
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.observe import observe
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import HostState
from ansible_collections.mooring.cnm.tests.kernel.on_wire import on_parent, wire
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same
from ansible_collections.mooring.cnm.tests.kernel.topologies import changed, declare, endpoint, network, run, sandbox
from ansible_collections.mooring.cnm.tests.kernel.trouble import at_step
from ansible_collections.mooring.cnm.tests.kernel.whole import whole

HOME = "/proc/self/fd/9"
VISITOR = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
os.dup2(os.open("/proc/self/ns/net", os.O_RDONLY), 9)
for path in sys.stdin:
    with open(path.strip()) as there:
        assert libc.setns(there.fileno(), 0x40000000) == 0
    print("there", flush=True)
"""
FRONT, WEB = network("front", "172.20.0.0/24"), sandbox("web", endpoint("front", "172.20.0.2"))
WITHOUT_LEG = declare(FRONT, on_parent("macvlan"), WEB)


class Visitor:
    """A process that enters the namespaces that it is told to. It starts in that of the host."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.path = f"/proc/{process.pid}/ns/net"

    def visit(self, path: str) -> None:
        assert self._process.stdin and self._process.stdout
        print(path, file=self._process.stdin, flush=True)
        assert self._process.stdout.readline() == "there\n"


@contextlib.contextmanager
def visitor() -> Iterator[Visitor]:
    with subprocess.Popen([sys.executable, "-c", VISITOR], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Visitor(process)


@contextlib.contextmanager
def container() -> Iterator[str]:
    """The path of a namespace that somebody else made, by its process."""
    with subprocess.Popen(["unshare", "-n", "sh", "-c", "echo there; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "there\n"
        yield f"/proc/{process.pid}/ns/net"


@pytest.mark.parametrize(("module", "step"), [(places, "_has_leg"), (change, "hold")], ids=["it was looked at", "the plan was made"])
def test_a_run_does_not_go_with_a_process_into_another_namespace(host, monkeypatch: pytest.MonkeyPatch, module: Any, step: str) -> None:
    """It is in a container with a leg that is not declared any more, and goes home into that of the host after a step of the run."""
    wire(host)
    with visitor() as guest, container() as theirs:
        run(WITHOUT_LEG)
        before, real = whole(host), getattr(module, step)
        leg = sandbox("redis", endpoint("lan", "192.0.2.10"), mode="attached", namespace=("netns", theirs))
        run(declare(FRONT, on_parent("macvlan"), WEB, leg))
        guest.visit(theirs)
        assert f"remove macvlan cnm0 in {guest.path} (lan/redis)" in run(WITHOUT_LEG, check=True).ops

        def and_then_it_goes_home(*arguments: Any) -> Any:
            found = real(*arguments)
            guest.visit(HOME)
            return found

        with monkeypatch.context() as patch:
            patch.setattr(module, step, and_then_it_goes_home)
            run(WITHOUT_LEG)
        check_same(before, lambda: whole(host))
        assert run(WITHOUT_LEG).ops == ()


def test_a_path_leads_a_run_where_it_led_when_that_first_looked(host) -> None:
    """Also where its process is in the namespace of somebody else by the second look."""
    wire(host)
    with visitor() as guest, container() as theirs, container() as elsewhere:
        leg = sandbox("redis", endpoint("lan", "192.0.2.10"), mode="attached", namespace=("netns", theirs))
        run(declare(on_parent("macvlan"), leg))
        guest.visit(theirs)
        with places.holding():
            for _look in range(2):
                assert ("link", guest.path, "cnm0") in observe(HostState(), "default").owned
                guest.visit(elsewhere)


def test_a_process_that_is_a_sandbox_does_not_lead_a_run_from_where_it_was_found(host) -> None:
    """It goes home into the namespace of the host before that is looked at: all that is ours there would be taken for legs that are to go."""
    wire(host)
    with visitor() as guest, container() as theirs:
        run(WITHOUT_LEG)
        before = whole(host)
        guest.visit(theirs)
        redis = sandbox("redis", endpoint("front", "172.20.0.9"), mode="attached", namespace=("pid", guest.path.split("/")[2]))

        def and_then_it_goes_home() -> HostState:
            attached, problems = attach(declare(FRONT, on_parent("macvlan"), WEB, redis))
            assert problems == []
            guest.visit(HOME)
            return host_state(attached, "default")

        ops = converge_to(and_then_it_goes_home, "default").ops
        assert not [op for op in ops if op.startswith("remove")]
        assert "cnm0@" in host.sh(f"nsenter --net={theirs} ip -br link")
        run(WITHOUT_LEG)
        check_same(before, lambda: whole(host))


def test_a_container_that_ends_when_it_was_just_found_stops_no_run(host, monkeypatch: pytest.MonkeyPatch) -> None:
    real, declared = others.led_elsewhere, declare(FRONT, WEB)
    with container() as theirs:
        redis = sandbox("redis", endpoint("front", "172.20.0.9"), mode="attached", namespace=("netns", theirs))

        def and_then_it_ends(path: str) -> tuple[int, ...]:
            return ended_before(theirs, lambda found: found, (real(path),), 0)

        with monkeypatch.context() as patch:
            patch.setattr(others, "led_elsewhere", and_then_it_ends)
            attached, problems = attach(changed(declared, redis))
        assert problems == []
        assert any("in " + theirs in op for op in run(attached).ops)
    run(declared)
    assert run(declared).ops == ()


@pytest.mark.parametrize("to", ["added", "changed", "removed"])
def test_a_container_that_ends_in_the_middle_of_a_run_does_not_disturb_it(host, to: str) -> None:
    """It ends before each step by turns. Its namespace lives as long as the run, which so ends as if the container had ended after it."""
    wire(host)
    lan = on_parent("macvlan")
    without = declare(FRONT, lan, WEB)
    for number in itertools.count():
        with container() as theirs:
            redis = sandbox("redis", endpoint("front", "172.20.0.9"), endpoint("lan", "192.0.2.10"), mode="attached", namespace=("netns", theirs))
            other = replace(redis, endpoints=(endpoint("front", "172.20.0.8"), endpoint("lan", "192.0.2.9")))
            run(without if to == "added" else declare(FRONT, lan, WEB, redis))
            goal = declare(replace(FRONT, internal=True), lan, sandbox("web", endpoint("front", "172.20.0.3")), *([] if to == "removed" else [other]))
            with at_step(number, functools.partial(ended_before, theirs)) as came:
                predicted = run(goal, check=True).ops
                assert run(goal).ops == predicted
        if not came:
            break
        run(without)
        assert run(without, check=True).ops == ()
    assert number > 10


def ended_before(theirs: str, call: Callable[..., Any], arguments: tuple[Any, ...], _which: int) -> Any:
    os.kill(int(theirs.split("/")[2]), signal.SIGKILL)
    while os.path.exists(theirs):
        time.sleep(0.001)
    return call(*arguments)
