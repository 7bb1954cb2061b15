# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others take for the same: CNI's bridge plugin, netavark and Docker, all from Debian's packages, unpacked into .cache and not installed.

The first two are run as a container engine runs them, a process for each endpoint, which is given its namespace; making that is not counted.
Docker connects containers, which are there, to a network, which is there, as clients of its socket ask for it.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.beside_docker import ask_engine, converge, docker_and_ours
from bench.host import PYTHONS, ROOT, empty_host, leave_the_machine, payload, run_module, sh
from bench.subject import declared
from bench.table import Line

SIZES = {10: 5, 100: 3}  # endpoints, and how often
_PACKAGES = ("containernetworking-plugins", "netavark")
_FOLDER = ROOT / ".cache" / "bench-peers"
_SETTLE_S = 1.0


def measure() -> Iterator[Line]:
    """All take turns; Docker only with a run of ours of its own, since its engine needs a whole host."""
    _unpack()
    with payload() as archive:
        yield from _docker(archive)
        leave_the_machine()
        for count, rounds in SIZES.items():
            took: dict[str, list[float]] = {}
            for _round in range(rounds):
                with empty_host():
                    took.setdefault("ours, first run", []).append(run_module(archive, declared(count), PYTHONS["Debian's"], True))
                time.sleep(_SETTLE_S)
                for name, attach in _PEERS.items():
                    with empty_host():
                        took.setdefault(name, []).append(_one_by_one(count, attach))
                    time.sleep(_SETTLE_S)
            yield from _lines(count, took)


def _docker(archive: str) -> Iterator[Line]:
    """``docker network connect`` of running containers without a network, over the engine's socket and so without the start of a client."""
    with docker_and_ours(archive) as (engine, host):
        for at in range(max(SIZES)):
            engine.sh(f"docker run --detach --network none --name s{at:04} busybox sleep 86400 && docker network disconnect none s{at:04}")
        for count, rounds in SIZES.items():
            took: dict[str, list[float]] = {}
            containers = [{"Container": f"s{at:04}"} for at in range(count)]
            for _round in range(rounds):
                took.setdefault("on a lab host, ours, first run", []).append(converge(host, declared(count)))
                converge(host, {"state": "absent"})
                time.sleep(_SETTLE_S)
                took.setdefault("on a lab host, docker network connect", []).append(ask_engine(engine, [("/networks/net0/connect", one) for one in containers]))
                ask_engine(engine, [("/networks/net0/disconnect", one) for one in containers])
                time.sleep(_SETTLE_S)
            yield from _lines(count, took)


def _lines(count: int, took: dict[str, list[float]]) -> Iterator[Line]:
    """A line for each, against the first of them, which is ours."""
    ours = statistics.median(list(took.values())[0])
    for name, values in took.items():
        middle = statistics.median(values)
        against = "" if "ours" in name else f"; {middle / ours:.1f} times ours"
        yield Line(f"{count} endpoints, {name}", f"{1000 * middle:.0f} ms, {1000 * middle / count:.1f} ms each (n={len(values)}){against}")


def _unpack() -> None:
    if not _FOLDER.exists():
        _FOLDER.mkdir(parents=True)
        subprocess.run(["apt-get", "download", "-qq", *_PACKAGES], cwd=_FOLDER, check=True)
        for package in _FOLDER.glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, _FOLDER], check=True)


def _one_by_one(count: int, attach: Callable[[int, str], None]) -> float:
    """Seconds to attach so many namespaces, which are there."""
    names = [f"s{at:04}" for at in range(count)]
    sh("; ".join(f"ip netns add {name}" for name in names))
    start = time.perf_counter()
    for at, name in enumerate(names):
        attach(at, name)
    return time.perf_counter() - start


def _cni(at: int, name: str) -> None:
    ipam = {"type": "host-local", "ranges": [[{"subnet": "172.16.0.0/16"}]], "dataDir": "/run/cni"}
    network = {"cniVersion": "0.4.0", "name": "net0", "type": "bridge", "bridge": "cni0", "isGateway": True, "ipam": ipam}
    given = {"CNI_COMMAND": "ADD", "CNI_CONTAINERID": name, "CNI_NETNS": f"/run/netns/{name}", "CNI_IFNAME": "eth0"}
    folder = _FOLDER / "usr" / "lib" / "cni"
    _run([str(folder / "bridge")], network, {**given, "CNI_PATH": str(folder)})


def _netavark(at: int, name: str) -> None:
    digest = hashlib.sha256(name.encode()).hexdigest()
    info = {
        "name": "net0",
        "id": "0" * 64,
        "driver": "bridge",
        "network_interface": "podman1",
        "subnets": [{"subnet": "172.16.0.0/16", "gateway": "172.16.0.1"}],
        "ipv6_enabled": False,
        "internal": False,
        "dns_enabled": False,
        "ipam_options": {"driver": "host-local"},
    }
    leg = {"interface_name": "eth0", "static_ips": [f"172.16.{(at + 2) // 256}.{(at + 2) % 256}"]}
    request = {"container_id": digest, "container_name": name, "networks": {"net0": leg}, "network_info": {"net0": info}}
    program = next(one for one in _FOLDER.rglob("netavark") if one.is_file() and os.access(one, os.X_OK))
    _run([str(program), "--config", "/run/netavark", "setup", f"/run/netns/{name}"], request, {})


def _run(command: list[str], given: object, environment: dict[str, str]) -> None:
    Path("/run/netavark").mkdir(exist_ok=True)
    done = subprocess.run(command, input=json.dumps(given), env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stdout}{done.stderr}")


_PEERS = {"CNI's bridge plugin with host-local": _cni, "netavark": _netavark}
