# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger's file: read, and replaced as a whole, while no other run does either."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from typing import Any

import yaml
from ansible.errors import AnsibleActionFail

_HEADER = "# What mooring.cnm gave to whom. Keep this file with the inventory; it is written by fleet_plan.\n"
# Those of libyaml, where PyYAML was built with it, take a fraction of the time and read and write the same.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class LedgerFile:
    """A ledger at a path that need not exist yet."""

    def __init__(self, path: str) -> None:
        self.path = path

    def read(self) -> Any:
        """The content as plain data; None where there is no file."""
        try:
            with open(self.path, encoding="utf-8") as file:
                return yaml.load(file, Loader=_LOADER)
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise AnsibleActionFail(f"The ledger {self.path} cannot be read: {error}. Mend it, or take it back from version control.") from None

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
                os.chmod(beside, 0o644)
                os.replace(beside, self.path)
            except BaseException:
                os.unlink(beside)
                raise
        except OSError as error:
            raise AnsibleActionFail(f"The ledger {self.path} cannot be written: {error.strerror}. No host was changed.") from None


@contextlib.contextmanager
def open_ledger(path: str) -> Iterator[LedgerFile]:
    """The ledger at ``path``, for this run alone: its folder is locked, so that no lock file is left."""
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
