# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three lab hosts of a lab of its own, each of which may run a Docker engine."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .engine import Pair


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """The hosts. The engines are in place, and not started."""
    pair = Pair(f"docker-{os.getpid()}", tmp_path_factory.mktemp("docker"), size=3)
    try:
        pair.power("present")
        for host in pair.hosts:
            host.have_engine()
        yield pair
    finally:
        pair.power("absent")


@pytest.fixture(scope="module")
def pair(made: Pair) -> Iterator[Pair]:
    """The hosts, without an engine at work and without rules."""
    yield made
    made.declare()
    for host in made.hosts:
        host.without_engine()
