# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a module's parameters to its result. The only place that knows check mode, and the only one that ends a module."""

from __future__ import annotations

import gc
import importlib.util
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule

from .aim import Aim, Outcome, Prepare
from .kernel.reasons import unreadable
from .model.problem import Problem
from .road import predict, reach
from .state.fault import Fault
from .state.objects import HostState

Options = dict[str, Any]


def run(module: AnsibleModule, who: str, prepare: Prepare, shown: Callable[[HostState], Options], netlink: bool = True) -> None:
    """Do what a module is there for, and end it.

    who, prepare: as ``reach`` takes them. shown: a state in the words of the module's options.
    netlink: whether messages to the kernel may have to be sent.
    """
    # What is made here is in use until the process ends: looking it through for garbage finds none, and takes a tenth of the time.
    gc.disable()
    try:
        aim, outcome = _outcome(module, who, prepare, netlink)
    except Fault as fault:
        module.fail_json(msg=str(fault), problems=[], before={}, after={}, ops=[])
    except OSError as error:
        module.fail_json(msg=unreadable(error), problems=[], before={}, after={}, ops=[])
    if outcome.waited:
        module.warn(outcome.waited)
    if outcome.problems or outcome.clashes:
        fail(module, [*outcome.problems, *_in_the_way(aim, outcome)])
    before = shown(outcome.before)
    after = shown(outcome.after) if outcome.ops else before
    result: Options = {"changed": bool(outcome.ops), "before": before, "after": after, "ops": list(outcome.ops), "problems": []}
    if module._diff and outcome.ops:
        result["diff"] = [{"before": before, "after": after}, {"prepared": "".join(f"{op}\n" for op in outcome.ops)}]
    # All parameters, which Ansible shows from -vvv on; before, they would be looked through and sent in vain: for thousands of peers a third of the result.
    module.exit_json(**result, **({"invocation": {}} if module._verbosity < 3 else {}))


def fail(module: AnsibleModule, problems: list[Problem]) -> None:
    """End a module with everything that is wrong, one sentence a line."""
    lines = [f"{one.path}: {one.message} (given: {one.value})" if one.value else f"{one.path}: {one.message}" for one in problems]
    what = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    module.fail_json(msg="\n".join([f"{what}, and nothing was changed:", *lines]), problems=[one.as_dict() for one in problems], before={}, after={}, ops=[])


def _in_the_way(aim: Aim, outcome: Outcome) -> list[Problem]:
    from .clash import clash

    return [clash(one, aim.wish(outcome.before)) for one in outcome.clashes]


def _outcome(module: AnsibleModule, who: str, prepare: Prepare, netlink: bool) -> tuple[Aim, Outcome]:
    """Messages to the kernel are made by pyroute2: where this Python has none, and something must change, go on under one that has."""
    lacks = netlink and not module.check_mode and importlib.util.find_spec("pyroute2") is None
    if not module.check_mode and not lacks:
        return reach(who, prepare)
    aim, outcome = predict(prepare)
    if lacks and outcome.ops:
        from .elsewhere import go_on_elsewhere

        go_on_elsewhere(module)
    return aim, outcome
