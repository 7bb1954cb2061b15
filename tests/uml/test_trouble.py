# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run for ipvlans, also on a VLAN that is made, that is killed, or that fails: the tests of the other drivers, on ways that need this kernel."""

from __future__ import annotations

import pytest
from ansible_collections.mooring.cnm.tests.kernel.ground import WIRE
from ansible_collections.mooring.cnm.tests.kernel.test_trouble_of_drivers import (
    Way,
    test_after_a_kill_the_next_run_converges,
    test_what_fails_is_rolled_back,
    tried,
)
from ansible_collections.mooring.cnm.tests.kernel.ways import WAYS_OF_IPVLAN

__all__ = ["test_after_a_kill_the_next_run_converges", "test_what_fails_is_rolled_back", "tried"]


@pytest.fixture(params=WAYS_OF_IPVLAN)
def way(request: pytest.FixtureRequest) -> Way:
    return Way(*WAYS_OF_IPVLAN[request.param], ground=WIRE, short=0, settings=False)
