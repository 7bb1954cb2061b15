# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings this host to the slice that lies on it, without controller and without Ansible: what its unit does at each boot.

No preflight against the host is made here: much of what it would ask (routes, resolvers, ports in use) is not there yet so early.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from .attach import attach, without_missing
from .converge import Outcome, converge, converge_to
from .docker_user import find_closed_policy
from .drivers.desired import host_state
from .drivers.policy_rules import places
from .firewall.judge import judge
from .kernel.docker import read_open_bridges
from .kernel.ground import read_forms, read_sight
from .kernel.insets import observe_insets
from .kernel.observe import observe
from .kernel.reasons import unreadable
from .model.complete import complete_topology
from .model.problem import Problem
from .reachable import find_ways
from .state.fault import Fault
from .state.objects import HostState
from .state.words import name_of

# How systemd's journal is told that a line is an error: sd-daemon(3).
_ERROR = "<3>"


def main(path: str) -> int:
    """Bring the host to the slice in this file, and say what was done. Returns the exit status."""
    begin_s = time.monotonic()
    try:
        part = read_slice(path)
        # The policy comes first: it closes what the rest may open.
        policy, missing = converge_policy(part, path)
        _say((f"{_ERROR}{one.path}: {one.value}: {one.message}. Until then {instead}." for one, instead in missing), 1)
        outcome = converge_slice(part, path)
        # What our networks need before a drop of somebody else's was put first, so before the policy too.
        again = converge_policy(part, path)[0] if outcome.ops else ()
    except Fault as fault:
        return _say((_ERROR + line for line in str(fault).splitlines()), 1)
    except OSError as error:
        return _say([_ERROR + unreadable(error)], 1)
    except ImportError as error:
        return _say([f"{_ERROR}{sys.executable} has no {error.name}: install the package python3-pyroute2, or run mooring.cnm.site again."], 1)
    ops = (*policy, *outcome.ops, *again)
    count = "1 change" if len(ops) == 1 else f"{len(ops)} changes"
    took = f"{count} in {time.monotonic() - begin_s:.2f} s."
    _say([*filter(None, [outcome.waited]), *ops], 0)
    if missing:
        remedy = f"Make the sets that are missing, then: systemctl restart mooring-cnm@{part['fleet']}"
        return _say([f"{_ERROR}This host is as {path} declares it, but its policy is closed where sets are missing: {took} {remedy}"], 1)
    return _say([f"This host is as {path} declares it: {took}"], 0)


def _say(lines: Iterable[str], status: int) -> int:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return status


def read_slice(path: str) -> dict[str, Any]:
    """The slice in a file: the parameters of module topology. Raises Fault where it has none."""
    again = "Run mooring.cnm.site again, which writes it anew."
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except OSError as error:
        raise Fault(f"the slice {path}", "read", error.strerror or str(error), again) from error
    except ValueError as error:
        raise Fault(f"the slice {path}", "read", f"it is not JSON: {error}", again) from error
    if not isinstance(found, dict) or not isinstance(found.get("fleet"), str):
        raise Fault(f"the slice {path}", "read", "it does not say of which fleet it is", again)
    return found


def converge_policy(part: dict[str, Any], path: str) -> tuple[tuple[str, ...], list[tuple[Problem, str]]]:
    """Bring DOCKER-USER to the policy in this slice, where it has one. Raises Fault as ``converge_slice`` does.

    Returned is what was done, and which sets are missing, each with what its rule does instead: sets are made by others, who may come later, or
    not at all. A host without its networks and open to all would be worse than one that is closed to some who should get in.
    """
    policy, fleet = part.get("docker_user"), part["fleet"]
    if not isinstance(policy, dict):
        return (), []
    position = str(policy.get("position", "first"))
    wanted, problems, missing = find_closed_policy(policy.get("rules"), fleet, position, read_forms())
    _refuse(problems, path)
    return converge(wanted, fleet, observe_insets(places(fleet, position))).ops, missing


def _refuse(problems: Sequence[Problem], path: str) -> None:
    if problems:
        wrong = "\n".join(f"{problem.path}: {problem.message}" for problem in problems)
        raise Fault(f"the slice {path}", "use", f"{len(problems)} of its values cannot be carried out, and nothing was changed:\n{wrong}")


def without_engine(state: HostState) -> HostState:
    """A picture without what the Docker engine knows, which keeps that itself and comes after this unit. Its bridges stand when it looks for them."""
    left = {key: one for key, one in state.objects.items() if key[0] != "engine"}
    return HostState(left, state.owned.intersection(left))


def converge_slice(part: dict[str, Any], path: str) -> Outcome:
    """Bring the host to this slice. Raises Fault where that fails, or where something is wrong with the slice; path: where it lies."""
    found = partial(_wanted_by, part, path)
    outcome = converge_to(found, part["fleet"], lambda target, fleet: without_engine(observe(target, fleet)))
    if outcome.clashes:
        names = ", ".join(name_of(one) for one in outcome.clashes)
        remedy = "Remove them, or choose other names, and restart this unit."
        raise Fault(f"the slice {path}", "carry out", f"these are on this host already and were not made by this fleet: {names}; nothing was changed", remedy)
    return outcome


def _wanted_by(part: dict[str, Any], path: str) -> HostState:
    """What a slice asks for on this host as it is now."""
    declaration, problems = complete_topology(part)
    _refuse(problems, path)
    # Whose namespace is not there so early is attached by a later run.
    declaration, problems = attach(without_missing(declaration))
    _refuse(problems, path)
    declaration, _problems = find_ways(declaration, missing="ignore")
    ground = judge(read_sight(), part.get("firewall", "auto"), part["fleet"])
    return without_engine(host_state(declaration, part["fleet"], read_open_bridges(), ground))
