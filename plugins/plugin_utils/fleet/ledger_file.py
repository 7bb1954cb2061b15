# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger's file: read, and replaced as a whole, while no other run does either."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from typing import Any

import yaml
from ansible.errors import AnsibleActionFail

_HEADER = "# What mooring.cnm gave to whom. Keep this file with the inventory; it is written by fleet_plan.\n"
# Those of libyaml, where PyYAML was built with it, take a fraction of the time and read and write the same.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_CONFLICT = ("<<<<<<< ", "||||||| ", "=======", ">>>>>>> ")  # what git begins the lines with between which somebody has to choose


class _Loader(_LOADER):
    """Takes no key twice, as a file has it in which both sides of a merge were kept: YAML would take the last one, and what the others hold were lost."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        found: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        if len(found) < len(node.value):
            lines: dict[str, int] = {}
            for key, _value in node.value:
                line = key.start_mark.line + 1
                if lines.setdefault(str(key.value), line) != line:
                    raise _Unreadable(f"'{key.value}' stands in line {lines[str(key.value)]} and again in line {line}: make one entry of the two")
        return found


class _Unreadable(yaml.YAMLError):
    """The text is YAML, and not a ledger."""


class LedgerFile:
    """A ledger at a path that need not exist yet."""

    def __init__(self, path: str) -> None:
        self.path = path

    def read(self) -> Any:
        """The content as plain data; None where there is no file."""
        try:
            with open(self.path, encoding="utf-8") as file:
                text = file.read()
            return yaml.load(text, Loader=_Loader)
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            why = _conflict(text) if isinstance(error, yaml.YAMLError) else ""
            raise AnsibleActionFail(f"The ledger {self.path} cannot be read: {why or error}. Mend it, or take it back from version control.") from None

    def write(self, content: dict[str, Any]) -> None:
        """Put a new file in the place of the old one, in one step."""
        try:
            handle, beside = tempfile.mkstemp(dir=os.path.dirname(self.path), prefix=".cnm-ledger-")
            try:
                with open(handle, "w", encoding="utf-8") as file:
                    file.write(_HEADER)
                    yaml.dump(content, file, Dumper=_DUMPER, default_flow_style=False, sort_keys=True)
                    file.flush()
                    os.fsync(handle)
                os.chmod(beside, self._mode())
                os.replace(beside, self.path)
            except BaseException:
                os.unlink(beside)
                raise
        except OSError as error:
            raise AnsibleActionFail(f"The ledger {self.path} cannot be written: {error.strerror}. No host was changed.") from None

    def _mode(self) -> int:
        """Who may read and write it: as it was, for a new one whoever can read the folder."""
        try:
            return stat.S_IMODE(os.stat(self.path).st_mode)
        except FileNotFoundError:
            return 0o644


def _conflict(text: str) -> str:
    """Where the marks of an unresolved merge are, if there are any."""
    lines = [number for number, line in enumerate(text.splitlines(), 1) if line.startswith(_CONFLICT)]
    return f"a merge of it is not resolved, see line {lines[0]}" if lines else ""


@contextlib.contextmanager
def open_ledger(path: str) -> Iterator[LedgerFile]:
    """The ledger at ``path``, for this run alone: its folder is locked, so that no lock file is left. Of a symbolic link, what it leads to is meant."""
    path = os.path.realpath(path)
    try:
        folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise AnsibleActionFail(
            f"The folder of the ledger {path} cannot be opened: {error.strerror}. Set cnm_ledger to a path in an existing folder."
        ) from None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield LedgerFile(path)
    finally:
        os.close(folder)
