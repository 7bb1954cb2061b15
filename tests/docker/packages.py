# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages of the machine's own suite, unpacked beside the machine: nothing is installed on it, and no daemon of it is enabled or replaced."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / ".cache/packages"


def unpacked(*names: str) -> Path:
    """A folder with what the packages and all that they need and the machine lacks would put below /. It is made once for each set of versions."""
    wanted = _missing(names)
    folder = CACHE / "+".join((*names, *sorted(version for _name, version in wanted)))[:200]
    if not folder.exists():
        new = folder.with_name(f"{folder.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        for deb in fetched(*names):
            subprocess.run(["dpkg", "-x", deb, new], check=True)
        new.rename(folder)
    return folder


def fetched(*names: str) -> list[Path]:
    """The files of the packages and of all that they need and the machine lacks."""
    debs = CACHE / "debs"
    debs.mkdir(parents=True, exist_ok=True)
    found = []
    for name, version in _missing(names):
        pattern = f"{name}_{version.replace(':', '%3a')}_*.deb"
        if not list(debs.glob(pattern)):
            subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", f"{name}={version}"], cwd=debs, check=True)
        found.append(next(debs.glob(pattern)))
    return found


def _missing(names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Name and version of what apt would install for ``names``, and of ``names`` that the machine has already."""
    words = ["apt-get", "install", "--simulate", "--reinstall", "--no-install-recommends", *names]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"apt does not find {', '.join(names)}: {done.stderr.strip()}")
    return re.findall(r"^Inst (\S+) (?:\[\S+\] )?\((\S+)", done.stdout, re.MULTILINE)
