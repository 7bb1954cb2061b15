# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the action fleet_plan does on the controller, and a host's slice of the plan: 20 sandboxes on each host, on two bridge networks of its own or all on one
overlay.

Addresses come from the ledger. Each size is measured in processes of its own.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.host import ROOT
from bench.inventory import LOOK, task_variables, write_inventory
from bench.table import Line, ms

SIZES = (10, 100, 1000)
_ROUNDS = 3
_PER_HOST = 20
_SLICES = 10
_GOAL_S = 10
# A straight line: an endpoint of the largest fleet takes at most so many times what one of the fleet before it takes.
_STRAIGHT = 1.5
_BRIDGES: dict[str, Any] = {"net0": {}, "net1": {}}
_OVERLAY: dict[str, Any] = {"net0": {"driver": "overlay", "ipam": {"config": [{"subnet": "10.0.0.0/14"}]}}}
FLEETS = {"on bridge networks": _BRIDGES, "all on one overlay": _OVERLAY}
_WHEN = ("first", "again")


def measure() -> Iterator[Line]:
    """Seconds and memory by the number of hosts; of a host's slice what it takes to cut it out and to pack it with the module."""
    for what in FLEETS:
        before: dict[str, float] = {}
        for hosts in SIZES:
            command = [sys.executable, "-m", "bench.planning", what, str(hosts)]
            found = [json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _round in range(_ROUNDS)]
            yield from _lines(what, hosts, found, before)
            before = {when: _cpu(found, when) / hosts for when in _WHEN}


def _lines(what: str, hosts: int, found: list[dict[str, Any]], before: dict[str, float]) -> Iterator[Line]:
    """before: CPU seconds of a host in the fleet that is one size smaller, by when."""
    for when in _WHEN:
        seconds, cpu = statistics.median(one[when]["wall"] for one in found), _cpu(found, when)
        value = f"{seconds:.2f} s, of CPU {cpu:.2f} s; {1e6 * cpu / hosts / _PER_HOST:.0f} µs an endpoint; {found[0]['memory_mib']:.0f} MiB"
        goal, met = "", True
        if hosts == SIZES[-1]:
            bend = cpu / hosts / before[when]
            goal = f"under {_GOAL_S} s; an endpoint at most {_STRAIGHT} times one of {SIZES[-2]} hosts ({bend:.2f})"
            met = seconds < _GOAL_S and bend <= _STRAIGHT
        yield Line(f"plan of {hosts} hosts with {_PER_HOST} endpoints each, {what}, {when}", value, goal, met)
    yield Line(f"of that, reading the variables of {hosts} hosts", ms([one["read"] for one in found]))
    cut, packed = ([seconds for one in found for seconds in one[name]] for name in ("cut", "packed"))
    value = f"cut {ms(cut)}; packed with the module {ms(packed)}; {found[0]['kib']:.0f} KiB as JSON"
    yield Line(f"a host's slice of that plan, {hosts} hosts", value)


def _cpu(found: list[dict[str, Any]], when: str) -> float:
    return statistics.median(one[when]["cpu"] for one in found)


def plan(networks: dict[str, Any], hosts: int) -> dict[str, Any]:
    """Seconds with no ledger and with the one that came of it, the most memory that this process had by then, and what slices take."""
    from ansible.plugins.loader import init_plugin_loader
    from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.inventory import read_fleet
    from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.planned import planned

    init_plugin_loader()
    sandboxes: dict[str, Any] = {f"s{at:02}": {"networks": [f"net{at % len(networks)}"]} for at in range(_PER_HOST)}
    for at, sandbox in enumerate(sandboxes.values() if networks is _BRIDGES else ()):
        # Half of the ports are left open, so that the ledger gives them.
        sandbox["ports"] = [f"{8000 + at}:80" if at % 2 else "80"]
    with tempfile.TemporaryDirectory() as folder:
        write_inventory(Path(folder), hosts, {"cnm_networks": networks, "cnm_sandboxes": sandboxes})
        variables = task_variables(Path(folder))
        took: dict[str, Any] = {}
        for when in _WHEN:
            start, cpu = time.perf_counter(), time.process_time()
            made = planned(variables, LOOK, allocate=True, check_mode=False, parent=folder)
            took[when] = {"wall": time.perf_counter() - start, "cpu": time.process_time() - cpu}
            if made["problems"] or made["changed"] is not (when == "first"):
                raise SystemExit(str(made["problems"][:3]))
        took["memory_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        start = time.perf_counter()
        read_fleet(variables, LOOK)
        took["read"] = time.perf_counter() - start
        return {**took, **_slices(made["plan"], variables["groups"]["all"][:: max(1, hosts // _SLICES)])}


def _slices(folder: str, hosts: list[str]) -> dict[str, Any]:
    """Seconds to cut the slice of each of ``hosts`` out of the plan's files, and to pack it with the module, as the action and Ansible do; its size."""
    from ansible.executor.module_common import modify_module
    from ansible.parsing.dataloader import DataLoader
    from ansible.template import Templar
    from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.slices import read_slice

    found: dict[str, Any] = {"cut": [], "packed": []}
    templar = Templar(loader=DataLoader())
    for host in [hosts[0], *hosts]:  # the first one packs the module, too, which is done once in a playbook's run
        start = time.perf_counter()
        part = read_slice(folder, host)
        found["cut"].append(time.perf_counter() - start)
        start = time.perf_counter()
        modify_module(
            module_name="mooring.cnm.topology",
            module_path=str(ROOT / "plugins/modules/topology.py"),
            module_args=part,
            templar=templar,
            task_vars={"ansible_python_interpreter": "/usr/bin/python3"},
        )
        found["packed"].append(time.perf_counter() - start)
    return {"cut": found["cut"][1:], "packed": found["packed"][1:], "kib": len(json.dumps(part)) / 1024}


if __name__ == "__main__":
    print(json.dumps(plan(FLEETS[sys.argv[1]], int(sys.argv[2]))))
