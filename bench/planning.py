# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a fleet on the controller, and a host's slice of it: 20 sandboxes on each host, on two bridge networks of its own or all on one overlay.

Addresses come from the ledger. Each size is measured in processes of its own.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Any

from bench.host import ROOT
from bench.table import Line, ms

SIZES = (10, 100, 1000)
_ROUNDS = 3
_PER_HOST = 20
_SLICES = 10
_BRIDGES: dict[str, Any] = {"net0": {}, "net1": {}}
_OVERLAY: dict[str, Any] = {"net0": {"driver": "overlay", "ipam": {"config": [{"subnet": "10.0.0.0/14"}]}}}
FLEETS = {"on bridge networks": _BRIDGES, "all on one overlay": _OVERLAY}


def measure() -> Iterator[Line]:
    """Seconds and memory by the number of hosts; of a host's slice what it takes to cut it out and to pack it with the module."""
    for what in FLEETS:
        for hosts in SIZES:
            command = [sys.executable, "-m", "bench.planning", what, str(hosts)]
            yield from _lines(
                what, hosts, [json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _round in range(_ROUNDS)]
            )


def _lines(what: str, hosts: int, found: list[dict[str, Any]]) -> Iterator[Line]:
    for when in ("first", "again"):
        seconds = statistics.median(one[when] for one in found)
        value = f"{seconds:.3f} s; {1e6 * seconds / hosts / _PER_HOST:.0f} µs an endpoint; {found[0]['memory_mib']:.0f} MiB"
        goal = "under 10 s, straight line" if hosts == SIZES[-1] else ""
        yield Line(f"plan of {hosts} hosts with {_PER_HOST} endpoints each, {what}, {when}", value, goal, seconds < 10)
    cut, packed = ([seconds for one in found for seconds in one[name]] for name in ("cut", "packed"))
    value = f"cut {ms(cut)}; packed with the module {ms(packed)}; {found[0]['kib']:.0f} KiB as JSON"
    yield Line(f"a host's slice of that plan, {hosts} hosts", value)


def plan(networks: dict[str, Any], hosts: int) -> dict[str, Any]:
    """Seconds with an empty ledger and with the one that came of it, the most memory that this process had by then, and what slices take."""
    from ansible_collections.mooring.cnm.plugins.module_utils.ipam.fleet import HostInput, plan_fleet
    from ansible_collections.mooring.cnm.plugins.module_utils.ipam.ledger import Ledger, ledger_dict, read_ledger
    from ansible_collections.mooring.cnm.plugins.module_utils.ipam.pools import Stock
    from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.inventory import Fleet
    from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.slices import plan_files
    from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.underlay import Underlay

    sandboxes: dict[str, Any] = {f"s{at:02}": {"networks": [f"net{at % len(networks)}"]} for at in range(_PER_HOST)}
    for at, sandbox in enumerate(sandboxes.values() if networks is _BRIDGES else ()):
        sandbox["ports"] = [f"{8000 + at}:80"]
    given = HostInput({"cnm_networks": networks}, {"cnm_sandboxes": sandboxes}, {})
    inputs = {f"host{at:04}": given for at in range(hosts)}
    underlay = {host: Underlay(IPv4Address("198.18.0.1") + at, IPv4Address("198.18.0.1") + at, 1500) for at, host in enumerate(inputs)}
    fleet = Fleet("default", inputs, frozenset(inputs), underlay, 4789, {}, Stock(), "", "full", "auto", [])
    took: dict[str, Any] = {}
    ledger = Ledger()
    for when in ("first", "again"):
        start = time.perf_counter()
        made = plan_fleet(inputs, ledger, Stock(), "default", True)
        files = plan_files(fleet, made.declarations, underlay)
        took[when] = time.perf_counter() - start
        if made.problems:
            raise SystemExit(str(made.problems[:3]))
        ledger, _problems = read_ledger(ledger_dict(made.ledger))
    took["memory_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**took, **_slices(files, sorted(inputs)[:: max(1, hosts // _SLICES)])}


def _slices(files: dict[str, Any], hosts: list[str]) -> dict[str, Any]:
    """Seconds to cut the slice of each of ``hosts`` out of the plan's files, and to pack it with the module, as the action and Ansible do; its size."""
    from ansible.executor.module_common import modify_module
    from ansible.parsing.dataloader import DataLoader
    from ansible.plugins.loader import init_plugin_loader
    from ansible.template import Templar
    from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.slices import read_slice

    found: dict[str, Any] = {"cut": [], "packed": []}
    init_plugin_loader()
    templar = Templar(loader=DataLoader())
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                json.dump(content, file)
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
