# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that holds the listeners of this host, and ends by itself.

It is known by a record in DIRECTORY, one per slot: its process id, when it started, and for which run.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import time
from collections.abc import Iterable
from typing import Any

from ..state.fault import Fault
from .listener import Listener, Listeners

DIRECTORY = "/run/cnm/probe"


def start(listeners: Iterable[Listener], run: str, lifetime_s: float, idle_s: float, slot: str) -> dict[str, str]:
    """Start the process, and return when its listeners stand: how each does, by name (see ``Listeners.open``).

    It ends after lifetime_s, or idle_s after the last packet, or when another is started in the same slot.
    """
    stop(slot)
    os.makedirs(DIRECTORY, mode=0o700, exist_ok=True)
    reading, writing = os.pipe()
    first = os.fork()
    if first == 0:
        _become(list(listeners), run, lifetime_s, idle_s, slot, writing)
    os.close(writing)
    with open(reading, encoding="utf-8") as report:
        said = report.read()
    os.waitpid(first, 0)
    if not said:
        raise Fault("the listeners of the proof", "start", "their process ended before it said that they stand")
    states: dict[str, str] = json.loads(said)
    return states


def stop(slot: str) -> bool:
    """End the process of a slot and forget what it counted; return when its ports are free. False: there was none."""
    record = _read_record(slot)
    for _attempt in range(400):
        # The process id may be somebody else's by now: the time of the start tells.
        if record is None or _started(record["pid"]) != record["started"]:
            break
        with contextlib.suppress(ProcessLookupError):
            os.kill(record["pid"], signal.SIGKILL)
        time.sleep(0.005)
    else:
        raise Fault("the listeners of an earlier proof", "end", f"process {record and record['pid']} does not go away")
    for path in (_record_path(slot), _arrivals_path(slot)):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    return record is not None


def collect(slot: str, run: str | None) -> tuple[list[dict[str, Any]], bool]:
    """End the process that was started for this run, and return what it counted, and whether another run has taken its place: that one is left.

    run: None is any.
    """
    record = _read_record(slot)
    if run is not None and (record is None or record.get("run") != run):
        return [], True
    found = arrivals(slot)
    stop(slot)
    return found, False


def arrivals(slot: str) -> list[dict[str, Any]]:
    """What was counted where a port was taken: the id of each probe, and the address that it came from."""
    try:
        with open(_arrivals_path(slot), encoding="ascii") as file:
            return [{"id": int(number), "peer": peer} for number, peer in (line.split() for line in file)]
    except FileNotFoundError:
        return []


def _become(listeners: list[Listener], run: str, lifetime_s: float, idle_s: float, slot: str, writing: int) -> None:
    """Leave the session, so that nobody waits for us, and serve. Never returns."""
    try:
        os.setsid()
        if os.fork() == 0:
            # The last resort: whatever hangs, the kernel ends this process.
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(int(lifetime_s) + 5)
            _detach(writing)
            _serve(listeners, run, lifetime_s, idle_s, slot, writing)
    finally:
        os._exit(0)


def _detach(kept: int) -> None:
    """Let go of everything that was inherited but one descriptor, and allow as many as there may be."""
    os.chdir("/")
    for number in [int(name) for name in os.listdir("/proc/self/fd")]:
        if number > 2 and number != kept:
            with contextlib.suppress(OSError):
                os.close(number)
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    os.close(null)
    with contextlib.suppress(OSError), open("/proc/self/comm", "w", encoding="ascii") as file:
        file.write("cnm-probe")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _serve(listeners: list[Listener], run: str, lifetime_s: float, idle_s: float, slot: str, writing: int) -> None:
    def note(number: int, peer: str) -> None:
        with open(_arrivals_path(slot), "a", encoding="ascii") as file:
            file.write(f"{number} {peer}\n")

    held = Listeners(run, note)
    states = held.open(listeners)
    with open(_record_path(slot), "w", encoding="utf-8") as file:
        json.dump({"pid": os.getpid(), "started": _started(os.getpid()), "run": run}, file)
    with open(writing, "w", encoding="utf-8") as report:
        json.dump(states, report)
    held.serve(lifetime_s, idle_s)


def _read_record(slot: str) -> dict[str, Any] | None:
    try:
        with open(_record_path(slot), encoding="utf-8") as file:
            record: dict[str, Any] = json.load(file)
            return record
    except (FileNotFoundError, ValueError):
        return None


def _started(pid: int) -> str | None:
    """When a process started, in clock ticks since boot. None: there is none, or it only waits to be reaped."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else fields[19]


def _record_path(slot: str) -> str:
    return f"{DIRECTORY}/{slot}.json"


def _arrivals_path(slot: str) -> str:
    return f"{DIRECTORY}/{slot}.arrivals"
