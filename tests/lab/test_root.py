# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts on another root file system than the machine's. Here a tiny one; those of Debian's releases are tried in tests/releases."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.lab.converge import LabRefused

from .conftest import RealLab


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A root with four programs, and the libraries that these need."""
    root = tmp_path / "tiny"
    for program in map(shutil.which, ("sh", "sleep", "cat", "ls")):
        needed = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=True).stdout
        for path in (str(program), *re.findall(r"(/\S+) \(", needed)):
            (root / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, root / path.lstrip("/"))
    (root / "bin").symlink_to("usr/bin")
    (root / "etc").mkdir()
    (root / "etc/release").write_text("tiny\n")
    return root


def test_a_host_sees_its_root_and_leaves_it_as_it_is(new_lab: Callable[..., RealLab], tiny: Path) -> None:
    lab, before = new_lab(root=str(tiny)), sorted(tiny.rglob("*"))
    assert lab.bring("present", 1)["ops"][1] == f"start host node1 at 198.18.0.1 and fd00:198:18::1 on {tiny}"
    host = lab.host(1)
    assert host.check_output("cat /etc/release /etc/hostname") == "tiny\nnode1"
    assert host.check_output("ls /usr/bin").split() == ["cat", "ls", "sh", "sleep"]
    host.check_output("echo changed > /etc/release")
    assert sorted(tiny.rglob("*")) == before and (tiny / "etc/release").read_text() == "tiny\n"
    # a host keeps its root, and what it changed there
    lab.root = None
    assert lab.bring("rebooted", 1)["after"]["hosts"][0]["root"] == str(tiny)
    assert lab.host(1).check_output("cat /etc/release") == "changed"


def test_a_disk_is_not_laid_over_another_root(new_lab: Callable[..., RealLab], tiny: Path) -> None:
    lab = new_lab(root=str(tiny))
    lab.bring("present", 1)
    lab.root = "/"
    with pytest.raises(LabRefused, match=f"the disk of node1 lies over {tiny} and not /: remove the host to change that"):
        lab.bring("rebooted", 1)


def test_what_is_missing_is_told(new_lab: Callable[..., RealLab], tiny: Path) -> None:
    with pytest.raises(LabRefused, match=f"there is none in {tiny}: install the package systemd into {tiny}, or set cnm_lab_init to reaper"):
        new_lab("systemd", str(tiny)).bring("present", 1)
