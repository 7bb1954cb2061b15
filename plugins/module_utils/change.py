# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a run that changes the host: a plan is carried out, looked after, and taken back where it fails."""

from __future__ import annotations

from .aim import Aim
from .kernel.held import Held, give_back, hold
from .kernel.reasons import reason
from .state.fault import Fault
from .state.lost import lost_with, without
from .state.objects import HostState, Key, Object
from .state.plan import Plan, plan
from .state.settled import is_settled
from .state.words import in_words, name_of

_TRIES = 3


def carry_out(aim: Aim, before: HostState, steps: Plan) -> HostState:
    """Do what ``steps`` say, and the host as it is then. Raises Fault where that is not what ``aim`` wants, after putting ``before`` back."""
    with hold(steps.ops) as held:
        try:
            aim.apply(steps.ops)
            after = aim.look({})
            wanted = aim.wish(after)
            left = Plan() if is_settled(after, wanted) else plan(after, wanted)
            if left.ops or left.clashes:
                still = "; ".join([*(in_words(op) for op in left.ops[:5]), *(f"{name_of(one)} stands in the way" for one in left.clashes[:5])])
                raise Fault("what is asked for", "reach", f"after the run there would still be to do: {still}", "Something else changes these objects.")
            return after
        except Exception as error:
            fault = error if isinstance(error, Fault) else Fault("the host", "read after the change", _why(error))
            _put_back(aim, _with_what_goes_along(before, steps), held, fault)
            raise fault from error


def _with_what_goes_along(before: HostState, steps: Plan) -> dict[Key, Object]:
    """What is ours of ``before``, and what goes by itself with what ``steps`` remove of it: the other end of a pair, what rests on a link."""
    removed = lost_with({op.subject.key for op in steps.ops if op.action == "remove"}, before.objects.values())
    return {key: one for key, one in before.objects.items() if key in before.owned or key in removed}


def _put_back(aim: Aim, ours: dict[Key, Object], held: Held, fault: Fault) -> None:
    """Return to ``ours``. How that went is added to the fault's remedy."""
    # What goes by itself meanwhile, as links do in a namespace that somebody removed, makes a plan wrong; the next one knows of it.
    for _try in range(_TRIES):
        try:
            taken = _go_back(aim, ours, held)
            but = f", but for {'; '.join(f'{name_of(one)}: {_why_not(one)}' for one in taken)}" if taken else ""
            how = f"What stood before was put back{but}."
            break
        except Exception as error:
            how = f"Putting back what stood before failed too: {_why(error)}"
    fault.remedy = f"{fault.remedy} {how}".strip()


def _go_back(aim: Aim, ours: dict[Key, Object], held: Held) -> tuple[Object, ...]:
    """Return to ``ours``, but for what can be neither made nor removed by now, which is the result."""
    if held:
        give_back(held, aim.look(ours))
    stands = aim.look(ours)
    taken = plan(stands, HostState(ours)).clashes
    left, keys = without(ours, taken), {one.key for one in taken}
    rest = HostState({key: one for key, one in stands.objects.items() if key not in keys}, stands.owned - keys)
    aim.apply(plan(rest, HostState(left, frozenset(left))).ops)
    return taken


def _why_not(one: Object) -> str:
    return "Docker has stopped, or has containers in it" if one.key[0] == "engine" else "somebody else has made another one"


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, Fault) else reason(error) if isinstance(error, OSError) else repr(error)
