# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel keeps the burst of a queue as a time: what is read back is what was written. A redirection is never left without what it leads to."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import HostState, Link, Namespace, desired_state
from ansible_collections.mooring.cnm.plugins.module_utils.state.plan import plan
from ansible_collections.mooring.cnm.plugins.module_utils.state.queue import Redirect, burst_of, ticks_of
from ansible_collections.mooring.cnm.plugins.module_utils.state.words import in_words
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


def test_a_redirection_that_goes_does_so_while_its_link_has_its_name() -> None:
    room, parent = Namespace("web", tag="cnm:default::web:sandbox"), ("", "wire")
    back, front = (Link("web", f"eth{at}", "macvlan", tag=f"cnm:default:{name}:web:endpoint", parent=parent) for at, name in enumerate(("back", "front")))
    around = [Link("web", f"around{at}", "ifb", tag=f"cnm:default:{name}:web:around") for at, name in enumerate(("back", "front"))]
    redirects = [Redirect("web", f"eth{at}", f"around{at}") for at in (0, 1)]
    stands = desired_state([room, back, front, *around, *redirects])
    ops = plan(HostState(stands.objects, frozenset(stands.objects)), desired_state([room, replace(front, name="eth0")])).ops
    assert [in_words(op) for op in ops[:4]] == [
        "remove redirection to around1 on eth1 in web",
        "remove ifb around0 in web (back/web)",
        "remove ifb around1 in web (front/web)",
        "remove macvlan eth0 in web (back/web)",
    ]
    assert in_words(ops[4]) == "rename macvlan eth1 in web (front/web) to eth0"
