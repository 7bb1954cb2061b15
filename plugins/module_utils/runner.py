# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""observe → plan → apply → observe again: the road that every module takes.

The only place that knows check mode, and the only one that ends a module.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.common.respawn import has_respawned, probe_interpreters_for_module, respawn_module

from .kernel.apply import apply
from .kernel.observe import observe
from .kernel.reasons import reason
from .model.problem import Problem
from .state.fault import Fault
from .state.objects import HostState, Namespace, Object
from .state.plan import Plan, plan
from .state.replay import replay
from .state.tag import read_tag
from .state.words import in_words, name_of

Options = dict[str, Any]
_LOCK = "/run/lock/mooring.cnm"


@dataclass(frozen=True)
class Outcome:
    """before, after: the host as it was, and as it is now or, in check mode, would be. ops: what was or would be done."""

    before: HostState
    after: HostState
    ops: tuple[str, ...]
    clashes: tuple[Object, ...] = ()


def run(module: AnsibleModule, fleet: str, wanted: Callable[[], tuple[HostState, list[Problem]]], shown: Callable[[HostState], Options]) -> None:
    """Do what a module is there for, and end it.

    wanted: what the parameters ask for, and what is wrong with them. shown: a state in the words of the module's options.
    """
    try:
        target, problems = wanted()
        if problems:
            fail(module, problems)
        if not module.check_mode:
            _need_pyroute2(module)
        outcome = converge(target, fleet, module.check_mode)
    except Fault as fault:
        module.fail_json(msg=str(fault), problems=[], before={}, after={}, ops=[])
    except OSError as error:
        module.fail_json(msg=f"The host could not be read: {reason(error)}.", problems=[], before={}, after={}, ops=[])
    if outcome.clashes:
        fail(module, [_clash(one, target) for one in outcome.clashes])
    before, after = shown(outcome.before), shown(outcome.after)
    result: Options = {"changed": bool(outcome.ops), "before": before, "after": after, "ops": list(outcome.ops), "problems": []}
    if module._diff and outcome.ops:
        result["diff"] = [{"before": before, "after": after}, {"prepared": "".join(f"{op}\n" for op in outcome.ops)}]
    module.exit_json(**result)


def fail(module: AnsibleModule, problems: list[Problem]) -> None:
    """End a module with everything that is wrong, one sentence a line."""
    lines = [f"{one.path}: {one.message} (given: {one.value})" if one.value else f"{one.path}: {one.message}" for one in problems]
    what = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    module.fail_json(msg="\n".join([f"{what}, and nothing was changed:", *lines]), problems=[one.as_dict() for one in problems], before={}, after={}, ops=[])


def _clash(stands: Object, wanted: HostState) -> Problem:
    """The problem that something of somebody else's stands where ours should."""
    owner = read_tag(getattr(wanted.objects[stands.key], "tag", None))
    path = stands.key[-1]
    if isinstance(stands, Namespace):
        path = f"cnm_sandboxes.{stands.name}"
    elif owner is not None:
        path = f"cnm_sandboxes.{owner.sandbox}" if owner.sandbox else f"cnm_networks.{owner.network}"
    message = f"the {name_of(stands)} is on this host already and was not made by this fleet, so it is left alone: remove it, or choose another name"
    return Problem("", path, "", message)


def _need_pyroute2(module: AnsibleModule) -> None:
    """Messages to the kernel are made by pyroute2: where this Python has none, go on under one that has."""
    if importlib.util.find_spec("pyroute2") is not None:
        return
    if not has_respawned():
        others = [path for path in ("/usr/bin/python3", "/usr/libexec/platform-python") if path != sys.executable]
        other = probe_interpreters_for_module(others, "pyroute2")
        if other:
            respawn_module(other)
    module.fail_json(msg=missing_required_lib("pyroute2"), problems=[], before={}, after={}, ops=[])


def converge(wanted: HostState, fleet: str, check_mode: bool) -> Outcome:
    """Bring the host to ``wanted``. Raises Fault when that fails, after putting back what stood before.

    Foreign objects in the way are told as clashes, and then nothing is done.
    """
    with contextlib.nullcontext() if check_mode else _alone():
        before = observe(wanted, fleet)
        steps = plan(before, wanted)
        if check_mode or steps.clashes or not steps.ops:
            after = replay(before, steps.ops)
        else:
            after = _carry_out(before, steps, wanted, fleet)
        return Outcome(before, after, tuple(in_words(op) for op in steps.ops), steps.clashes)


def _carry_out(before: HostState, steps: Plan, wanted: HostState, fleet: str) -> HostState:
    try:
        apply(steps.ops)
        after = observe(wanted, fleet)
        left = plan(after, wanted)
        if left.ops or left.clashes:
            still = "; ".join([*(in_words(op) for op in left.ops[:5]), *(f"{name_of(one)} stands in the way" for one in left.clashes[:5])])
            raise Fault("the declared state", "reach", f"after the run there would still be to do: {still}", "Something else changes these objects.")
        return after
    except Fault as fault:
        _put_back(before, wanted, fleet, fault)
        raise


def _put_back(before: HostState, wanted: HostState, fleet: str, fault: Fault) -> None:
    """Return to ``before``. What cannot be put back is added to the fault's cause."""
    ours = HostState({key: before.objects[key] for key in before.owned}, before.owned)
    try:
        stands = observe(HostState({**wanted.objects, **ours.objects}), fleet)
        back = plan(stands, ours)
        apply(back.ops)
        if back.clashes:
            raise Fault("what stood before", "put back", f"{name_of(back.clashes[0])} has taken its place")
        fault.remedy = f"{fault.remedy} What stood before was put back.".strip()
    except Fault as second:
        fault.remedy = f"{fault.remedy} Putting back what stood before failed too: {second}".strip()


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Let no second run work on this host at the same time; wait for the one that does."""
    os.makedirs(os.path.dirname(_LOCK), exist_ok=True)
    with open(_LOCK, "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
