# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""observe → plan → apply → observe again: the road that everything takes which changes a host. No Ansible is needed here.

Most runs find nothing to do, and a host compiles what a task imports anew: what only a change needs is imported when there is one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable

from .kernel.alone import alone
from .kernel.observe import observe
from .state.objects import HostState, Object
from .state.plan import Plan, plan

Look = Callable[[HostState, str], HostState]


@dataclass(frozen=True)
class Outcome:
    """before, after: the host as it was, and as it is now or, in check mode, would be. ops: what was or would be done.

    waited: a sentence about the run that had to end first, where there was one.
    """

    before: HostState
    after: HostState
    ops: tuple[str, ...]
    clashes: tuple[Object, ...] = ()
    waited: str = ""


def predict(wanted: HostState, fleet: str, look: Look = observe) -> Outcome:
    """What ``converge`` would do. Nothing is changed."""
    before = look(wanted, fleet)
    steps = plan(before, wanted)
    if not steps.ops:
        return Outcome(before, before, (), steps.clashes)
    from .state.replay import replay

    return _outcome(before, steps, replay(before, steps.ops))


def converge(wanted: HostState, fleet: str, look: Look = observe) -> Outcome:
    """Bring the host to ``wanted``. Raises Fault when that fails, after putting back what stood before.

    Foreign objects in the way are told as clashes, and then nothing is done. look: how the host is seen; what it does not see is left alone.
    """
    with alone(fleet) as waited:
        before = look(wanted, fleet)
        steps = plan(before, wanted)
        if not steps.ops:
            return Outcome(before, before, (), steps.clashes, waited)
        from . import change

        after = change.carry_out(before, steps, wanted, lambda target: look(target, fleet))
        return replace(_outcome(before, steps, after), waited=waited)


def _outcome(before: HostState, steps: Plan, after: HostState) -> Outcome:
    from .state.words import in_words

    return Outcome(before, after, tuple(in_words(op) for op in steps.ops), steps.clashes)
