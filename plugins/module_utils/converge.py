# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""observe → plan → apply → observe again: the road that everything takes which changes a host. No Ansible is needed here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable

from .kernel.alone import alone
from .kernel.apply import apply
from .kernel.held import Held, give_back, hold
from .kernel.observe import observe
from .kernel.reasons import reason
from .state.fault import Fault
from .state.lost import without
from .state.objects import HostState, Object
from .state.plan import Plan, plan
from .state.replay import replay
from .state.words import in_words, name_of

Look = Callable[[HostState, str], HostState]
_TRIES = 3


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
    return _outcome(before, plan(before, wanted), None)


def converge(wanted: HostState, fleet: str, look: Look = observe) -> Outcome:
    """Bring the host to ``wanted``. Raises Fault when that fails, after putting back what stood before.

    Foreign objects in the way are told as clashes, and then nothing is done. look: how the host is seen; what it does not see is left alone.
    """
    with alone(fleet) as waited:
        before = look(wanted, fleet)
        steps = plan(before, wanted)
        after = _carry_out(before, steps, wanted, lambda target: look(target, fleet)) if steps.ops else None
        return replace(_outcome(before, steps, after), waited=waited)


def _outcome(before: HostState, steps: Plan, after: HostState | None) -> Outcome:
    return Outcome(before, after or (replay(before, steps.ops) if steps.ops else before), tuple(in_words(op) for op in steps.ops), steps.clashes)


def _carry_out(before: HostState, steps: Plan, wanted: HostState, look: Callable[[HostState], HostState]) -> HostState:
    with hold(steps.ops) as held:
        try:
            apply(steps.ops)
            after = look(wanted)
            left = plan(after, wanted)
            if left.ops or left.clashes:
                still = "; ".join([*(in_words(op) for op in left.ops[:5]), *(f"{name_of(one)} stands in the way" for one in left.clashes[:5])])
                raise Fault("the declared state", "reach", f"after the run there would still be to do: {still}", "Something else changes these objects.")
            return after
        except Exception as error:
            fault = error if isinstance(error, Fault) else Fault("the host", "read after the change", _why(error))
            _put_back(before, held, wanted, look, fault)
            raise fault from error


def _put_back(before: HostState, held: Held, wanted: HostState, look: Callable[[HostState], HostState], fault: Fault) -> None:
    """Return to ``before``. How that went is added to the fault's remedy."""
    failures: list[str] = []
    # What goes by itself meanwhile, as links do in a namespace that somebody removed, makes a plan wrong; the next one knows of it.
    while len(failures) < _TRIES:
        try:
            taken = _go_back(before, held, wanted, look)
        except Exception as error:
            failures.append(_why(error))
            continue
        but = f", but for {', '.join(name_of(one) for one in taken)}: somebody else has made another one" if taken else ""
        fault.remedy = f"{fault.remedy} What stood before was put back{but}.".strip()
        return
    fault.remedy = f"{fault.remedy} Putting back what stood before failed too: {failures[-1]}".strip()


def _go_back(before: HostState, held: Held, wanted: HostState, look: Callable[[HostState], HostState]) -> tuple[Object, ...]:
    """Return to ``before``, but for what somebody else has the name of by now, which is the result."""
    ours = {key: before.objects[key] for key in before.owned}
    give_back(held)
    stands = look(HostState({**wanted.objects, **ours}))
    taken = plan(stands, HostState(ours)).clashes
    left = without(ours, taken)
    apply(plan(stands, HostState(left, frozenset(left))).ops)
    return taken


def _why(error: Exception) -> str:
    if isinstance(error, Fault):
        return str(error)
    return reason(error) if isinstance(error, OSError) else repr(error)
