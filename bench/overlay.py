# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One overlay: the peers of a host beside ``bridge -batch`` and ``ip -batch``, and unchanged runs."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from bench.host import PYTHONS, empty_host, leave_the_machine, payload, run_module, sh, timed_module
from bench.table import Line, ms

SIZES = {1_000: 5, 10_000: 5, 50_000: 3}  # remote endpoints, and how often
_UNDERLAY = "198.18.0.1"
_FIRST = IPv4Address("10.0.1.0")


def measure() -> Iterator[Line]:
    """Both sides of a comparison take turns."""
    leave_the_machine()
    with payload() as archive:
        for count, rounds in SIZES.items():
            yield from _peers(archive, count, rounds)


def options(peers: int) -> dict[str, Any]:
    """One sandbox on an overlay, and so many on other hosts, a hundred on each."""
    numbers = [range(first, min(first + 100, peers)) for first in range(0, peers, 100)]
    there = {
        f"host{at}": {
            "underlay_address": str(IPv4Address("198.18.1.0") + at),
            "sandboxes": {f"s{number}": str(_FIRST + number) for number in within},
        }
        for at, within in enumerate(numbers)
    }
    network = {"driver": "overlay", "internal": True, "vni": 256, "ipam": {"config": [{"subnet": "10.0.0.0/14", "gateway": "10.0.0.1"}]}}
    return {
        "networks": {"backbone": network},
        "sandboxes": {"own": {"networks": {"backbone": {"ipv4_address": "10.0.0.2"}}}},
        "peers": {"backbone": there} if there else {},
        "underlay_address": _UNDERLAY,
    }


def _peers(archive: str, count: int, rounds: int) -> Iterator[Line]:
    took: dict[str, list[float]] = {}
    for _round in range(rounds):
        with empty_host():
            _underlay()
            run_module(archive, options(0), PYTHONS[".venv's"], True)
            seconds, applying = timed_module(archive, options(count), PYTHONS[".venv's"], True)
            took.setdefault("first", []).append(seconds)
            took.setdefault("putting", []).append(applying)
            took.setdefault("unchanged", []).append(run_module(archive, options(count), PYTHONS[".venv's"], False))
        with empty_host():
            _underlay()
            took.setdefault("tools", []).append(_tools(count))
    first, putting, tools = (statistics.median(took[what]) for what in ("first", "putting", "tools"))
    goals = count == 10_000
    yield Line(f"{count} remote endpoints, bridge -batch and ip -batch", f"{ms(took['tools'])}; {2 * count / tools:.0f} entries a second")
    value = f"{ms(took['putting'])}; {2 * count / putting:.0f} entries a second; {putting / tools:.2f} of the tools"
    yield Line(f"{count} remote endpoints, put into the kernel", value, "at most the tools' time" if goals else "", putting <= tools)
    yield Line(f"{count} remote endpoints, the whole first run", f"{ms(took['first'])}; {first / tools:.2f} of the tools")
    yield Line(f"{count} remote endpoints, unchanged", ms(took["unchanged"]), "under 0.5 s" if goals else "", statistics.median(took["unchanged"]) < 0.5)


def _underlay() -> None:
    sh(f"ip link add eth0 type veth peer name wire && ip address add {_UNDERLAY}/16 dev eth0 && ip link set eth0 up && ip link set wire up")


def _tools(count: int) -> float:
    """Seconds that the tools take for the same entries."""
    sh("ip link add vxlan0 type vxlan id 256 dstport 4789 nolearning proxy && ip link set vxlan0 up")
    entries = []
    for number in range(count):
        address = _FIRST + number
        entries.append((str(address), "02:42:" + ":".join(f"{byte:02x}" for byte in address.packed), str(IPv4Address("198.18.1.0") + number // 100)))
    with tempfile.TemporaryDirectory() as folder:
        fdb, neighbours = Path(folder) / "fdb", Path(folder) / "neighbours"
        fdb.write_text("".join(f"fdb replace {mac} dev vxlan0 self dst {vtep} permanent\n" for _address, mac, vtep in entries))
        neighbours.write_text("".join(f"neigh replace {address} lladdr {mac} dev vxlan0 nud permanent\n" for address, mac, _vtep in entries))
        start = time.perf_counter()
        sh(f"bridge -batch {fdb} && ip -batch {neighbours}")
        return time.perf_counter() - start
