# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Engines of other suites than the machine's own, each in two lab hosts of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from ansible_collections.mooring.cnm.tests.docker.engine import Pair
from ansible_collections.mooring.cnm.tests.docker.packages import Suite, unpacked, unpacked_over


@dataclass(frozen=True)
class Engine:
    """release: how its version begins. options: of dockerd."""

    release: str
    suite: Suite
    packages: tuple[str, ...]
    options: str = ""

    @property
    def name(self) -> str:
        return " ".join([self.release, *self.options.split("=")[1:]])

    def folder(self) -> Path:
        return unpacked_over(unpacked("docker.io"), self.suite, *self.packages)


TRIXIE, SID = (Suite(name, "Debian", "debian-archive-keyring.gpg") for name in ("trixie", "sid"))
JAMMY = Suite("jammy-updates", "Ubuntu", "ubuntu-archive-keyring.gpg", SID, "main universe")
ENGINES = (
    Engine("26.1", TRIXIE, ("docker.io", "docker-cli")),
    Engine("28.5", SID, ("docker.io", "docker-cli")),
    Engine("29.1", JAMMY, ("docker.io", "containerd", "runc")),
    Engine("29.1", JAMMY, ("docker.io", "containerd", "runc"), "--firewall-backend=nftables"),
)


@pytest.fixture(scope="module", params=ENGINES, ids=lambda engine: engine.name)
def engine(request: pytest.FixtureRequest) -> Engine:
    return request.param


@pytest.fixture(scope="module")
def pair(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two lab hosts, the first with the engine, which is not started."""
    folder = engine.folder()
    pair = Pair(f"engines-{os.getpid()}-{ENGINES.index(engine)}", tmp_path_factory.mktemp("engines"))
    try:
        pair.power("present")
        pair.node1.have_engine(folder)
        yield pair
    finally:
        pair.power("absent")
