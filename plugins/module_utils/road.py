# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""observe → plan → apply → observe again: the road that everything takes which changes a host. No Ansible is needed here.

Most runs find nothing to do, and a host compiles what a task imports anew: what only a change needs is imported when there is one.
"""

from __future__ import annotations

from dataclasses import replace

from .aim import Aim, Outcome
from .kernel.alone import alone
from .state.objects import HostState
from .state.settled import is_settled


def predict(aim: Aim) -> Outcome:
    """What ``reach`` would do. Nothing is changed."""
    return _go(aim, False)


def reach(aim: Aim) -> Outcome:
    """Bring the host where ``aim`` wants it. Raises Fault when that fails, after putting back what stood before.

    Where something hinders it, or foreign objects are in the way, that is told, and nothing is done.
    """
    with alone(aim.who) as waited:
        return replace(_go(aim, True), waited=waited)


def _go(aim: Aim, change: bool) -> Outcome:
    before = aim.look({})
    problems = [*aim.hindrances(before), *(aim.missing(before) if change else [])]
    if problems:
        return Outcome(before, before, problems=problems)
    before = before if change else aim.assumed(before)
    wanted = aim.wish(before)
    if is_settled(before, wanted):
        return Outcome(before, before)
    return _on_the_way(aim, before, wanted, change)


def _on_the_way(aim: Aim, before: HostState, wanted: HostState, change: bool) -> Outcome:
    from .state.plan import plan

    steps = plan(before, wanted)
    if not steps.ops:
        return Outcome(before, before, clashes=steps.clashes)
    from .state.words import ops_in_words

    if change:
        from .change import carry_out

        after = carry_out(aim, before, steps)
    else:
        from .state.replay import replay

        after = replay(before, steps.ops)
    return Outcome(before, after, ops_in_words(steps.ops))
