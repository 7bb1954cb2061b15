# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of the whole fleet: every host's declaration, checked and filled in, and the ledger that follows from it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from ..model.checks import check_declaration
from ..model.declaration import Declaration, IPNetwork
from ..model.host_checks import check_against_host
from ..model.merge import merge_variables, relocate
from ..model.names import read_name
from ..model.parse import parse_declaration
from ..model.problem import Problem
from ..model.report import Report, Unreadable
from ..model.reserved import Reserved, read_reserved
from .assign import Addresses, Assignment, assign
from .fleet_assign import assign_fleet, with_fleet
from .ledger import Grant, Ledger, place_of
from .missing import Missing
from .pools import Pool, Stock


def plan_fleet(hosts: Mapping[str, HostInput], ledger: Ledger, stock: Stock, fleet: str, allocate: bool) -> FleetPlan:
    """Plans all hosts of a fleet at once: first what they share, then what each has for itself.

    hosts: every host that declares something, also those that no work is done on. stock: what may be given. fleet: its name.
    allocate False: nothing new is given, and the ledger stays as it is; what it lacks is a problem.
    With any problem the plan must not be carried out, and its ledger is the old one.
    """
    parts = {host: read_part(host, hosts[host]) for host in sorted(hosts)}
    reports = {host: Report(host) for host in parts}
    unread = any(part.problems for part in parts.values())
    missing = {host: missing_on(part, allocate, unread) for host, part in parts.items()}
    seen = {host: part.reserved or ledger.seen.get(host, Reserved()) for host, part in parts.items()}
    silent = frozenset(host for host, part in parts.items() if part.reserved is None)
    shared = assign_fleet(reports, {host: part.readable for host, part in parts.items()}, ledger, seen, stock, fleet, missing, silent)
    problems = check_fleet(fleet)
    declarations = {}
    new = Ledger(dict(shared.networks), dict(shared.endpoints), dict(shared.ranges))
    old = split_by_host(ledger)
    for host, part in parts.items():
        assignment = plan_host(reports[host], part, with_fleet(part.declaration, shared, host), ledger, stock.pools, fleet, allocate)
        problems += [relocate_both(one, part) for one in reports[host].problems] + list(part.problems)
        declarations[host] = assignment.declaration
        # A host that did not report still has all that it was given, declared or not.
        kept = old.get(host, LedgerPart()) if host in silent else assignment
        new.networks.update(kept.networks)
        new.endpoints.update(kept.endpoints)
        new.ports.update(kept.ports)
        new.ranges.update(kept.ranges)
        if part.reserved is not None:
            new.seen[host] = part.reserved.lasting()
        elif host in ledger.seen:
            new.seen[host] = ledger.seen[host]
    return FleetPlan(tuple(sorted(set(problems))), declarations, new if allocate and not problems else ledger)


def read_part(host: str, given: HostInput) -> Part:
    """What one host declares, and all that cannot be read of it."""
    networks, network_problems = merge_variables(given.networks, host)
    sandboxes, sandbox_problems = merge_variables(given.sandboxes, host)
    declaration, problems = parse_declaration(networks.values, sandboxes.values, host)
    # A network that could not be read must not be compared with the same one on other hosts: what it lacks would be called a difference.
    places = [f"{one.path}." for one in problems]
    unread = [name for name in declaration.networks if any(place.startswith(f"cnm_networks.{name}.") for place in places)]
    readable = replace(declaration, networks={name: one for name, one in declaration.networks.items() if name not in unread})
    part = Part(declaration, readable, networks.sources, sandboxes.sources, None if given.reserved is None else read_reserved(given.reserved))
    return replace(part, problems=(*network_problems, *sandbox_problems, *(relocate_both(one, part) for one in problems)))


def missing_on(part: Part, allocate: bool, unread: bool) -> Missing:
    """What is done about what a host lacks in the networks of the fleet.

    unread: something cannot be read on some host. It may have been a subnet or an address: to give others in their place would only lead to
    wrong complaints. A host that did not report gets its addresses too, since the others must know them.
    """
    if unread:
        return Missing.LEFT
    if allocate:
        return Missing.GIVEN
    return Missing.LEFT if part.reserved is None else Missing.REFUSED


def plan_host(report: Report, part: Part, declaration: Declaration, ledger: Ledger, pools: tuple[Pool, ...], fleet: str, allocate: bool) -> Assignment:
    """One host's part of the plan; every problem of that host is added to its report. declaration: with what the fleet shares."""
    assignment = Assignment(declaration)
    if not part.problems:
        missing = Missing.LEFT if part.reserved is None else Missing.GIVEN if allocate else Missing.REFUSED
        assignment = assign(report, declaration, ledger, part.reserved or Reserved(), pools, fleet, missing)
    report.problems += check_declaration(assignment.declaration, report.host)
    if part.reserved is not None:
        report.problems += check_against_host(assignment.declaration, part.reserved, report.host)
    return assignment


def relocate_both(problem: Problem, part: Part) -> Problem:
    """The problem at the variables where its value stands."""
    return relocate(relocate(problem, "cnm_networks", part.network_sources), "cnm_sandboxes", part.sandbox_sources)


def check_fleet(fleet: str) -> list[Problem]:
    """Whether the fleet's name, which is part of the tag of every object, is a name."""
    report = Report()
    try:
        read_name(fleet)
    except Unreadable as error:
        report.add("cnm_fleet", fleet, str(error))
    return report.problems


def forgotten(ledger: Ledger, hosts: Collection[str]) -> list[str]:
    """The hosts that the ledger knows and that declare nothing any more: what they had is freed. hosts: all that declare something."""
    known = {*ledger.seen, *(place_of(key)[0] for given in ledger.endpoints.values() for key in given)}
    return sorted(known.difference(hosts))


def split_by_host(ledger: Ledger) -> dict[str, LedgerPart]:
    """The entries of the networks that each host has for itself, by host."""
    parts: dict[str, LedgerPart] = {}
    for key, grant in ledger.networks.items():
        parts.setdefault(place_of(key)[0], LedgerPart()).networks[key] = grant
    for key, addresses in ledger.endpoints.items():
        parts.setdefault(place_of(key)[0], LedgerPart()).endpoints[key] = addresses
    for key, ports in ledger.ports.items():
        parts.setdefault(place_of(key)[0], LedgerPart()).ports[key] = ports
    for key, ranges in ledger.ranges.items():
        parts.setdefault(place_of(key)[0], LedgerPart()).ranges[key] = ranges
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
class Part:
    """What was read of one host's input. readable: without the networks of which something could not be read. sources: which variable each key came
    from. problems: what could not be read.
    """

    declaration: Declaration
    readable: Declaration
    network_sources: Mapping[str, str]
    sandbox_sources: Mapping[str, str]
    reserved: Reserved | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class LedgerPart:
    """The ledger's entries for one host."""

    networks: dict[str, Grant] = field(default_factory=dict)
    endpoints: Addresses = field(default_factory=dict)
    ports: dict[str, dict[str, int]] = field(default_factory=dict)
    ranges: dict[str, dict[str, IPNetwork]] = field(default_factory=dict)


@dataclass(frozen=True)
class FleetPlan:
    """problems: of all hosts, sorted. declarations: by host, with subnets, gateways and addresses. ledger: as it is to be written."""

    problems: tuple[Problem, ...]
    declarations: dict[str, Declaration]
    ledger: Ledger
