# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From any declaration to any other, where ipvlan is among them, and parents that are made: VLANs and dummies. A pair takes seconds here, so they are few."""

from __future__ import annotations

from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration
from ansible_collections.mooring.cnm.tests.kernel.test_any_to_any import PAIRS, check_pair, pairs_of, wired

__all__ = ["wired"]


@pairs_of(("bridge", "ipvlan", "ipvlan", "overlay"), ("wire", "wire.40", "wire{}", None), PAIRS // 30)
def test_ipvlan_beside_other_drivers(wired, first: Declaration, second: Declaration) -> None:
    check_pair(wired, first, second)


@pairs_of(("macvlan", "ipvlan"), ("wire{}", "wire{}.40", None), PAIRS // 30)
def test_either_of_two_drivers_on_a_parent(wired, first: Declaration, second: Declaration) -> None:
    check_pair(wired, first, second)
