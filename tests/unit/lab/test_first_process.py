# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which systemd a root has, and what that takes."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.lab.first_process import find_systemd, takes_cgroup_1


@pytest.mark.parametrize(
    ("library", "takes"),
    [
        ("lib/systemd/libsystemd-shared-247.so", True),
        ("usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-257.so", True),
        ("usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-258.so", False),
        ("usr/lib/systemd/libsystemd-shared-258.1-3.fc43.so", False),
        ("usr/lib/systemd/nothing.so", True),
    ],
)
def test_systemd_takes_control_groups_of_version_1_until_257(tmp_path: Path, library: str, takes: bool) -> None:
    (tmp_path / library).parent.mkdir(parents=True)
    (tmp_path / library).touch()
    assert takes_cgroup_1("systemd", str(tmp_path)) == takes
    assert takes_cgroup_1("reaper", str(tmp_path))


def test_systemd_is_where_debian_has_or_had_it(tmp_path: Path) -> None:
    assert find_systemd(str(tmp_path)) is None
    (tmp_path / "lib/systemd").mkdir(parents=True)
    (tmp_path / "lib/systemd/systemd").touch()
    assert find_systemd(str(tmp_path)) == "/lib/systemd/systemd"
