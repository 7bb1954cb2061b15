# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a module's parameters to its result. The only place that knows check mode, and the only one that ends a module."""

from __future__ import annotations

import gc
import importlib.util
import sys
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .aim import Aim, Outcome
from .kernel.reasons import reason
from .model.problem import Problem
from .road import predict, reach
from .state.fault import Fault
from .state.objects import HostState, Object

Options = dict[str, Any]


def run(module: AnsibleModule, prepare: Callable[[], tuple[Aim, list[Problem]]], shown: Callable[[HostState], Options], netlink: bool = True) -> None:
    """Do what a module is there for, and end it.

    prepare: what the parameters ask for, and what is wrong with them. shown: a state in the words of the module's options.
    netlink: whether messages to the kernel may have to be sent.
    """
    # What is made here is in use until the process ends: looking it through for garbage finds none, and takes a tenth of the time.
    gc.disable()
    try:
        aim, problems = prepare()
        if problems:
            fail(module, problems)
        outcome = _outcome(module, aim, netlink)
    except Fault as fault:
        module.fail_json(msg=str(fault), problems=[], before={}, after={}, ops=[])
    except OSError as error:
        module.fail_json(msg=f"The host could not be read: {reason(error)}.", problems=[], before={}, after={}, ops=[])
    if outcome.waited:
        module.warn(outcome.waited)
    if outcome.problems or outcome.clashes:
        fail(module, [*outcome.problems, *(clash(one, aim.wish(outcome.before)) for one in outcome.clashes)])
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


def clash(stands: Object, wanted: HostState) -> Problem:
    """The problem that something of somebody else's stands where ours should, or holds fast what is ours."""
    from .state.engine import EngineNetwork, is_in_the_way
    from .state.tag import read_tag
    from .state.words import name_of

    if isinstance(stands, EngineNetwork):
        return Problem("", f"cnm_networks.{stands.name}.docker_network", "", is_in_the_way(stands))
    owner, path = read_tag(getattr(wanted.objects[stands.key], "tag", None)), stands.key[-1]
    if stands.key[0] == "namespace":
        path = f"cnm_sandboxes.{path}"
    elif owner is not None:
        path = f"cnm_sandboxes.{owner.sandbox}" if owner.sandbox else f"cnm_networks.{owner.network}"
    message = f"the {name_of(stands)} is on this host already and was not made by this fleet, so it is left alone: remove it, or choose another name"
    return Problem("", path, "", message)


def _outcome(module: AnsibleModule, aim: Aim, netlink: bool) -> Outcome:
    """Messages to the kernel are made by pyroute2: where this Python has none, and something must change, go on under one that has."""
    lacks = netlink and not module.check_mode and importlib.util.find_spec("pyroute2") is None
    if not module.check_mode and not lacks:
        return reach(aim)
    outcome = predict(aim)
    if lacks and outcome.ops:
        _go_on_elsewhere(module)
    return outcome


def _go_on_elsewhere(module: AnsibleModule) -> None:
    """End the module with what it says under an interpreter that has pyroute2, or without one."""
    from ansible.module_utils.common.respawn import has_respawned, probe_interpreters_for_module, respawn_module

    if not has_respawned():
        others = [path for path in ("/usr/bin/python3", "/usr/libexec/platform-python") if path != sys.executable]
        other = probe_interpreters_for_module(others, "pyroute2")
        if other:
            respawn_module(other)
    module.fail_json(msg=missing_required_lib("pyroute2"), problems=[], before={}, after={}, ops=[])
