# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A throw-away host that the calling process lives in, and a run of the module on it."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import ansible
from ansible_collections.mooring.cnm.plugins.module_utils import bytecode

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = {"Debian's": "/usr/bin/python3", ".venv's": sys.executable}
_CLONE_NEWNET, _CLONE_NEWNS = 0x40000000, 0x00020000


def leave_the_machine() -> None:
    """From here on, what this process mounts is seen by itself and its children alone, and what modules keep on a host for the next task is their own."""
    _unshare(_CLONE_NEWNS)
    sh("mount --make-rprivate / && mount -t tmpfs -o mode=755 cache /var/cache")


def forget_bytecode() -> None:
    """As on a host that has never had a task of ours."""
    sh(f"rm -rf {bytecode.FOLDER}")


@contextlib.contextmanager
def empty_host() -> Iterator[None]:
    """Network namespace, /run and /etc of its own, and lo up."""
    _unshare(_CLONE_NEWNET)
    sh("mount -t tmpfs -o mode=755 run /run && mkdir -p /run/lock /run/etc /run/work")
    sh("mount -t overlay -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/work etc /etc && rm -rf /etc/netns && ip link set lo up")
    try:
        yield
    finally:
        sh("umount -l /etc && umount -l /run")


@contextlib.contextmanager
def payload() -> Iterator[str]:
    """An archive with the sources of Ansible's module_utils and ours, without bytecode, as Ansible sends one to a host."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/payload.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            _add(archive, Path(ansible.__file__).parent, "module_utils", "ansible")
            for part in ("module_utils", "modules"):
                _add(archive, ROOT / "plugins", part, "ansible_collections/mooring/cnm/plugins")
        yield path


def run_module(
    archive: str, params: dict[str, Any], python: str, changes: bool, program: str = f"{ROOT}/bench/module.py", entering: Sequence[str] = ()
) -> float:
    """Seconds that the module took. changes: whether it should have; entering: words before a command that run it elsewhere, where the paths then are."""
    return timed_module(archive, params, python, changes, program, entering)[0]


def timed_module(
    archive: str, params: dict[str, Any], python: str, changes: bool, program: str = f"{ROOT}/bench/module.py", entering: Sequence[str] = ()
) -> tuple[float, float]:
    """As run_module, and how many of the seconds it was at work on the host."""
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": params})
    done = subprocess.run([*entering, python, program, archive], input=arguments, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    result = json.loads(done.stdout)
    if result["changed"] != changes:
        raise SystemExit(f"changed is {result['changed']}")
    return float(result["seconds"]), float(result["applying"])


def sh(command: str) -> str:
    """Run a shell command; its standard output."""
    done = subprocess.run(["/bin/sh", "-ec", command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{command[:200]}: {done.stderr}")
    return done.stdout


def _add(archive: zipfile.ZipFile, folder: Path, part: str, below: str) -> None:
    files = sorted((folder / part).rglob("*.py"))
    names = {f"{below}/{file.relative_to(folder).as_posix()}" for file in files}
    for file in files:
        archive.write(file, f"{below}/{file.relative_to(folder).as_posix()}")
    # Without an __init__.py, zipimport finds a package by asking the file system in vain.
    packages = {parent.as_posix() for name in names for parent in Path(name).parents if parent.name}
    for package in sorted(packages):
        if f"{package}/__init__.py" not in names and f"{package}/__init__.py" not in archive.namelist():
            archive.writestr(f"{package}/__init__.py", "")


def _unshare(flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), "unshare: root is needed")


def processor() -> str:
    """Processors, their model, and memory of this machine."""
    model = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "unknown")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return f"{os.cpu_count()} × {model}, {memory:.0f} GiB"
