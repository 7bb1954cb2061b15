# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker and ours side by side, on two lab hosts of one kind, with the engine of the machine's suite."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible_collections.mooring.cnm.plugins.module_utils.lab.record import enter_command

from bench.host import PYTHONS, ROOT, run_module
from tests.docker.binding import bind
from tests.docker.engine import EngineHost, Pair

SUBNET = "172.16.0.0/16"  # of the first network that bench.subject declares, and of Docker's
_CALLS = """\
import http.client, json, socket, time
class Engine(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect("/run/docker.sock")
engine = Engine("localhost")
calls = [(path, json.dumps(body)) for path, body in json.load(open("/run/calls.json"))]
start = time.perf_counter()
for path, body in calls:
    engine.request("POST", path, body, {"Content-Type": "application/json"})
    answer = engine.getresponse()
    said = answer.read().decode()
    if answer.status >= 300:
        raise SystemExit(f"{path}: {answer.status} {said}")
print(time.perf_counter() - start)
"""


@contextlib.contextmanager
def docker_and_ours(archive: str) -> Iterator[tuple[EngineHost, EngineHost]]:
    """The host with an engine, which has a network ``net0`` like ours, and the one where ``converge`` runs the module. archive: as payload() makes it."""
    with two_hosts(archive) as (engine, ours):
        engine.have_engine()
        engine.start_engine()
        engine.sh(f"docker network create --subnet {SUBNET} net0")
        engine.write("/run/calls.py", _CALLS)
        yield engine, ours


@contextlib.contextmanager
def two_hosts(archive: str) -> Iterator[tuple[EngineHost, EngineHost]]:
    """Two hosts where ``converge`` runs the module. They have to be made and ended where the machine's own /run is seen."""
    with tempfile.TemporaryDirectory() as folder:
        pair = Pair(f"bench-{os.getpid()}", Path(folder))
        try:
            pair.power("present")
            for host in (pair.node1, pair.node2):
                bind(host.pid, ROOT / "bench", "/opt/bench")
                bind(host.pid, Path(archive).parent, "/opt/payload")
            yield pair.node1, pair.node2
        finally:
            pair.power("absent")


def ask_engine(host: EngineHost, calls: list[tuple[str, dict[str, Any]]]) -> float:
    """Seconds that the engine takes for calls (path and body), one after the other over one connection to its socket."""
    host.write("/run/calls.json", json.dumps(calls))
    return float(host.sh("python3 /run/calls.py"))


def converge(host: EngineHost, params: dict[str, Any]) -> float:
    """Seconds that a run of the module takes in the lab host; it has to change something."""
    return run_module("/opt/payload/payload.zip", params, PYTHONS["Debian's"], True, "/opt/bench/module.py", enter_command(host.pid))
