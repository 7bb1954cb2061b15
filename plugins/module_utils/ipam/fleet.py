# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of the whole fleet: every host's declaration, checked and filled in, and the ledger that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..model.checks import check_declaration
from ..model.declaration import Declaration
from ..model.host_checks import check_against_host
from ..model.merge import merge_variables, relocate
from ..model.names import read_name
from ..model.parse import parse_declaration
from ..model.problem import Problem
from ..model.report import Report, Unreadable
from ..model.reserved import Reserved, read_reserved
from .assign import Addresses, Assignment, assign
from .ledger import Grant, Ledger
from .missing import Missing
from .pools import Pool


def plan_fleet(hosts: Mapping[str, HostInput], ledger: Ledger, pools: tuple[Pool, ...], fleet: str, allocate: bool) -> FleetPlan:
    """Plans all hosts of a fleet at once; each host's part depends on its own input and the ledger alone.

    hosts: every host that declares something, also those that no work is done on. pools: of ``cnm_address_pools``. fleet: its name.
    allocate False: nothing new is given, and the ledger stays as it is; what it lacks is a problem.
    With any problem the plan must not be carried out, and its ledger is the old one.
    """
    problems = check_fleet(fleet)
    declarations = {}
    new = Ledger()
    old = split_by_host(ledger)
    for host in sorted(hosts):
        given = hosts[host]
        reserved = None if given.reserved is None else read_reserved(given.reserved)
        assignment, found = plan_host(host, given, reserved, ledger, pools, allocate)
        problems += found
        declarations[host] = assignment.declaration
        # A host that did not report still has all that it was given, declared or not.
        kept = assignment if reserved is not None else old.get(host, LedgerPart())
        new.networks.update(kept.networks)
        new.endpoints.update(kept.endpoints)
        if reserved is not None:
            new.seen[host] = replace(reserved, ports=())
        elif host in ledger.seen:
            new.seen[host] = ledger.seen[host]
    return FleetPlan(tuple(sorted(set(problems))), declarations, new if allocate and not problems else ledger)


def plan_host(
    host: str, given: HostInput, reserved: Reserved | None, ledger: Ledger, pools: tuple[Pool, ...], allocate: bool
) -> tuple[Assignment, list[Problem]]:
    """One host's part of the plan, and every problem of that host."""
    networks, network_problems = merge_variables(given.networks, host)
    sandboxes, sandbox_problems = merge_variables(given.sandboxes, host)
    declaration, problems = parse_declaration(networks.values, sandboxes.values, host)
    unread = network_problems + sandbox_problems
    if problems or unread:
        # What could not be read may have been a subnet or an address: to give others in their place would only lead to wrong complaints.
        assignment = Assignment(declaration)
    else:
        report = Report(host)
        missing = Missing.LEFT if reserved is None else Missing.GIVEN if allocate else Missing.REFUSED
        assignment = assign(report, declaration, ledger, reserved or Reserved(), pools, missing)
        problems = report.problems
    problems += check_declaration(assignment.declaration, host)
    if reserved is not None:
        problems += check_against_host(assignment.declaration, reserved, host)
    problems = [relocate(one, "cnm_networks", networks.sources) for one in problems]
    return assignment, unread + [relocate(one, "cnm_sandboxes", sandboxes.sources) for one in problems]


def check_fleet(fleet: str) -> list[Problem]:
    """Whether the fleet's name, which is part of the tag of every object, is a name."""
    report = Report()
    try:
        read_name(fleet)
    except Unreadable as error:
        report.add("cnm_fleet", fleet, str(error))
    return report.problems


def split_by_host(ledger: Ledger) -> dict[str, LedgerPart]:
    """The entries of the networks that each host has for itself, by host."""
    parts: dict[str, LedgerPart] = {}
    for key, grant in ledger.networks.items():
        parts.setdefault(key.rpartition("/")[0], LedgerPart()).networks[key] = grant
    for key, addresses in ledger.endpoints.items():
        parts.setdefault(key.rpartition("/")[0], LedgerPart()).endpoints[key] = addresses
    return parts


@dataclass(frozen=True)
class HostInput:
    """What the inventory says for one host, and what the host says about itself.

    networks, sandboxes: the variables as they are, by name (``cnm_networks``, ``cnm_networks__ANYTHING``, …).
    reserved: the dictionary of ``topology_info``, without what this fleet put there; None if the host did not report in this run.
    """

    networks: Mapping[str, object] = field(default_factory=dict)
    sandboxes: Mapping[str, object] = field(default_factory=dict)
    reserved: object = None


@dataclass(frozen=True)
class LedgerPart:
    """The ledger's entries for one host."""

    networks: dict[str, Grant] = field(default_factory=dict)
    endpoints: Addresses = field(default_factory=dict)


@dataclass(frozen=True)
class FleetPlan:
    """problems: of all hosts, sorted. declarations: by host, with subnets, gateways and addresses. ledger: as it is to be written."""

    problems: tuple[Problem, ...]
    declarations: dict[str, Declaration]
    ledger: Ledger
