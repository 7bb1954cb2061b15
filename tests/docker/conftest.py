# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two lab hosts of a lab of its own; the first may run a Docker engine."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .engine import Pair


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """The two hosts. The engine is in place, and not started."""
    pair = Pair(f"docker-{os.getpid()}", tmp_path_factory.mktemp("docker"))
    try:
        pair.power("present")
        pair.node1.have_engine()
        yield pair
    finally:
        pair.power("absent")


@pytest.fixture(scope="module")
def pair(made: Pair) -> Iterator[Pair]:
    """The two hosts, the first without an engine at work and without rules."""
    yield made
    made.declare()
    made.node1.without_engine()
