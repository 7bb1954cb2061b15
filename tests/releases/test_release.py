# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole road on hosts of another release: its Python, iproute2, iptables, systemd and pyroute2."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..persist.conftest import Fleet, difference, dump

# Those of Debian that are tried; more of them by CNM_RELEASES="trixie forky".
RELEASES = os.environ.get("CNM_RELEASES", "trixie").split()
PACKAGES = "python3 python3-pyroute2 iproute2 iptables nftables conntrack iputils-ping procps systemd-sysv dbus"
ROOTS = Path("/var/cache/cnm-lab")


@pytest.fixture(scope="module", params=RELEASES)
def fleet(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Two hosts with systemd on the root file system of a release, which is made once and kept."""
    root = ROOTS / request.param
    if not root.exists():
        ROOTS.mkdir(parents=True, exist_ok=True)
        making = root.with_suffix(".new")
        subprocess.run(["rm", "-rf", making], check=True)
        subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES.replace(' ', ',')}", request.param, making], check=True)
        making.rename(root)
    fleet = Fleet(tmp_path_factory.mktemp("fleet"), f"{request.param}-{os.getpid()}", str(root))
    try:
        assert fleet.power("present", "node1", "node2")["warnings"] == []
        yield fleet
    finally:
        fleet.power("absent")


def test_site_converges_proves_and_has_nothing_more_to_do(fleet: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    versions = "cat /etc/debian_version; python3 --version; ip -V; iptables --version; systemctl --version | head -n 1; dpkg-query -W python3-pyroute2"
    with capsys.disabled():
        print("\n" + ", ".join(" ".join(line.split()) for line in fleet.host("node1").check_output(versions).splitlines()))
    predicted, first, second = (fleet.play(*words, playbook="mooring.cnm.site") for words in (["--check"], [], []))
    assert predicted.status == 0, predicted.text
    assert first.status == 0 and 0 not in first.changed, first.text
    assert second.status == 0 and second.changed == {0}, second.text


def test_a_host_comes_back_after_a_power_cut(fleet: Fleet) -> None:
    done = fleet.play()
    assert done.status == 0, done.text
    before = dump(fleet.host("node1"))
    assert fleet.power("rebooted", "node1")["warnings"] == []
    assert not difference(before, dump(fleet.host("node1")))
    assert fleet.play().changed == {0}
