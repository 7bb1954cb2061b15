# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two fleets that are kept on one host at once: the engine that one has just written, and no unit names yet, is not removed by the other."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mooring.cnm.plugins.module_utils.persist.keep import Kept
from ansible_collections.mooring.cnm.plugins.modules import persist


def run(capsys: pytest.CaptureFixture[str], check: bool = False) -> dict[str, Any]:
    with patch_module_args({"state": "absent", "_ansible_check_mode": check}), pytest.raises(SystemExit):
        persist.main()
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done while somebody else could have begun, and what while nobody could."""
    path, steps = tmp_path / "lock", []

    def noting(step: str, result: Any) -> Any:
        def note(*_arguments: Any) -> Any:
            with open(path, "a", encoding="ascii") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    steps.append(f"{step} beside others")
                except BlockingIOError:
                    steps.append(f"{step} alone")
            return result

        return note

    monkeypatch.setattr(persist, "LOCK", str(path))
    monkeypatch.setattr(persist, "observe", noting("observe", Kept()))
    monkeypatch.setattr(persist, "apply", noting("apply", None))
    return steps


def test_from_the_look_to_the_last_step_nobody_else_is_at_work(seen: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert not run(capsys).get("failed")
    assert seen == ["observe alone", "apply alone"]


def test_a_prediction_needs_nobody_to_wait(seen: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert not run(capsys, check=True).get("failed")
    assert seen == ["observe beside others"]


def test_what_cannot_be_read_is_told_in_a_sentence(seen: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_arguments: Any) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(persist, "apply", refused)
    assert run(capsys)["msg"] == "The host could not be changed: Read-only file system (EROFS)."
