# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sending any number of probes, as many at a time as the kernel can take, and believing silence only while the listeners stood."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterable
from dataclasses import replace

from .flight import Probe
from .neighbours import forget_neighbours, learned_neighbours, read_neighbour_table
from .row import BLOCKED, Outcome
from .volley import Volley

_PAUSE_S = 5.0
_TABLE_FULL = "the neighbour table is full (net.ipv4.neigh.default.gc_thresh3 is {}), so the probe may never have left"


def send(probes: Iterable[Probe], run: str) -> dict[int, Outcome]:
    """Send all probes, and say what came of each, by its id.

    Where something was blocked, every listener that had answered is asked once more at the end: one that is gone by then
    would have blocked everybody, so it counts as not reached at all.
    """
    asked = sorted(probes, key=lambda probe: probe.netns)
    outcomes = _send_paced(asked, run)
    if any(probe.expect == BLOCKED and not outcomes[probe.id].reached for probe in asked):
        answered = {_listener_of(probe): probe for probe in asked if outcomes[probe.id].reached}
        again = _send_paced(list(answered.values()), run)
        for probe in asked:
            if outcomes[probe.id].reached and not again[answered[_listener_of(probe)].id].reached:
                outcomes[probe.id] = replace(outcomes[probe.id], reached=False, detail="it answered at first, but no longer at the end")
    return outcomes


def _listener_of(probe: Probe) -> tuple[str, str, str, int]:
    return probe.listener, probe.proto, probe.address, probe.port


def _send_paced(probes: list[Probe], run: str) -> dict[int, Outcome]:
    """Send as many at a time as the kernel can take. What met no answer while it could not is sent once more, and then unknown."""
    outcomes: dict[int, Outcome] = {}
    table = read_neighbour_table()
    # Where many ask many, each learns the others' addresses, and keeps them for half a minute: too long for those that follow.
    crowded = table.held > table.most // 2 or _room(probes, table.most) < len(probes)
    known = {netns: learned_neighbours(netns) for netns in {probe.netns for probe in probes}} if crowded else {}
    waiting, tried = list(probes), set[int]()
    while waiting:
        size = _room(waiting, table.most)
        batch, waiting = waiting[:size], waiting[size:]
        outcomes.update(Volley(run).fly(batch))
        for netns, neighbours in known.items():
            forget_neighbours(netns, neighbours)
        before, table = table, read_neighbour_table()
        if table.refused > before.refused:
            silent = [probe for probe in batch if not outcomes[probe.id].reached]
            outcomes.update((probe.id, Outcome(None, detail=_TABLE_FULL.format(table.most))) for probe in silent)
            waiting += [probe for probe in silent if probe.id not in tried]
            tried.update(probe.id for probe in silent)
            time.sleep(_PAUSE_S)
    return outcomes


def _room(probes: list[Probe], most_neighbours: int) -> int:
    """How many of the first probes can go together.

    Each may need an open file for itself and two for its namespace. A pair of addresses is up to two entries in the table.
    """
    most_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    most = max(1, min(most_files, 40000) // 4)
    pairs: set[tuple[str, str]] = set()
    for place, probe in enumerate(probes[:most]):
        pairs.add((probe.netns, probe.address))
        if len(pairs) > most_neighbours * 3 // 8:
            return place
    return min(most, len(probes))
