# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the kernel had room for every neighbour: where it has none, what is sent is dropped in silence, which says nothing of who is reached.

All namespaces of a machine share one table of each family, of 1,024 entries where nothing else is set. Who fills it may be anybody: another lane, a lab.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")
TABLES = [Path("/proc/net/stat/arp_cache"), Path("/proc/net/stat/ndisc_cache")]
# A neighbour that was heard of keeps its place for half a minute, and at most for three quarters of one.
TRIES, PAUSE_S = 12, 5.0


def refusals() -> int:
    """How often, since the machine's boot, there was no room."""
    found = 0
    for table in TABLES:
        names, *of_each_cpu = (line.split() for line in table.read_text().splitlines())
        found += sum(int(one[names.index("table_fulls")], 16) for one in of_each_cpu)
    return found


def with_room(ask: Callable[[], Found]) -> Found:
    """What ``ask`` gives while there is room for every neighbour. Where there was none, it is asked again."""
    for _try in range(TRIES):
        before = refusals()
        found = ask()
        if refusals() == before:
            return found
        time.sleep(PAUSE_S)
    raise AssertionError("The machine's table of neighbours (net.ipv4.neigh.default.gc_thresh3) stays full: see who fills it, and test again.")
