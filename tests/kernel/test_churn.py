# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A busy host: namespaces of others come and go while a run looks, /run is full, few files may be open, and somebody asks the run to end."""

from __future__ import annotations

import functools
import itertools
import os
import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.face.info import spaces
from ansible_collections.mooring.cnm.plugins.module_utils.kernel import alone, namespaces
from ansible_collections.mooring.cnm.plugins.module_utils.state.fault import Fault
from ansible_collections.mooring.cnm.tests.kernel.nouns import Tasks
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same
from ansible_collections.mooring.cnm.tests.kernel.topologies import FRONT, NOTHING, clear, declare, endpoint, network, run, sandbox
from ansible_collections.mooring.cnm.tests.kernel.trouble import at_step
from ansible_collections.mooring.cnm.tests.kernel.whole import whole

WEB = declare(FRONT, sandbox("web", endpoint("front", "172.20.0.2")))
FEW, MANY = 256, 260

# What somebody does with a namespace of his own after its name was read. (ip unmounts a name before it removes the file.)
MEANWHILE = ("ip netns del theirs", "ip netns del theirs; ip netns add theirs", "umount /run/netns/theirs")


@pytest.fixture(params=MEANWHILE)
def churn(host, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """Each time the names of the namespaces have been read, one of them goes, or leads to another one."""
    names = namespaces.names

    def and_then_one_goes() -> dict[str, int]:
        host.sh("ip netns del theirs; ip netns add theirs", check=False)
        found = names()
        assert "theirs" in found
        host.sh(request.param)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(namespaces, "names", and_then_one_goes)
        yield


def test_a_namespace_of_somebody_else_that_goes_meanwhile_stops_no_run(churn: None, host) -> None:
    assert run(WEB).ops
    assert run(WEB).ops == ()
    assert run(NOTHING).ops


def test_a_namespace_that_goes_meanwhile_is_not_told_of(churn: None) -> None:
    assert [one["name"] for one in spaces() if one["name"] != "theirs"] == []


def test_a_pair_is_looked_for_in_namespaces_that_go_meanwhile(churn: None, host, capsys: pytest.CaptureFixture[str]) -> None:
    tasks = Tasks(host, capsys)
    host.sh("ip netns add ours")
    assert tasks.once("veth", name="port0", peer={"name": "eth0", "netns": "ours"})["changed"]
    assert tasks.once("veth", name="port0", state="absent")["changed"]


def test_a_namespace_whose_lo_has_another_name_is_as_good_as_any(host, capsys: pytest.CaptureFixture[str]) -> None:
    host.sh("ip netns add theirs && ip -n theirs link set lo name loop0")
    assert run(WEB).ops
    assert Tasks(host, capsys).once("netns", name="theirs", state="absent")["changed"]
    host.sh("ip -n web link set lo down && ip -n web link set lo name loop0 && ip -n web link set loop0 up")
    assert run(WEB).ops == ()


def test_a_full_run_hinders_nothing_that_needs_none_of_it(host) -> None:
    run(WEB)
    host.sh("mount -o remount,size=1M /run && rm /run/mooring.cnm.lock && touch /run/mooring.cnm.lock")
    host.sh("dd if=/dev/zero of=/run/full bs=4k", check=False)
    assert run(WEB).ops == ()
    assert Path(alone.PATH).read_text(encoding="ascii") == ""


def test_many_sandboxes_are_made_where_few_files_may_be_open(host) -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, limits[1]))
    try:
        legs = (endpoint("front", f"172.20.{number // 200}.{number % 200 + 2}") for number in range(MANY))
        run(declare(network("front", "172.20.0.0/23"), *(sandbox(f"s{number}", leg) for number, leg in enumerate(legs))))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.parametrize("spare", [2, 10, 12, 14, 16, 18, 30, 50, 60, 90])
def test_where_too_few_files_may_be_open_to_put_all_back_nothing_is_begun(host, spare: int) -> None:
    """The namespaces that are to go are held, so that they can come back."""
    run(declare(FRONT, *(sandbox(f"s{number}", endpoint("front", f"172.20.0.{2 + number}")) for number in range(12))))
    before = whole(host)
    child = os.fork()
    if child == 0:
        held = set(map(int, os.listdir("/proc/self/fd")))
        most = [number for number in range(1000) if number not in held][spare]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # for good: only a child can have it so
        try:
            run(NOTHING)
        except (Fault, OSError):
            os._exit(3)
        finally:
            os._exit(0)
    _child, status = os.waitpid(child, 0)
    if os.WEXITSTATUS(status) == 3:
        check_same(before, lambda: whole(host))
    else:
        assert host.sh("ip netns list") == ""


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_who_asks_a_run_to_end_waits_until_it_is_done(host, number: int) -> None:
    """As a terminal does whose connection breaks. Each step by turns, and every run leaves all that it was to make."""
    for step in itertools.count(0, 7):
        ended, came = ended_by(number, step, functools.partial(run, WEB))
        if not came:
            break
        assert ended == number
        assert run(WEB, check=True).ops == ()
        clear()
    assert step > 7


def ended_by(number: int, step: int, work: Callable[[], Any]) -> tuple[int, bool]:
    """Do ``work`` in a child that gets a signal before a step: which signal ended it, and whether it came to that step."""
    child = os.fork()
    if child == 0:
        signal.signal(number, signal.SIG_DFL)

        def asked(call: Callable[..., Any], arguments: tuple[Any, ...], _which: int) -> Any:
            os.kill(os.getpid(), number)
            return call(*arguments)

        with at_step(step, asked) as came:
            try:
                work()
            finally:
                os._exit(7 if came else 0)
    _child, status = os.waitpid(child, 0)
    return (os.WTERMSIG(status), True) if os.WIFSIGNALED(status) else (0, os.WEXITSTATUS(status) == 7)
