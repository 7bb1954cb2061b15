# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages of the machine's own suite, unpacked beside the machine: nothing is installed on it, and no daemon of it is enabled or replaced."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Suite:
    """A suite of a distribution. keys: the suite that has its keyring as a package (``ubuntu-keyring``), where the machine has not."""

    name: str
    distribution: str
    keyring: str
    keys: Suite | None = None
    components: str = "main"


CACHE = Path(__file__).resolve().parents[2] / ".cache/packages"


def unpacked(*names: str) -> Path:
    """A folder with what the packages and all that they need and the machine lacks would put below /. It is made once for each set of versions."""
    wanted = _missing(names)
    folder = CACHE / "+".join((*names, *sorted(version for _name, version in wanted)))[:200]
    with _alone():
        if not folder.exists():
            new = folder.with_name(f"{folder.name}.new")
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir(parents=True)
            for deb in _fetch(names):
                subprocess.run(["dpkg", "-x", deb, new], check=True)
            new.rename(folder)
    return folder


def unpacked_over(base: Path, suite: Suite, *names: str) -> Path:
    """``base`` with the packages of another suite over it. What they need else must be there already."""
    with _alone():
        return _put_over(base, suite, names)


def _put_over(base: Path, suite: Suite, names: tuple[str, ...]) -> Path:
    folder = CACHE / f"{suite.name}+{'+'.join(names)}"
    if not folder.exists():
        new = folder.with_name(f"{folder.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        shutil.copytree(base, new, symlinks=True)
        for deb in _download(suite, names):
            subprocess.run(["dpkg", "-x", deb, new], check=True)
        new.rename(folder)
    return folder


def _download(suite: Suite, names: tuple[str, ...]) -> list[Path]:
    """The files of packages of a suite that the machine's apt does not know: with lists and a cache of their own."""
    place = CACHE / "suites" / suite.name
    for part in ("lists/partial", "archives/partial", "debs"):
        (place / part).mkdir(parents=True, exist_ok=True)
    keys = Path("/usr/share/keyrings") / suite.keyring
    if suite.keys is not None:
        empty = CACHE / "empty"
        empty.mkdir(parents=True, exist_ok=True)
        keys = _put_over(empty, suite.keys, (f"{suite.distribution.lower()}-keyring",)) / keys.relative_to("/")
    text = f"Types: deb\nURIs: {_mirror(suite.distribution)}\nSuites: {suite.name}\nComponents: {suite.components}\nSigned-By: {keys}\n"
    (place / "only.sources").write_text(text)
    options = {"Dir::Etc::sourcelist": place / "only.sources", "Dir::Etc::sourceparts": "/nonexistent", "Dir::State::lists": place / "lists"}
    options |= {"Dir::Cache": place, "APT::Sandbox::User": "root"}
    apt = ["apt-get", "-qq", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]
    subprocess.run([*apt, "update"], check=True)
    for old in (place / "debs").glob("*.deb"):
        old.unlink()
    subprocess.run([*apt, "download", *names], cwd=place / "debs", check=True)
    return sorted((place / "debs").glob("*.deb"))


def _mirror(distribution: str) -> str:
    """Where a distribution's packages come from: CNM_DEBIAN_MIRROR or CNM_UBUNTU_MIRROR, else where the machine has its own from."""
    variable = f"CNM_{distribution.upper()}_MIRROR"
    words = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN)", "Identifier: Packages"]
    known = [line.split() for line in subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()]
    found = os.environ.get(variable) or next((uri for uri, *origin in known if origin == [distribution] and "security" not in uri), "")
    if not found:
        raise RuntimeError(f"This machine has no packages of {distribution}: set {variable} to the address of a mirror of it.")
    return found


def fetched(*names: str) -> list[Path]:
    """The files of the packages and of all that they need and the machine lacks."""
    with _alone():
        return _fetch(names)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Tests run side by side, and share what is fetched."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(names: tuple[str, ...]) -> list[Path]:
    debs = CACHE / "debs"
    debs.mkdir(parents=True, exist_ok=True)
    found = []
    for name, version in _missing(names):
        pattern = f"{name}_{version.replace(':', '%3a')}_*.deb"
        if not list(debs.glob(pattern)):
            subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", f"{name}={version}"], cwd=debs, check=True)
        found.append(next(debs.glob(pattern)))
    return found


@functools.cache  # apt takes a second
def _missing(names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Name and version of what apt would install for ``names``, and of ``names`` that the machine has already."""
    words = ["apt-get", "install", "--simulate", "--reinstall", "--no-install-recommends", *names]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"apt does not find {', '.join(names)}: {done.stderr.strip()}")
    return re.findall(r"^Inst (\S+) (?:\[\S+\] )?\((\S+)", done.stdout, re.MULTILINE)
