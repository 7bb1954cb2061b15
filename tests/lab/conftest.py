# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real labs inside this machine, each of a name of its own, and each removed when its test ends."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.lab.converge import converge_lab
from ansible_collections.mooring.cnm.plugins.module_utils.lab.record import Record, read_record
from ansible_collections.mooring.cnm.tests.testinfra_lab import lab_host
from testinfra.host import Host


class RealLab:
    """A lab of hosts node1, node2, … with the addresses 198.18.0.1, 198.18.0.2, …

    init: the first process of new hosts; root: the folder that their disks lie over.
    """

    def __init__(self, name: str, init: str | None = None, root: str | None = None) -> None:
        self.name, self.init, self.root = name, init, root

    def bring(self, state: str, *numbers: int, check_mode: bool = False) -> dict[str, Any]:
        """Run the module's work for these hosts; without numbers, for the whole lab."""
        hosts = [{"name": f"node{number}", "address": f"198.18.0.{number}"} for number in numbers] or None
        return converge_lab({"name": self.name, "state": state, "init": self.init, "root": self.root, "hosts": hosts}, check_mode)

    def host(self, number: int) -> Host:
        return lab_host(f"node{number}", self.name)

    def record(self, number: int) -> Record:
        record = read_record(self.name, f"node{number}")
        assert record
        return record

    def ansible(self, command: str, *words: str, inventory: str | Path = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """Run ansible-playbook or ansible on this lab, from the repository's root."""
        root = Path(__file__).resolve().parents[2]
        program = Path(sys.executable).parent / command
        line = [program, "-i", inventory or root / "inventories/lab", "-e", f"cnm_lab_name={self.name}", *words]
        return subprocess.run(line, cwd=root, env={**os.environ, **environment}, capture_output=True, text=True, check=False)


@pytest.fixture
def new_lab(request: pytest.FixtureRequest) -> Iterator[Callable[..., RealLab]]:
    """Makes labs; all of them are removed at the end."""
    labs: list[RealLab] = []

    def make(init: str | None = None, root: str | None = None) -> RealLab:
        labs.append(RealLab(f"test-{os.getpid()}-{len(labs)}", init, root))
        return labs[-1]

    yield make
    for lab in labs:
        lab.bring("absent")


@pytest.fixture
def lab(new_lab: Callable[..., RealLab]) -> RealLab:
    """A lab without hosts."""
    return new_lab()


@pytest.fixture(scope="module")
def pair() -> Iterator[RealLab]:
    """A lab of two hosts that the tests of a file share."""
    yield from two_hosts()


def two_hosts(init: str | None = None) -> Iterator[RealLab]:
    """Makes node1 and node2, and removes them at the end."""
    lab = RealLab(f"test-{os.getpid()}-pair", init)
    lab.bring("present", 1, 2)
    yield lab
    lab.bring("absent")
