# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host: first run, unchanged run and removal beside ``ip -batch``; a thousand published ports; a task beside a trivial one."""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.host import PYTHONS, ROOT, empty_host, forget_bytecode, leave_the_machine, payload, run_module
from bench.subject import declared, ip_script
from bench.table import Line, ms

SIZES = {10: 5, 100: 5, 1000: 3}  # endpoints, and how often
_SETTLE_S = 1.0  # until the kernel has taken down what the run before left
_ABSENT = {"state": "absent"}


def measure() -> Iterator[Line]:
    """Both sides of a comparison take turns."""
    leave_the_machine()
    with payload() as archive:
        for count, rounds in SIZES.items():
            yield from _topology(archive, count, rounds)
        yield from _ports(archive, 1000, 5)
        yield from _task(10, 5)


def _topology(archive: str, count: int, rounds: int) -> Iterator[Line]:
    params = declared(count)
    took: dict[str, list[float]] = {}
    for _round in range(rounds):
        with empty_host():
            forget_bytecode()
            took.setdefault("cold", []).append(run_module(archive, params, PYTHONS["Debian's"], True))
            run_module(archive, _ABSENT, PYTHONS["Debian's"], True)
        time.sleep(_SETTLE_S)
        for whose, python in PYTHONS.items():
            with empty_host():
                took.setdefault(f"first {whose}", []).append(run_module(archive, params, python, True))
                took.setdefault(f"unchanged {whose}", []).append(run_module(archive, params, python, False))
                took.setdefault(f"removal {whose}", []).append(run_module(archive, _ABSENT, python, True))
            time.sleep(_SETTLE_S)
        with empty_host():
            took.setdefault("ip", []).append(_ip_batch(params))
        time.sleep(_SETTLE_S)
    limits = {100: 1.0, 1000: 0.35}
    script = statistics.median(took["ip"])
    yield Line(f"{count} endpoints, ip -batch", ms(took["ip"]))
    value = f"{ms(took['cold'])}; {statistics.median(took['cold']) / script:.2f} of the script"
    yield Line(f"{count} endpoints, first run on a host that has kept no bytecode", value)
    for whose in PYTHONS:
        ratio = statistics.median(took[f"first {whose}"]) / script
        goal = f"at most {limits[count]} of the script" if count in limits else ""
        yield Line(
            f"{count} endpoints, first run, {whose} pyroute2", f"{ms(took[f'first {whose}'])}; {ratio:.2f} of the script", goal, ratio <= limits.get(count, 9)
        )
    for what, most in (("unchanged", 0.6), ("removal", 2.0)):
        for whose in PYTHONS:
            median = statistics.median(took[f"{what} {whose}"])
            goal = f"under {most} s" if count == 1000 else ""
            yield Line(f"{count} endpoints, {what}, {whose} pyroute2", ms(took[f"{what} {whose}"]), goal, median < most)


def _ip_batch(params: dict[str, Any]) -> float:
    """Seconds of ``ip -batch`` for the host and one for each sandbox, from a shell, starts included."""
    host, inside = ip_script(params)
    with tempfile.TemporaryDirectory() as folder:
        for name, lines in {"host": host, **inside}.items():
            Path(folder, name).write_text(lines)
        script = Path(folder, "script")
        script.write_text(f"cd {folder}\nip -batch host\nfor name in {' '.join(inside)}; do ip -n $name -batch $name; done\n")
        start = time.perf_counter()
        subprocess.run(["/bin/sh", "-e", script], check=True)
        return time.perf_counter() - start


def _ports(archive: str, count: int, rounds: int) -> Iterator[Line]:
    """What published ports add: to two sandboxes that stand without any, ``count`` are given, and then all are changed."""
    took: dict[str, list[float]] = {}
    for _round in range(rounds):
        with empty_host():
            run_module(archive, _publishing(0, 0), PYTHONS["Debian's"], True)
            took.setdefault("first", []).append(run_module(archive, _publishing(count, 10000), PYTHONS["Debian's"], True))
            took.setdefault("changed", []).append(run_module(archive, _publishing(count, 20000), PYTHONS["Debian's"], True))
            took.setdefault("unchanged", []).append(run_module(archive, _publishing(count, 20000), PYTHONS["Debian's"], False))
    for what, values in took.items():
        yield Line(f"{count} published ports, {what}", ms(values), "under 0.5 s", statistics.median(values) < 0.5)


def _publishing(count: int, first: int) -> dict[str, Any]:
    params = declared(2)
    names = sorted(params["sandboxes"])
    for at in range(count):
        params["sandboxes"][names[at % 2]].setdefault("ports", []).append(f"{first + at}:{80 + at}")
    return params


def _task(count: int, rounds: int) -> Iterator[Line]:
    """ansible-playbook on connection local with one and with two tasks, of the trivial module and of ours: what the first costs, and a further one."""
    tasks = {"trivial": {"ansible.builtin.ping": {}}, "topology": {"mooring.cnm.topology": declared(count)}}
    took: dict[tuple[str, int], list[float]] = {(name, number): [] for name in tasks for number in (1, 2)}
    for _round in range(rounds):
        for name, number in took:
            with empty_host():
                took[(name, number)].append(_play([tasks[name]] * number))
            time.sleep(_SETTLE_S)
    first = {name: statistics.median(took[(name, 1)]) for name in tasks}
    further = {name: statistics.median(took[(name, 2)]) - first[name] for name in tasks}
    goal = "within 0.3 s of a trivial task"
    for what, cost in (("a playbook's first task (it creates; the controller packs the module)", first), ("a further task (unchanged)", further)):
        more = cost["topology"] - cost["trivial"]
        value = f"{1000 * cost['topology']:.0f} ms, trivial {1000 * cost['trivial']:.0f} ms: {1000 * more:+.0f} ms (n={rounds})"
        yield Line(f"{count} endpoints, {what}", value, goal, more < 0.3)


def _play(tasks: list[dict[str, Any]]) -> float:
    """Seconds of ansible-playbook from its start to its end."""
    with tempfile.TemporaryDirectory() as folder:
        play = Path(folder, "play.json")
        play.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
        command = ["ansible-playbook", "-i", "localhost,", "-c", "local", "-e", "ansible_python_interpreter=/usr/bin/python3", str(play)]
        start = time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - start
    if done.returncode != 0:
        raise SystemExit(done.stdout + done.stderr)
    return seconds
