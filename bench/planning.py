# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a fleet on the controller: 20 sandboxes on each host, over two networks, addresses from the ledger. Each size in a process of its own."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from bench.table import Line

SIZES = (10, 100, 1000)
_ROUNDS = 3
_PER_HOST = 20


def measure() -> Iterator[Line]:
    """Seconds and memory by the number of hosts."""
    for hosts in SIZES:
        found = [
            json.loads(subprocess.run([sys.executable, "-m", "bench.planning", str(hosts)], capture_output=True, text=True, check=True).stdout)
            for _round in range(_ROUNDS)
        ]
        for what in ("first", "again"):
            seconds = statistics.median(one[what] for one in found)
            value = f"{seconds:.3f} s; {1e6 * seconds / hosts / _PER_HOST:.0f} µs an endpoint; {found[0]['memory_mib']:.0f} MiB"
            goal = "under 10 s, straight line" if hosts == SIZES[-1] else ""
            yield Line(f"plan of {hosts} hosts with {_PER_HOST} endpoints each, {what}", value, goal, seconds < 10)


def plan(hosts: int) -> dict[str, float]:
    """Seconds with an empty ledger and with the one that came of it, and the most memory that this process had."""
    from ansible_collections.mooring.cnm.plugins.module_utils.ipam.fleet import HostInput, plan_fleet
    from ansible_collections.mooring.cnm.plugins.module_utils.ipam.ledger import Ledger, ledger_dict, read_ledger
    from ansible_collections.mooring.cnm.plugins.module_utils.ipam.pools import Stock
    from ansible_collections.mooring.cnm.plugins.module_utils.model.options import declaration_options

    sandboxes = {f"s{at:02}": {"networks": [f"net{at % 2}"], "ports": [f"{8000 + at}:80"]} for at in range(_PER_HOST)}
    given = HostInput({"cnm_networks": {"net0": {}, "net1": {}}}, {"cnm_sandboxes": sandboxes}, {})
    inputs = {f"host{at:04}": given for at in range(hosts)}
    took = {}
    ledger = Ledger()
    for what in ("first", "again"):
        start = time.perf_counter()
        made = plan_fleet(inputs, ledger, Stock(), "default", True)
        for one in made.declarations.values():
            declaration_options(one)
        took[what] = time.perf_counter() - start
        if made.problems:
            raise SystemExit(str(made.problems[:3]))
        ledger, _problems = read_ledger(ledger_dict(made.ledger))
    return {**took, "memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


if __name__ == "__main__":
    print(json.dumps(plan(int(sys.argv[1]))))
