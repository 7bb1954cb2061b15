# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one task compiled the next one takes, by processes that import from an archive as Ansible's wrapper does. None of them may do harm."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils import bytecode

PACKAGE = "ansible_collections.mooring.cnm.plugins.module_utils"
# Says what was compiled of our sources, and what the imported module has to say.
PROGRAM = """
import sys, zipimport
sys.path.insert(0, sys.argv[1])
compiled = []
plain = zipimport.zipimporter.get_code
zipimport.zipimporter.get_code = lambda self, name: compiled.append(name.rpartition(".")[2]) or plain(self, name)
from {package} import bytecode
compiled.clear()
from {package}.below import word
print(sorted(compiled), word.SAID, word.__file__[len(sys.argv[1]):], word.__spec__.loader.get_source(word.__name__).count("SAID"))
"""
# Says how many texts were compiled for a class of data, which still is one that nobody changes.
COUNTING = """
import sys
sys.path.insert(0, sys.argv[1])
import builtins, dataclasses
files, plain = [], compile
builtins.compile = lambda text, file, *more, **others: files.append(file) or plain(text, file, *more, **others)
from {package} import bytecode
from {package}.below.word import Word
assert Word("a") == Word("a") and hash(Word("a")) == hash(Word("a"))
try:
    Word("a").word = "b"
except dataclasses.FrozenInstanceError:
    print(files.count("<string>"))
"""
CLASS = """from dataclasses import dataclass
@dataclass(frozen=True)
class Word:
    word: str
"""
WORD = "/ansible_collections/mooring/cnm/plugins/module_utils/below/word.py"


class Tasks:
    """Tasks on one host, whose folder for what is kept is ``folder``."""

    def __init__(self, place: Path) -> None:
        self.place, self.folder = place, place / "cache" / "kept"
        self.folder.parent.mkdir()
        self.say("one")

    def say(self, word: str, more: str = "") -> None:
        """The archive of another release, in which the module says something else. more: what else is in it."""
        source = Path(bytecode.__file__).read_text().replace(bytecode.FOLDER, str(self.folder))
        inside = {"bytecode.py": source, "below/__init__.py": "", "below/word.py": f"{more}SAID = {word!r}\n"}
        with zipfile.ZipFile(self.place / "payload.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            parts = PACKAGE.split(".")
            for depth in range(1, len(parts) + 1):
                archive.writestr("/".join([*parts[:depth], "__init__.py"]), "")
            for path, text in inside.items():
                archive.writestr("/".join([*parts, path]), text)

    def run(self, program: str = PROGRAM) -> str:
        line = [sys.executable, "-I", "-c", program.format(package=PACKAGE), str(self.place / "payload.zip")]
        return subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip()

    @property
    def file(self) -> Path:
        (file,) = self.folder.iterdir()
        return file


@pytest.fixture
def tasks(tmp_path: Path) -> Tasks:
    return Tasks(tmp_path)


def said(word: str, *compiled: str) -> str:
    return f"{list(compiled)} {word} {WORD} 1"


def test_the_next_task_compiles_nothing(tasks: Tasks) -> None:
    assert tasks.run() == said("one", "below", "word")
    assert tasks.run() == said("one")


def test_the_next_task_compiles_no_text_of_a_class_either(tasks: Tasks) -> None:
    tasks.say("one", CLASS)
    texts = int(tasks.run(COUNTING))
    assert texts > 1
    assert tasks.run(COUNTING) == "0"
    tasks.say("two", CLASS + "    more: int = 0\n")
    assert 0 < int(tasks.run(COUNTING)) <= texts, "what another field changes"
    assert tasks.run(COUNTING) == "0"


def test_another_release_has_its_own_word(tasks: Tasks) -> None:
    tasks.run()
    tasks.say("two")
    assert tasks.run() == said("two", "word")
    assert tasks.run() == said("two")


def test_it_is_for_its_owner_alone(tasks: Tasks) -> None:
    tasks.run()
    assert tasks.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("harm", ["cut short", "one bit", "empty", "another Python's"])
def test_what_cannot_be_trusted_is_not_taken(tasks: Tasks, harm: str) -> None:
    tasks.run()
    file, whole = tasks.file, tasks.file.read_bytes()
    if harm == "cut short":
        file.write_bytes(whole[:-1])
    elif harm == "one bit":
        file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    elif harm == "empty":
        file.write_bytes(b"")
    else:
        file.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    assert tasks.run() == said("one", "below", "word")
    assert tasks.run() == said("one"), "it was not made anew"


def test_what_somebody_else_could_have_written_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, codes = tmp_path / "cache" / "kept", {"a": (b"hash", b"code")}
    bytecode.write_codes(str(path), codes)
    assert bytecode.read_codes(str(path)) == codes
    path.parent.chmod(0o720)
    assert bytecode.read_codes(str(path)) == {}
    path.parent.chmod(0o700)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert bytecode.read_codes(str(path)) == {}


def test_where_nothing_can_be_kept_all_is_compiled(tasks: Tasks) -> None:
    tasks.folder.write_text("a file where the folder should be")
    assert tasks.run() == tasks.run() == said("one", "below", "word")


def test_tasks_of_different_modules_keep_what_the_others_have(tasks: Tasks) -> None:
    tasks.run()
    bytecode.write_codes(str(tasks.file), {**bytecode.read_codes(str(tasks.file)), "another": (b"12345678", b"code")})
    tasks.say("two")
    tasks.run()
    assert bytecode.read_codes(str(tasks.file))["another"] == (b"12345678", b"code")
    assert tasks.run() == said("two")
