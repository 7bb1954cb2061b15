# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which control group hierarchies a machine has."""

from __future__ import annotations

from ansible_collections.mooring.cnm.plugins.module_utils.lab.cgroups import Hierarchy, only_version_2, parse_hierarchies

HYBRID = """\
23 30 0:21 / /proc rw,relatime shared:5 - proc proc rw
31 23 0:28 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:10 - cgroup cgroup rw,cpu,cpuacct
34 31 0:31 / /sys/fs/cgroup/cpuset rw,nosuid master:1 shared:11 - cgroup cgroup rw,cpuset,clone_children
40 31 0:37 / /sys/fs/cgroup/systemd rw,nosuid - cgroup cgroup rw,xattr,release_agent=/lib/agent,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw,nsdelegate
"""
UNIFIED = "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"


def test_version_1_with_named_and_unified_hierarchies() -> None:
    assert parse_hierarchies(HYBRID) == (
        Hierarchy("/sys/fs/cgroup/cpu,cpuacct", "cgroup", "cpu,cpuacct"),
        Hierarchy("/sys/fs/cgroup/cpuset", "cgroup", "cpuset"),
        Hierarchy("/sys/fs/cgroup/systemd", "cgroup", "name=systemd"),
        Hierarchy("/sys/fs/cgroup/unified", "cgroup2"),
    )


def test_of_both_that_of_version_2_is_mounted_as_if_it_were_the_only_one() -> None:
    assert only_version_2(parse_hierarchies(HYBRID)) == parse_hierarchies(UNIFIED)


def test_version_2_alone() -> None:
    assert parse_hierarchies(UNIFIED) == (Hierarchy("/sys/fs/cgroup", "cgroup2"),)


def test_a_machine_without() -> None:
    assert parse_hierarchies("23 30 0:21 / /proc rw - proc proc rw\n") == ()
