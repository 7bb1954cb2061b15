# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker or firewalld refuses, or is not heard, at any call of a run: that is told in a sentence, and the host, Docker and firewalld are as they were.

Where Docker is killed, the next run after it is back ends where it should.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from .engine import Pair
from .modules import PYTHON, have_collection

# What failed, and what is said of what was done before, in any of the runs.
SENTENCE = re.compile(r"Could not [a-z]+ [^\n]+: [^\n]+\.( [A-Z][^\n]+\.)?")


@pytest.fixture(scope="module")
def host(pair: Pair) -> Iterator[Pair]:
    pair.node1.install("firewalld")
    pair.node1.start_engine()
    have_collection(pair.node1.pid)
    yield pair
    pair.node1.sh("systemctl stop firewalld")


@pytest.mark.parametrize(("door", "calls"), [("engine", 18), ("firewalld", 12)])
def test_what_fails_is_rolled_back_or_taken_up_by_the_next_run(host: Pair, door: str, calls: int) -> None:
    if door == "firewalld":
        host.node1.sh("systemctl start firewalld")
    variables = " ".join(f"{name}={value}" for name, value in PYTHON.items())
    found = host.node1.sh(f"{variables} python3 -m ansible_collections.mooring.cnm.tests.docker.failing {door}")
    told = [json.loads(line) for line in found.splitlines()]
    assert len(told) >= calls
    for one in told:
        assert SENTENCE.fullmatch(one["said"]) and (one["left"], one["differs"]) == ([], []), one
