# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which limits of the kernel are raised for whom, and that none is ever lowered."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.host_limits import host_limits
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Network
from ansible_collections.mooring.cnm.plugins.module_utils.state.at_least import BACKLOG, at_least
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import HostState, Sysctl, desired_state

IPV4 = {f"net/ipv4/neigh/default/gc_thresh{number}": value for number, value in ((1, "8192"), (2, "49152"), (3, "65536"))}
IPV6 = {name.replace("ipv4", "ipv6"): value for name, value in IPV4.items()}
FORWARD = Sysctl("", "net/ipv4/ip_forward", "1")


def network(driver: str = "bridge", **options: Any) -> Network:
    return Network("n", driver, **options)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([], {}),
        ([(network(), 128)], {}),
        ([(network(), 129)], IPV4),
        ([(network(), 100), (network("macvlan"), 100)], IPV4),
        ([(network("overlay"), 0)], {}),
        ([(network("overlay"), 1)], IPV4),
        ([(network("overlay", enable_ipv6=True), 1)], {**IPV4, **IPV6}),
        ([(network("overlay", enable_ipv4=False, enable_ipv6=True), 1)], IPV6),
        ([(network(enable_ipv6=True), 1), (network("overlay"), 1)], IPV4),
        ([(network(), 250)], IPV4),
        ([(network(), 1000)], {**IPV4, BACKLOG: "4000"}),
        # What is on a wire has no port of a bridge.
        ([(network("macvlan"), 1000)], IPV4),
    ],
)
def test_who_needs_more_than_a_host_alone(members: list[tuple[Network, int]], expected: dict[str, str]) -> None:
    assert {one.name: one.value for one in host_limits(members)} == expected


def state(**values: str) -> HostState:
    return desired_state([FORWARD, *(Sysctl("", name, value) for name, value in values.items())])


@pytest.mark.parametrize(("stands", "becomes"), [("1000", "4000"), ("4000", "4000"), ("30000", "30000")])
def test_a_limit_is_raised_and_never_lowered(stands: str, becomes: str) -> None:
    assert at_least(state(**{BACKLOG: "4000"}), state(**{BACKLOG: stands})) == state(**{BACKLOG: becomes})


def test_a_host_that_has_no_such_setting_keeps_what_it_has() -> None:
    assert at_least(state(**{BACKLOG: "4000"}), state()) == state()


def test_in_a_sandbox_a_setting_is_what_is_declared() -> None:
    wanted = desired_state([Sysctl("web", BACKLOG, "5")])
    assert at_least(wanted, desired_state([Sysctl("web", BACKLOG, "7")])) == wanted
