# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""observe → plan → apply → observe again: the road that everything takes which changes a host. No Ansible is needed here."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Callable

from .kernel.apply import apply
from .kernel.observe import observe
from .state.fault import Fault
from .state.objects import HostState, Object
from .state.plan import Plan, plan
from .state.replay import replay
from .state.words import in_words, name_of

Look = Callable[[HostState, str], HostState]
_LOCK = "/run/lock/mooring.cnm"


@dataclass(frozen=True)
class Outcome:
    """before, after: the host as it was, and as it is now or, in check mode, would be. ops: what was or would be done."""

    before: HostState
    after: HostState
    ops: tuple[str, ...]
    clashes: tuple[Object, ...] = ()


def predict(wanted: HostState, fleet: str, look: Look = observe) -> Outcome:
    """What ``converge`` would do. Nothing is changed."""
    before = look(wanted, fleet)
    return _outcome(before, plan(before, wanted), None)


def converge(wanted: HostState, fleet: str, look: Look = observe) -> Outcome:
    """Bring the host to ``wanted``. Raises Fault when that fails, after putting back what stood before.

    Foreign objects in the way are told as clashes, and then nothing is done. look: how the host is seen; what it does not see is left alone.
    """
    with _alone():
        before = look(wanted, fleet)
        steps = plan(before, wanted)
        return _outcome(before, steps, _carry_out(before, steps, wanted, fleet, look) if steps.ops else None)


def _outcome(before: HostState, steps: Plan, after: HostState | None) -> Outcome:
    return Outcome(before, after or (replay(before, steps.ops) if steps.ops else before), tuple(in_words(op) for op in steps.ops), steps.clashes)


def _carry_out(before: HostState, steps: Plan, wanted: HostState, fleet: str, look: Look) -> HostState:
    try:
        apply(steps.ops)
        after = look(wanted, fleet)
        left = plan(after, wanted)
        if left.ops or left.clashes:
            still = "; ".join([*(in_words(op) for op in left.ops[:5]), *(f"{name_of(one)} stands in the way" for one in left.clashes[:5])])
            raise Fault("the declared state", "reach", f"after the run there would still be to do: {still}", "Something else changes these objects.")
        return after
    except Fault as fault:
        _put_back(before, wanted, fleet, fault, look)
        raise


def _put_back(before: HostState, wanted: HostState, fleet: str, fault: Fault, look: Look) -> None:
    """Return to ``before``. What cannot be put back is added to the fault's cause."""
    ours = HostState({key: before.objects[key] for key in before.owned}, before.owned)
    try:
        stands = look(HostState({**wanted.objects, **ours.objects}), fleet)
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
