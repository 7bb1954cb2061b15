# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From any declaration to any other, on a real kernel: the host ends where going there from nothing ends.

CNM_PAIRS is how many random pairs are tried, 200 where it is not set (`make pairs` tries 2,000).
"""

from __future__ import annotations

import os
from dataclasses import fields, replace

from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.observe import observe
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import HostState, Key, Object
from ansible_collections.mooring.cnm.tests.kernel.topologies import clear, run
from ansible_collections.mooring.cnm.tests.unit.drivers.declarations import declarations
from hypothesis import HealthCheck, Phase, given, settings

PAIRS = int(os.environ.get("CNM_PAIRS", "200"))


def stands(declaration: Declaration) -> dict[Key, Object]:
    """All that the fleet has on the host, but for attributes that the declaration leaves alone (the random MAC of a veth's host end)."""
    wanted = host_state(declaration, "default")
    seen = observe(wanted, "default")
    return {key: _declared(seen.objects[key], wanted.objects.get(key)) for key in seen.owned}


def _declared(one: Object, wanted: Object | None) -> Object:
    left_alone = [field.name for field in fields(one) if wanted is not None and getattr(wanted, field.name) is None]
    return replace(one, **dict.fromkeys(left_alone))


@settings(max_examples=PAIRS, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), derandomize=True, database=None)
@given(first=declarations(), second=declarations())
def test_the_way_does_not_matter(host, first: Declaration, second: Declaration) -> None:
    run(first)
    predicted = run(second, check=True).ops
    assert run(second).ops == predicted
    by_way_of_first = stands(second)
    assert run(second).ops == ()
    clear()
    assert observe(HostState(), "default").owned == frozenset()
    run(second)
    assert stands(second) == by_way_of_first
    clear()
