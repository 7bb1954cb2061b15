# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen of queues and redirections."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SeenQueue:
    """What is at the root of the link with this index. ours: it has our number. rate: 0 where it is no token bucket."""

    index: int
    ours: bool
    rate: int
    burst: int
    limit: int


@dataclass(frozen=True)
class SeenRedirect:
    """What is done with all that arrives on the link with this index. to: the index of another link, 0 where that is gone. ours: nobody else does anything."""

    index: int
    ours: bool
    to: int
