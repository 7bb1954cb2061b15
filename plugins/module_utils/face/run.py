# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The road of a kernel module: what it is told, what stands, the plan, its ops, another look, and the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule

from ..kernel.alone import alone
from ..kernel.carry import LINK_STAGES, carry_out
from ..kernel.reasons import reason
from ..model.problem import Problem
from ..state.fault import Fault
from ..state.objects import HostState
from ..state.plan import Plan, plan
from ..state.replay import replay
from ..state.words import in_words

Shown = dict[str, Any]


@dataclass(frozen=True)
class Face:
    """What one kind of kernel module does on the road.

    problems: what is wrong with its parameters. look: what stands of all that it is about. wish: what should. refusals: why it must not touch what
    stands. missing: what has to be there first. shown: a state in its option names.
    """

    problems: list[Problem]
    look: Callable[[], HostState]
    wish: Callable[[HostState], HostState]
    refusals: Callable[[HostState], list[Problem]]
    missing: Callable[[HostState], list[Problem]]
    shown: Callable[[HostState], Shown]


def run(module: AnsibleModule, face: Face) -> None:
    """Bring about what the module is told, or in check mode predict it, and end the module."""
    try:
        _refuse(module, face.problems)
        if module.check_mode:
            before, steps = _steps(module, face)
            after = replay(before, steps.ops)
        else:
            with alone("(a kernel module)"):
                before, steps = _steps(module, face)
                # In check mode an earlier task may be about to make it.
                _refuse(module, face.missing(before))
                after = _carry_out(face, before, steps) if steps.ops else before
    except Fault as fault:
        module.fail_json(msg=str(fault), problems=[], before={}, after={}, ops=[])
    except OSError as error:
        module.fail_json(msg=f"The host could not be read: {reason(error)}.", problems=[], before={}, after={}, ops=[])
    was, now = face.shown(before), face.shown(after)
    result: dict[str, Any] = {"changed": bool(steps.ops), "before": was, "after": now, "ops": [in_words(op) for op in steps.ops], "problems": []}
    if module._diff and steps.ops:
        result["diff"] = [{"before": was, "after": now}, {"prepared": "".join(f"{op}\n" for op in result["ops"])}]
    module.exit_json(**result)


def _steps(module: AnsibleModule, face: Face) -> tuple[HostState, Plan]:
    stands = face.look()
    _refuse(module, face.refusals(stands))
    return stands, plan(stands, face.wish(stands))


def _carry_out(face: Face, before: HostState, steps: Plan) -> HostState:
    try:
        carry_out(steps.ops, LINK_STAGES)
        after = face.look()
        left = plan(after, face.wish(after)).ops
        if left:
            still = "; ".join(in_words(op) for op in left[:5])
            raise Fault("what the module is told", "reach", f"after the run there would still be to do: {still}", "Something else changes these objects.")
        return after
    except (Fault, OSError) as error:
        fault = error if isinstance(error, Fault) else Fault("the host", "read after the change", reason(error))
        _put_back(face, before, fault)
        raise fault from error


def _put_back(face: Face, before: HostState, fault: Fault) -> None:
    try:
        stands = face.look()
        was = {key: before.objects[key] for key in before.owned}
        ours = (before.owned | stands.owned) & set(stands.objects)
        carry_out(plan(HostState(stands.objects, ours), HostState(was, frozenset(was))).ops, LINK_STAGES)
        fault.remedy = f"{fault.remedy} What stood before was put back.".strip()
    except (Fault, OSError) as second:
        fault.remedy = f"{fault.remedy} Putting back what stood before failed too: {second}".strip()


def _refuse(module: AnsibleModule, problems: list[Problem]) -> None:
    """End the module with everything that is wrong, one sentence a line."""
    if not problems:
        return
    what = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    lines = [f"{one.path}: {one.message}" + (f" (given: {one.value})" if one.value else "") for one in problems]
    module.fail_json(msg="\n".join([f"{what}, and nothing was changed:", *lines]), problems=[one.as_dict() for one in problems], before={}, after={}, ops=[])
