# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rates of endpoints in ipvlan networks, in each mode and flag, between sandboxes and with a neighbour on the wire."""

from __future__ import annotations

import pytest
from ansible_collections.mooring.cnm.tests.kernel.rates import EACH_WAY
from ansible_collections.mooring.cnm.tests.kernel.rates_on_wire import check_a_rate_is_kept, check_a_rate_leaves_no_trace, check_drift_of_a_rate_is_repaired


@pytest.mark.parametrize("mode", [None, "l3"], ids=["l2", "l3"])
@pytest.mark.parametrize("way", EACH_WAY)
def test_a_rate_is_kept_in_its_direction_and_nowhere_else(host, way: str, mode: str | None) -> None:
    check_a_rate_is_kept(host, "ipvlan", way, mode=mode)


def test_l3s_keeps_the_rate_of_what_comes_out(host) -> None:
    """What goes in is taken past the queues of the sandbox's link by the host's netfilter, so that its rate is refused."""
    check_a_rate_is_kept(host, "ipvlan", "egress", mode="l3s")


@pytest.mark.parametrize("flag", ["private", "vepa"])
def test_a_rate_is_kept_with_every_flag(host, flag: str) -> None:
    check_a_rate_is_kept(host, "ipvlan", "both", neighbours=("far",), flag=flag)


def test_drift_is_named_and_repaired(host) -> None:
    check_drift_of_a_rate_is_repaired(host, "ipvlan")


def test_it_leaves_no_trace(host) -> None:
    check_a_rate_leaves_no_trace(host, "ipvlan")
