# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds on this host the links of Docker's networks that a declaration lets in (``reachable_from``)."""

from __future__ import annotations

from dataclasses import replace

from .model.declaration import Declaration, Network
from .model.problem import Problem
from .model.report import Report

_DOCKER = "docker:"


def find_ways(declaration: Declaration, missing: str = "fail") -> tuple[Declaration, list[Problem]]:
    """``declaration`` with links in the place of Docker's networks, and what is wrong with these. missing: ``ignore`` leaves out those that are not there."""
    report = Report()
    networks = {name: _found(report, network, missing) for name, network in declaration.networks.items()}
    return replace(declaration, networks=networks), report.problems


def _found(report: Report, network: Network, missing: str) -> Network:
    if not any(one.startswith(_DOCKER) for one in network.reachable_from):
        return network
    # Few hosts have such a network, and a host compiles what a task imports anew.
    from .kernel.others import Absent, find_bridge

    ways = []
    for one in network.reachable_from:
        if not one.startswith(_DOCKER):
            ways.append(one)
            continue
        try:
            ways.append(f"link:{find_bridge(one[len(_DOCKER) :])}")
        except Absent as absent:
            if missing != "ignore":
                report.add(f"cnm_networks.{network.name}.reachable_from", one, str(absent))
    return replace(network, reachable_from=tuple(ways))
