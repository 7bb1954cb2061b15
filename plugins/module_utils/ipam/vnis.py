# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which VNI each overlay has: the declared ones, those of the ledger, or the lowest free ones."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

from ..model.report import Report
from .fleet_networks import FleetNetwork
from .ledger import Grant
from .missing import NOT_IN_LEDGER, Missing

LAST = 2**24 - 1


def assign_vnis(
    reports: Mapping[str, Report],
    networks: Mapping[str, FleetNetwork],
    wanted: Mapping[str, int],
    grants: Mapping[str, Grant],
    base: int,
    missing: Mapping[str, Missing],
) -> dict[str, tuple[int, ...]]:
    """The VNIs that each overlay gets beside those that it declares. What cannot be told is left out, and why is reported.

    wanted: how many VNIs each needs in all. grants: what the ledger gave. base: the lowest number that may be given.
    """
    holders: dict[int, str] = {}
    for name, one in sorted(networks.items()):
        for vni in one.network.vnis:
            holder = holders.setdefault(vni, name)
            if holder != name:
                _report(reports, one, vni, f"network {holder} has this VNI: choose another one")
    found: dict[str, tuple[int, ...]] = {}
    for name, number in sorted(wanted.items()):
        given = grants.get(name, Grant()).vnis[: max(0, number - len(networks[name].network.vnis))]
        for vni in given:
            if holders.setdefault(vni, name) != name:
                message = f"the ledger gave this VNI to network {name}: choose another one, or declare a vni for {name}"
                _report(reports, networks[holders[vni]], vni, message)
        found[name] = given
    # What left the declaration may still stand on a host that is not reached, as its subnet may.
    left = {vni for name, grant in grants.items() if name not in wanted for vni in grant.vnis}
    free = (vni for vni in count(base) if vni not in holders and vni not in left)
    for name, number in sorted(wanted.items()):
        lacking = number - len(networks[name].network.vnis) - len(found[name])
        if lacking > 0 and missing[name] is Missing.REFUSED:
            _report(reports, networks[name], "", NOT_IN_LEDGER.format(what="a VNI"))
        elif lacking > 0 and missing[name] is Missing.GIVEN:
            taken = tuple(next(free) for _one in range(lacking))
            if taken[-1] > LAST:
                _report(reports, networks[name], "", f"no VNI is left from {base} to {LAST}: choose a lower cnm_vni_base")
            found[name] += taken
    return found


def _report(reports: Mapping[str, Report], network: FleetNetwork, value: object, message: str) -> None:
    reports[network.hosts[0]].add(f"cnm_networks.{network.network.name}.vni", value, message)
