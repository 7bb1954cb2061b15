# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which backend and which form of iptables a host uses, and which chains of others would drop what ours let pass."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..model.problem import Problem
from ..state.chain import Chain, Table
from ..state.ground import Blocker, Ground
from ..state.objects import HostState, Link
from ..state.rule import Rule
from ..state.tag import is_chain_of
from .closed import DOCKER_TABLES, INPUT, closed_tables, drops_input
from .docker import ISOLATION
from .text import parse_save
from .verdict import end_of, names_in, nft_end_of, policies

FAMILIES = ("ipv4", "ipv6")
DOCKER_CHAIN, FORWARD = "DOCKER-USER", "FORWARD"

_FEW = 4  # places are named in a sentence
_BY_FIREWALLD = ", for example by: firewall-cmd --permanent --zone=trusted --add-interface=BRIDGE"


@dataclass(frozen=True)
class Sight:
    """What was seen of a host's firewall, all of it without changing anything.

    saved: what iptables-save printed, by family and form, of the forms that hold tables. installed: the form of the plain ``iptables`` of a
    family; not there where it is not installed. nft: whether nft is installed. tables: those of nftables, by family and name. forward, input:
    base chains of others at these hooks, as (family, table, chain), each with whether its policy is drop. listed: JSON of their tables.
    """

    saved: Mapping[tuple[str, str], str] = field(default_factory=dict)
    installed: Mapping[str, str] = field(default_factory=dict)
    nft: bool = False
    tables: frozenset[tuple[str, str]] = frozenset()
    forward: Mapping[tuple[str, str, str], bool] = field(default_factory=dict)
    input: Mapping[tuple[str, str, str], bool] = field(default_factory=dict)
    listed: Mapping[tuple[str, str], str] = field(default_factory=dict)


def judge(sight: Sight, wanted: str, fleet: str) -> Ground:
    """Where rules of ours should stand. wanted: ``auto``, ``iptables`` or ``nftables``."""
    chains = {where: parse_save(text) for where, text in sight.saved.items()}
    foreign = {where: found for where, tables in chains.items() if (found := _used_places(tables, policies(sight.saved[where]), fleet))}
    legacy = frozenset(family for family in FAMILIES if _form(sight, foreign, family) == "legacy")
    backend = wanted if wanted != "auto" else backend_in_use(sight)
    first, dropping, closed, isolating = set(), [], [], []
    for (family, form), tables in sorted(chains.items()):
        filters = {name: [rule for rule in rules if not _is_ours(rule, fleet)] for name, rules in tables.get("filter", {}).items()}
        given = policies(sight.saved[(family, form)])
        if drops_input(filters, given.get(("filter", INPUT), "")):
            closed.append((family, form, "filter", INPUT))
        end = end_of(filters, FORWARD)
        is_home = backend == "iptables" and form == ("legacy" if family in legacy else "nft")
        if is_home and ISOLATION in filters:
            isolating.append((family, ISOLATION))
        if is_home and end in ("DROP", "REJECT"):
            first.add(family)
        elif not is_home and (end or given.get(("filter", FORWARD))) in ("DROP", "REJECT"):
            dropping.append((family, form, DOCKER_CHAIN if DOCKER_CHAIN in filters else FORWARD))
    # What is only to be accepted by nft can only be so where nft is.
    closed += closed_tables(sight.input, {where: _listed(sight, where) for where in sight.listed}) if sight.nft else ()
    return Ground(backend, legacy, frozenset(first), tuple(dropping), tuple(_blockers(sight)), _both(foreign), tuple(closed), tuple(isolating))


def missing_package(sight: Sight, wanted: str) -> str:
    """The package that rules need and that is not there, or nothing. wanted: as for ``judge``."""
    backend = wanted if wanted != "auto" else backend_in_use(sight)
    has_it = sight.nft if backend == "nftables" else "ipv4" in sight.installed
    return "" if has_it else backend


