# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run is to bring about on its host, whoever asks for it, and how that went."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Callable

from .state.objects import HostState, Key, Object

if TYPE_CHECKING:
    from .model.problem import Problem
    from .state.op import Op


def _apply_links(ops: tuple[Op, ...]) -> None:
    from .kernel.carry import LINK_STAGES, carry_out

    carry_out(ops, LINK_STAGES)


@dataclass(frozen=True)
class Aim:
    """look: what stands of all that it is about, seen together with what was ours before. wish: what should stand, where that stands.
    hindrances: why it cannot be done on what stands. missing: what has to be there first. assumed: what stands, as if that were there: what a prediction
    begins with, as an earlier task may be about to make it. apply: does what a plan says, which if left out is about namespaces and links alone.
    """

    look: Callable[[Mapping[Key, Object]], HostState]
    wish: Callable[[HostState], HostState]
    hindrances: Callable[[HostState], list[Problem]] = field(default=lambda _stands: [])
    missing: Callable[[HostState], list[Problem]] = field(default=lambda _stands: [])
    assumed: Callable[[HostState], HostState] = field(default=lambda stands: stands)
    apply: Callable[[tuple[Op, ...]], None] = _apply_links


@dataclass(frozen=True)
class Outcome:
    """before, after: the host as it was, and as it is now or, in check mode, would be. ops: what was or would be done.

    clashes, problems: why nothing is done. waited: a sentence about the run that had to end first, where there was one.
    """

    before: HostState
    after: HostState
    ops: tuple[str, ...] = ()
    clashes: tuple[Object, ...] = ()
    problems: Collection[Problem] = ()
    waited: str = ""


# Finds out what is asked for on this host as it is now, and what is wrong with that.
Prepare = Callable[[], "tuple[Aim, Collection[Problem]]"]
