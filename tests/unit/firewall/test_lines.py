# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps with jumps as lines of iptables-restore."""

from __future__ import annotations

from itertools import permutations

from ansible_collections.mooring.cnm.plugins.module_utils.firewall.lines import lines_of
from ansible_collections.mooring.cnm.plugins.module_utils.state.chain import Jump
from ansible_collections.mooring.cnm.plugins.module_utils.state.op import Op
from ansible_collections.mooring.cnm.plugins.module_utils.state.rule import Rule


def test_jumps_are_put_back_at_the_numbers_that_they_had() -> None:
    """Whatever the order of the steps: a number is right only when those before it are in."""
    jumps = [
        Op("create", after=Jump("ipv4", "filter", "FORWARD", target, (Rule(target),), position))
        for target, position in (("D", "first"), ("B", "3"), ("C", "10"), ("A", "last"))
    ]
    for order in permutations(jumps):
        assert [line for _table, line in lines_of(order)] == ["-I FORWARD -j D", "-I FORWARD 3 -j B", "-I FORWARD 10 -j C", "-A FORWARD -j A"]
