# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet's part of a host is brought to what is declared. No Ansible is needed here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from .aim import Aim, Outcome
from .model.problem import Problem
from .road import predict as predict_aim
from .road import reach
from .state.at_least import at_least
from .state.objects import HostState
from .state.tag import is_fleet_name

if TYPE_CHECKING:
    from .state.op import Op

Look = Callable[[HostState, str], HostState]


def see(wanted: HostState, fleet: str) -> HostState:
    """All of the host. (Who sees only a part of it does not compile what this takes.)"""
    from .kernel.observe import observe

    return observe(wanted, fleet)


def predict(wanted: HostState, fleet: str, look: Look = see) -> Outcome:
    """What ``converge`` would do. Nothing is changed."""
    from .kernel.places import holding

    with holding():
        return predict_aim(lambda: (fleet_aim(wanted, fleet, look), ()))[1]


def converge(wanted: HostState, fleet: str, look: Look = see) -> Outcome:
    """Bring the host to ``wanted``. Raises Fault when that fails, after putting back what stood before.

    Foreign objects in the way are told as clashes, and then nothing is done. look: how the host is seen; what it does not see is left alone.
    """
    return converge_to(lambda: wanted, fleet, look)


def converge_to(find: Callable[[], HostState], fleet: str, look: Look = see) -> Outcome:
    """As ``converge``, to what is found when no other run is at work."""
    from .kernel.places import holding

    with holding():
        return reach(who(fleet), lambda: (fleet_aim(find(), fleet, look), ()))[1]


def who(fleet: str) -> str:
    """For whom a run of a fleet is."""
    return f"fleet {fleet}"


def fleet_aim(wanted: HostState, fleet: str, look: Look = see) -> Aim:
    """That of a fleet, for this host to be ``wanted``."""
    return Aim(lambda ours: look(HostState({**wanted.objects, **ours}), fleet), lambda stands: at_least(wanted, stands), apply=_apply)


def checked_aim(fleet: str, wanted: Callable[[], tuple[HostState, list[Problem]]], look: Look = see) -> tuple[Aim, list[Problem]]:
    """That of a fleet, for this host to be as parameters ask for, and what is wrong with them, the fleet's name among it."""
    if not is_fleet_name(fleet):
        message = "the name of a fleet begins with a letter or digit, has only letters, digits, '_', '.' and '-', and at most 63 of them"
        return fleet_aim(HostState(), fleet, look), [Problem("", "cnm_fleet", fleet, message)]
    target, problems = wanted()
    return fleet_aim(target, fleet, look), problems


def _apply(ops: tuple[Op, ...]) -> None:
    from .kernel import apply

    apply.apply(ops)
