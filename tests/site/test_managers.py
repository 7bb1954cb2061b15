# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose systemd-networkd takes up every link: it leaves ours alone, from the first run on. The tests build on each other, in their order."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .conftest import Fleet

ITS_ADDRESS = "10.99.0.1/24"
GREEDY = f"[Match]\\nName=*\\n[Network]\\nLinkLocalAddressing=no\\nIPv6AcceptRA=no\\nAddress={ITS_ADDRESS}\\n"
SETTLED = "timeout 10 sh -c 'while networkctl --no-legend --no-pager list | grep -qE \"configuring|pending|initialized\"; do sleep 0.1; done'"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    one = Fleet(tmp_path_factory.mktemp("inventory"), f"site-{os.getpid()}-managers", 1)
    try:
        one.power("present", "node1", init="systemd")
        host = one.host("node1")
        host.check_output(f"printf '{GREEDY}' > /etc/systemd/network/50-all.network; systemctl start systemd-networkd")
        yield one
    finally:
        one.power("absent")


def taken(fleet: Fleet) -> set[str]:
    """The links of ours that it manages, or has given its address."""
    managed = fleet.host("node1").check_output("networkctl --no-legend --no-pager list").splitlines()
    addressed = fleet.host("node1").check_output(f"ip -oneline -4 address | grep {ITS_ADDRESS}").splitlines()
    names = [line.split()[1] for line in managed if not line.endswith("unmanaged")] + [line.split()[1] for line in addressed]
    return {name for name in names if name.startswith("cnm")}


def test_it_takes_up_what_others_make(fleet: Fleet) -> None:
    """Without that, what follows would show nothing."""
    host = fleet.host("node1")
    host.check_output("ip link add br-theirs type bridge; ip link set br-theirs up")
    host.check_output(f"timeout 10 sh -c 'until ip address show br-theirs | grep -q {ITS_ADDRESS}; do sleep 0.1; done'")


def test_it_leaves_ours_alone_from_the_first_run_on(fleet: Fleet) -> None:
    run = fleet.play("mooring.cnm.site")
    assert run.status == 0, run.text
    fleet.host("node1").check_output(SETTLED)
    assert taken(fleet) == set()
    again = fleet.play("mooring.cnm.site")
    assert (again.status, again.changed) == (0, {"node1": 0}), again.text


def test_nor_does_it_take_them_when_it_starts_anew(fleet: Fleet) -> None:
    fleet.host("node1").check_output("systemctl restart systemd-networkd; networkctl reload")
    fleet.host("node1").check_output(SETTLED)
    assert taken(fleet) == set()
    assert fleet.play("mooring.cnm.drift").status == 0
