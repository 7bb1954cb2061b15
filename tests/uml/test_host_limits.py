# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits that all namespaces of a kernel share, which only the first of them has as settings: here we are alone in it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..kernel import elsewhere

SUBNET = {"ipam": {"config": [{"subnet": "10.0.0.0/24", "gateway": "10.0.0.1"}]}}
OVERLAY = {
    "networks": {"ov": {"driver": "overlay", "vni": 256, "internal": True, **SUBNET}},
    "sandboxes": {"web": {"networks": {"ov": {"ipv4_address": "10.0.0.2"}}}},
    "peers": {"ov": {}},
    "host": "a",
    "underlay_address": "198.18.0.11",
}
LIMITS = "net.ipv4.neigh.default.gc_thresh1 net.ipv4.neigh.default.gc_thresh2 net.ipv4.neigh.default.gc_thresh3"
RAISED = [
    "change sysctl net/ipv4/neigh/default/gc_thresh1 from 128 to 8192",
    "change sysctl net/ipv4/neigh/default/gc_thresh2 from 512 to 49152",
]


def first(*command: str, **more: Any) -> str:
    """Run a command in the first network namespace of the kernel."""
    return subprocess.run(["nsenter", "-t", "1", "-n", *command], capture_output=True, text=True, check=True, **more).stdout


def topology(options: dict[str, Any], mode: str = "run") -> list[str]:
    said = first(sys.executable, elsewhere.__file__, mode, input=json.dumps(options), cwd=Path(elsewhere.__file__).parent)
    return [op for op in json.loads(said)["ops"] if "sysctl net/ipv4/neigh" in op]


@pytest.fixture(autouse=True)
def as_it_was(own_mounts: None) -> Iterator[None]:
    if "User Mode Linux" not in Path("/proc/cpuinfo").read_text():
        pytest.fail("this changes what all of a machine shares: run it by tools/uml")
    before = first("sysctl", *LIMITS.split())
    first("sh", "-c", "mount -t tmpfs run /run && mkdir -p /run/lock && ip link add eth9 type dummy && ip address add 198.18.0.11/16 dev eth9")
    yield
    first(sys.executable, elsewhere.__file__, "run", input="{}", cwd=Path(elsewhere.__file__).parent)
    first("sh", "-c", f"ip link delete eth9; sysctl -qw {' '.join(before.replace(' ', '').split())}; umount -l /run")


def test_an_overlay_raises_what_docker_raises_and_nothing_that_is_higher() -> None:
    first("sysctl", "-qw", "net.ipv4.neigh.default.gc_thresh3=100000")
    assert topology(OVERLAY, "check") == RAISED
    assert topology(OVERLAY) == RAISED
    assert first("sysctl", "-n", *LIMITS.split()).split() == ["8192", "49152", "100000"]
    assert topology(OVERLAY) == []


def test_what_somebody_lowers_is_raised_again() -> None:
    topology(OVERLAY)
    first("sysctl", "-qw", "net.ipv4.neigh.default.gc_thresh3=1024")
    assert topology(OVERLAY) == ["change sysctl net/ipv4/neigh/default/gc_thresh3 from 1024 to 65536"]
