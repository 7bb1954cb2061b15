# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rates of endpoints in macvlan networks, in each mode, between sandboxes and with a neighbour on the wire."""

from __future__ import annotations

import pytest
from ansible_collections.mooring.cnm.tests.kernel.rates import EACH_WAY
from ansible_collections.mooring.cnm.tests.kernel.rates_on_wire import check_a_rate_is_kept, check_a_rate_leaves_no_trace, check_drift_of_a_rate_is_repaired


@pytest.mark.parametrize("way", EACH_WAY)
def test_a_rate_is_kept_in_its_direction_and_nowhere_else(host, way: str) -> None:
    check_a_rate_is_kept(host, "macvlan", way)


@pytest.mark.parametrize("mode", ["private", "vepa", "passthru"])
def test_a_rate_is_kept_in_every_mode(host, mode: str) -> None:
    check_a_rate_is_kept(host, "macvlan", "both", neighbours=("far",), mode=mode)


def test_drift_is_named_and_repaired(host) -> None:
    check_drift_of_a_rate_is_repaired(host, "macvlan")


def test_it_leaves_no_trace(host) -> None:
    check_a_rate_leaves_no_trace(host, "macvlan")