def firewall_problems(sight: Sight, ground: Ground, state: HostState) -> list[Problem]:
    """Why the rules of ``state`` cannot be carried out, or would come to nothing."""
    if not any(isinstance(one, (Chain, Table)) for one in state.objects.values()):
        return []
    problems = []
    missing = missing_package(sight, ground.backend)
    if missing:
        tool = "nft" if missing == "nftables" else missing
        problems.append(Problem("", "cnm_firewall", ground.backend, f"{tool} is not installed on this host: install the package {missing}"))
    bridges = sorted(one.name for one in state.objects.values() if isinstance(one, Link) and one.kind == "bridge" and not one.netns)
    for blocker in ground.blockers:
        unknown = [name for name in bridges if not blocker.knows(name)]
        if unknown:
            what = f"the chain {blocker.chain} of table {blocker.table} drops what is forwarded, and no rule elsewhere can let it pass"
            remedy = f"let that table accept what comes from and goes to our bridges ({', '.join(unknown[:3])}{', …' if len(unknown) > 3 else ''})"
            problems.append(Problem("", "cnm_firewall", ground.backend, f"{what}: {remedy}{_BY_FIREWALLD if blocker.table == 'inet firewalld' else ''}"))
    return problems


def remarks(ground: Ground) -> list[str]:
    """What an administrator should know, though it prevents nothing."""
    return [
        f"Both forms of iptables hold rules of others ({family}): nft in {nft}; legacy in {legacy}. "
        "What one drops the other cannot let pass. Keep to one of them."
        for family, nft, legacy in ground.both
    ]


def backend_in_use(sight: Sight) -> str:
    """That of Docker, where it has shown which it uses; else iptables, where the host has it."""
    if sight.nft and any(table in sight.tables for table in DOCKER_TABLES):
        return "nftables"
    return "nftables" if sight.nft and "ipv4" not in sight.installed else "iptables"


def _form(sight: Sight, foreign: Container[tuple[str, str]], family: str) -> str:
    """The form that others use; where both or none do, that of the plain ``iptables``."""
    used = [form for form in ("nft", "legacy") if (family, form) in foreign]
    return used[0] if len(used) == 1 else sight.installed.get(family, "nft")


def _used_places(tables: Mapping[str, Mapping[str, tuple[Rule, ...]]], given: Mapping[tuple[str, str], str], fleet: str) -> list[str]:
    """The tables and chains in which anybody else has a rule, a chain or a policy."""
    return [
        f"{table} {name}"
        for table, chains in tables.items()
        for name, rules in chains.items()
        if given.get((table, name)) in ("DROP", "QUEUE")
        or (not is_chain_of(fleet, name) and (given.get((table, name)) == "-" or any(not _is_ours(rule, fleet) for rule in rules)))
    ]


def _both(foreign: Mapping[tuple[str, str], list[str]]) -> tuple[tuple[str, str, str], ...]:
    """The families in which both forms are in use, each with the first few places of each form."""
    found = []
    for family in FAMILIES:
        nft, legacy = (foreign.get((family, form), []) for form in ("nft", "legacy"))
        if nft and legacy:
            found.append((family, _few(nft), _few(legacy)))
    return tuple(found)


def _few(places: list[str]) -> str:
    return ", ".join(places[:_FEW]) + (", …" if len(places) > _FEW else "")


def _is_ours(rule: Rule, fleet: str) -> bool:
    return rule.comment == f"cnm:{fleet}"


def _listed(sight: Sight, table: tuple[str, str]) -> list[Any]:
    found: list[Any] = json.loads(sight.listed.get(table, '{"nftables": []}'))["nftables"]
    return found


def _blockers(sight: Sight) -> list[Blocker]:
    """Base chains of nftables that drop what no rule of theirs speaks of."""
    found = []
    for (family, table, chain), drops in sorted(sight.forward.items()):
        listed = _listed(sight, (family, table))
        end = nft_end_of(listed, chain)
        if end in ("DROP", "REJECT") or (drops and end != "ACCEPT"):
            found.append(Blocker(f"{family} {table}", chain, names_in(listed)))
    return found
