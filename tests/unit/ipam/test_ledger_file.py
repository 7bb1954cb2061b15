# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger's file between runs that are at work at once, and one that ends in the middle."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.ledger_file import LedgerFile, open_ledger

# A run that gives one address: it reads, decides, and writes. It says when it is ready, and begins when it is told.
RUN = """
import sys
from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.ledger_file import open_ledger
print("ready", flush=True)
sys.stdin.read()
for number in range(20):
    with open_ledger(sys.argv[1]) as ledger:
        given = ledger.read() or {}
        given[f"{sys.argv[2]}-{number}"] = len(given)
        ledger.write(given)
"""


def test_runs_at_once_give_everything_once_and_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / ".cnm-ledger.yml"
    LedgerFile(str(path)).write({})
    runs = [
        subprocess.Popen([sys.executable, "-c", RUN, str(path), str(which)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for which in range(3)
    ]
    for run in runs:
        assert run.stdout is not None and run.stdout.readline() == "ready\n"
    for run in runs:
        assert run.stdin is not None
        run.stdin.close()
    while any(run.poll() is None for run in runs):
        assert isinstance(yaml.safe_load(path.read_text()), dict)  # whoever reads without the lock sees a whole one
    assert [run.returncode for run in runs] == [0, 0, 0]
    given = yaml.safe_load(path.read_text())
    assert sorted(given.values()) == list(range(60)) and os.listdir(tmp_path) == [path.name]


def test_a_run_that_ends_while_it_writes_leaves_the_old_ledger_and_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / ".cnm-ledger.yml"
    LedgerFile(str(path)).write({"version": 1})

    def ends(*_words: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", ends)
    with pytest.raises(KeyboardInterrupt), open_ledger(str(path)) as ledger:
        ledger.write({"version": 2})
    with open_ledger(str(path)) as ledger:
        assert ledger.read() == {"version": 1}
    assert os.listdir(tmp_path) == [path.name]
