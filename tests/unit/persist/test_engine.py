# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The copy of the engine that lies on a host: all that it needs, nothing else, and no Ansible."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils import boot
from ansible_collections.mooring.cnm.plugins.module_utils.persist.engine import PACKAGE, digest_of, read_engine

ENGINE = read_engine()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The engine as it lies on a host."""
    for name, source in ENGINE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source)
    return tmp_path


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-I", *words], capture_output=True, text=True, check=False)


def test_it_imports_all_that_was_copied_and_nothing_of_ansible(folder: Path) -> None:
    # All of it by name: some is imported on use alone.
    names = [path.removesuffix(".py").replace("/", ".") for path in ENGINE if path != "__main__.py"]
    program = f"import json, sys; sys.path.insert(0, {str(folder)!r}); import {', '.join(names)}; print(json.dumps(sorted(sys.modules)))"
    done = run("-c", program)
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout)
    files = {f"{name.replace('.', '/')}.py" for name in loaded if name.startswith(f"{PACKAGE}.")}
    assert {path for path in ENGINE if path != "__main__.py"} - files <= set(), "what is copied is imported"
    assert not [name for name in loaded if name.split(".")[0] in ("ansible", "ansible_collections")]


def test_it_has_no_more_than_the_engine() -> None:
    packages = {path.split("/")[1] for path in ENGINE if "/" in path}
    assert packages == set("aim.py attach.py boot.py change.py converge.py docker_user.py drivers firewall kernel model reachable.py road.py state".split())


def test_the_folders_name_follows_the_content() -> None:
    assert digest_of(ENGINE) == digest_of(dict(reversed(ENGINE.items()))) == digest_of(read_engine())
    assert digest_of({**ENGINE, "more.py": ""}) != digest_of(ENGINE) != digest_of({**ENGINE, "__main__.py": ""})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "<3>Could not read the slice {path}: No such file or directory. Run mooring.cnm.site again, which writes it anew.\n"),
        ("{", "<3>Could not read the slice {path}: it is not JSON: "),
        ("[]", "<3>Could not read the slice {path}: it does not say of which fleet it is. "),
        (
            '{"fleet": "default", "networks": 7, "sandboxes": {"a b": {}}}',
            "<3>Could not use the slice {path}: 2 of its values cannot be carried out, and nothing was changed:\n<3>cnm_networks: ",
        ),
    ],
)
def test_a_broken_slice_is_a_sentence(folder: Path, text: str | None, sentence: str) -> None:
    path = folder / "default.json"
    if text is not None:
        path.write_text(text)
    done = run(str(folder), str(path))
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith(sentence.format(path=path)), done.stdout


def test_a_host_that_cannot_be_read_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "default.json").write_text('{"fleet": "default"}')
    monkeypatch.setattr(boot, "converge_slice", Mock(side_effect=OSError(errno.ENFILE, "injected")))
    assert boot.main(str(tmp_path / "default.json")) == 1
    assert capsys.readouterr().out == "<3>The host could not be read: the host has no free file handles (ENFILE).\n"
