# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies on a host for its next boot: the engine, the slice, the unit. Observe, plan, apply."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Callable

from ..state.fault import Fault
from .engine import digest_of
from .systemd import runs_systemd, start_unit, systemctl
from .unit import companions, unit_name, unit_text

ENGINES = "/usr/local/lib/mooring-cnm"
SLICES = "/etc/mooring-cnm"
UNITS = "/etc/systemd/system"

Files = dict[str, tuple[int, str]]  # by path: permissions and content


@dataclass(frozen=True)
class Kept:
    """What a host has for a fleet, or is to have. enabled: whether the next boot starts the unit; active: whether it has done its work."""

    engine: Files = field(default_factory=dict)
    slice: Files = field(default_factory=dict)
    unit: Files = field(default_factory=dict)
    enabled: bool = False
    active: bool = False


@dataclass(frozen=True)
class Op:
    """One step. action: write, remove, enable, disable, start, stop. what: in words; files: those to write or to remove."""

    action: str
    what: str
    files: Files = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.action} {self.what}"


def wanted(fleet: str, part: dict[str, Any], engine: dict[str, str], interpreter: str, beside: Collection[str] = ()) -> Kept:
    """What the host is to have. The engine's folder is named after its content, so writing the unit is what switches to another one.

    beside: of docker and firewalld those that the host has, and after which it is looked at again.
    """
    folder, path = f"{ENGINES}/{digest_of(engine)}", slice_path(fleet)
    command = f"{interpreter} -I {folder} {path}"
    containers = sorted(str(one["container"]) for one in part.get("sandboxes", {}).values() if isinstance(one, dict) and "container" in one)
    others = {*beside, *(["docker"] if part.get("docker_user") else []), *(["containers"] if containers and "docker" in beside else [])}
    also = dict(one for other, one in companions(fleet, command, containers).items() if other in others)
    units = {unit_name(fleet): unit_text(fleet, command, " ".join(also)), **also}
    return Kept(
        {f"{folder}/{name}": (0o644, text) for name, text in engine.items()},
        {path: (0o600, json.dumps(part, indent=2, sort_keys=True) + "\n")},
        {f"{UNITS}/{name}": (0o644, text) for name, text in units.items()},
        enabled=True,
        active=True,
    )


def observe(fleet: str, want: Kept) -> Kept:
    """What the host has: of the engines, the one that is wanted."""
    states = systemctl("show", "--property=UnitFileState,ActiveState", unit_name(fleet)).split() if runs_systemd() else []
    return Kept(
        _read(want.engine),
        _read([slice_path(fleet)]),
        _read([f"{UNITS}/{unit_name(fleet)}", *_companion_paths(unit_name(fleet))]),
        enabled="UnitFileState=enabled" in states,
        active="ActiveState=active" in states,
    )


def plan(fleet: str, have: Kept, want: Kept) -> tuple[Op, ...]:
    """The steps from one to the other, in order."""
    name = unit_name(fleet)
    if not want.unit:
        stop = [Op("stop", name)] if have.active else []
        disable = [Op("disable", name)] if have.enabled else []
        return (*stop, *disable, *(Op("remove", path, {path: one}) for path, one in {**have.unit, **have.slice}.items()))
    writes = []
    if have.engine != want.engine:
        folder = os.path.commonpath(want.engine)
        writes.append(Op("write", f"the engine, {len(want.engine)} files, to {folder}", want.engine))
    writes += [Op("write", path, {path: one}) for path, one in {**want.slice, **want.unit}.items() if {**have.slice, **have.unit}.get(path) != one]
    writes += [Op("remove", path, {path: one}) for path, one in have.unit.items() if path not in want.unit]
    # A unit that is new is enabled with the other.
    enable = [] if have.enabled and have.unit.keys() == want.unit.keys() else [Op("enable", name)]
    # Started now too: what is to work at the next boot is tried while somebody looks.
    start = [Op("start", name)] if writes or not have.active else []
    return (*writes, *enable, *start)


def apply(ops: Iterable[Op]) -> None:
    """Do the steps. Raises Fault at the first that fails."""
    for op in ops:
        try:
            _DO[op.action](op)
        except OSError as error:
            raise Fault(op.what, op.action, f"{error.strerror or error} ({error.filename})") from error
    _remove_unused_engines()


def describe(fleet: str, kept: Kept) -> dict[str, Any]:
    """What is kept, in the words of the module's options."""
    text = kept.slice.get(slice_path(fleet), (0, ""))[1]
    try:
        part = json.loads(text or "{}")
    except ValueError:
        part = {"broken": text}
    return {"fleet": fleet, "slice": part, "state": "present" if kept.slice and kept.unit and kept.enabled else "absent"}


def slice_path(fleet: str) -> str:
    return f"{SLICES}/{fleet}.json"


def _read(paths: Iterable[str]) -> Files:
    found = {}
    for path in paths:
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                found[path] = (os.fstat(file.fileno()).st_mode & 0o7777, file.read())
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):  # a folder: what an administrator adds to a unit lies in one
            pass
    return found


def _write(op: Op) -> None:
    for path, (mode, content) in op.files.items():
        os.makedirs(os.path.dirname(path), mode=0o700 if path.startswith(SLICES) else 0o755, exist_ok=True)
        # A power cut leaves the file as it was, or as it is to be.
        new = f"{path}.new"
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode), "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)


def _remove(op: Op) -> None:
    for path in op.files:
        if path.startswith(UNITS) and runs_systemd():
            subprocess.run(["systemctl", "disable", "--now", os.path.basename(path)], capture_output=True, check=False)
        os.unlink(path)
        if path.startswith(UNITS) and runs_systemd():
            systemctl("daemon-reload")
            # A unit that failed is remembered without its file, and the host as degraded.
            subprocess.run(["systemctl", "reset-failed", os.path.basename(path)], capture_output=True, check=False)


def _enable(op: Op) -> None:
    systemctl("daemon-reload")
    systemctl("enable", op.what)


def _companion_paths(unit: str) -> list[str]:
    fleet = unit.partition("@")[2].rpartition(".")[0]
    return [f"{UNITS}/{name}" for name, _text in companions(fleet, "").values()]


def _remove_unused_engines() -> None:
    """Remove the engines that no unit names any more, and the folders of ours that are empty then."""
    units = _read(f"{UNITS}/{name}" for name in os.listdir(UNITS) if name.startswith("mooring-cnm")) if os.path.isdir(UNITS) else {}
    for name in os.listdir(ENGINES) if os.path.isdir(ENGINES) else ():
        if not any(f"{ENGINES}/{name} " in text for _mode, text in units.values()):
            shutil.rmtree(f"{ENGINES}/{name}")
    for folder in (ENGINES, SLICES):
        if os.path.isdir(folder) and not os.listdir(folder):
            os.rmdir(folder)


_DO: dict[str, Callable[[Op], object]] = {
    "disable": lambda op: systemctl("disable", op.what),
    "enable": _enable,
    "remove": _remove,
    "start": lambda op: start_unit(op.what, [os.path.basename(path) for path in _read(_companion_paths(op.what))]),
    "stop": lambda op: systemctl("stop", op.what),
    "write": _write,
}
