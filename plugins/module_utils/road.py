# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""observe → plan → apply → observe again: the road that everything takes which changes a host. No Ansible is needed here.

Most runs find nothing to do, and a host compiles what a task imports anew: what only a change needs is imported when there is one.
"""

from __future__ import annotations

from dataclasses import replace

from .aim import Aim, Outcome, Prepare
from .kernel.alone import alone
from .state.objects import HostState
from .state.settled import is_settled


def predict(prepare: Prepare) -> tuple[Aim, Outcome]:
    """What ``reach`` would do. Nothing is changed."""
    return _go(prepare, False)


def reach(who: str, prepare: Prepare) -> tuple[Aim, Outcome]:
    """Bring the host where it is to be. Raises Fault when that fails, after putting back what stood before.

    who: for whom (``fleet default``), to be told to those who wait meanwhile. What was to be seen while another run was at work counts for nothing after it,
    so all is found out when that is over. Where something hinders it, or foreign objects are in the way, that is told, and nothing is done.
    """
    with alone(who) as waited:
        aim, outcome = _go(prepare, True)
    return aim, replace(outcome, waited=waited)


def _go(prepare: Prepare, change: bool) -> tuple[Aim, Outcome]:
    aim, problems = prepare()
    before = HostState() if problems else aim.look({})
    problems = problems or [*aim.hindrances(before), *(aim.missing(before) if change else [])]
    if problems:
        return aim, Outcome(before, before, problems=problems)
    before = before if change else aim.assumed(before)
    wanted = aim.wish(before)
    if is_settled(before, wanted):
        return aim, Outcome(before, before)
    return aim, _on_the_way(aim, before, wanted, change)


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
