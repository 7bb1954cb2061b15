# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel keeps the burst of a queue as a time: what is read back is what was written."""

from __future__ import annotations

from ansible_collections.mooring.cnm.plugins.module_utils.state.queue import burst_of, ticks_of
from hypothesis import given
from hypothesis import strategies as st

RATES, BURSTS = st.integers(1000, 125_000_000_000), st.integers(1, 1 << 30)


@given(RATES, BURSTS)
def test_what_the_kernel_tells_is_kept_again_as_the_same(rate: int, burst: int) -> None:
    ticks = ticks_of(burst, rate)
    assert ticks_of(burst_of(ticks, rate), rate) == ticks
    assert burst_of(ticks_of(burst_of(ticks, rate), rate), rate) == burst_of(ticks, rate)


@given(st.integers(1000, 15_000_000), BURSTS)
def test_up_to_120_mbit_a_burst_is_kept_to_the_byte(rate: int, burst: int) -> None:
    assert burst_of(ticks_of(burst, rate), rate) == burst
