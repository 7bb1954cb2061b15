# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing a lab to the state that is wanted: observe, plan, apply, observe again."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterable, Sequence
from typing import Any, Callable

from ..model.problem import Problem
from .check import check_against_lab, check_names, check_roots, to_hosts
from .first_process import await_boots
from .host import HostError, remove_host, start_host, stop_hosts
from .plan import Lab, Op, describe_lab, plan_lab, predict_lab
from .record import locked, observe_lab, read_record
from .switch import create_switch, disconnect_hosts, remove_switch


class LabRefused(Exception):
    """Parameters that cannot be carried out: every reason, in ``problems``."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(" ".join(problem.message for problem in problems))
        self.problems = problems


def converge_lab(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Do what the module's parameters say, or in check mode predict it. Returns the module's result.

    LabRefused: nothing was done. HostError: a step failed; what came before it stays.
    """
    if os.geteuid() != 0:
        raise HostError("A lab is made of namespaces, which root alone may make: run this as root.")
    problems = check_names(params["name"], params["hosts"] or ())
    if problems:
        raise LabRefused(problems)
    if check_mode:
        return _converge(params, check_mode)
    with locked(params["name"]):
        return _converge(params, check_mode)


def _converge(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    state, before = params["state"], observe_lab(params["name"])
    hosts = to_hosts(params, before)
    problems = [] if state == "absent" else [*check_roots(hosts or ()), *check_against_lab(state, hosts or (), before)]
    if problems:
        raise LabRefused(problems)
    ops = plan_lab(state, before, hosts)
    after, warnings = predict_lab(before, ops), []
    if ops and not check_mode:
        warnings = _apply(before.name, ops)
        _verify(observe_lab(before.name), after)
    pictures = {"before": describe_lab(before, hosts), "after": describe_lab(after, hosts)}
    return {"changed": bool(ops), "ops": [str(op) for op in ops], "diff": pictures, "warnings": warnings, **pictures}


def _apply(lab: str, ops: Iterable[Op]) -> list[str]:
    """Do the steps. Returns what is amiss with hosts that are up."""
    warnings = []
    try:
        for action, steps in itertools.groupby(ops, key=lambda op: op.action):
            warnings += _APPLY[action](lab, list(steps)) or []
    except OSError as error:
        raise HostError(f"The lab {lab} could not be brought to the wanted state: {str(error).rstrip('.')}.") from error
    return warnings


def _start(lab: str, ops: list[Op]) -> list[str]:
    records = (read_record(lab, op.name) for op in ops)
    disconnect_hosts(lab, [record.address for record in records if record])
    with contextlib.ExitStack() as files:
        boots = []
        for op in ops:
            boot = start_host(lab, op.host) if op.host else None
            if boot:
                files.callback(boot.close)
                boots.append(boot)
        # All of them boot at once.
        return await_boots(boots)


def _remove(lab: str, ops: list[Op]) -> None:
    for op in ops:
        remove_host(lab, op.name)


_APPLY: dict[str, Callable[[str, list[Op]], list[str] | None]] = {
    "create switch": lambda lab, ops: create_switch(lab),
    "remove host": _remove,
    "remove switch": lambda lab, ops: remove_switch(lab),
    "start host": _start,
    "stop host": lambda lab, ops: stop_hosts(lab, [op.name for op in ops]),
}


def _verify(observed: Lab, predicted: Lab) -> None:
    wrong = sorted({seen.name for seen in set(observed.hosts) ^ set(predicted.hosts)})
    if wrong or observed.switch != predicted.switch:
        names = ", ".join(wrong or ["its switch"])
        raise HostError(f"The lab {observed.name} is not as it should be after all was done: look at {names}. Another program changed it.")
