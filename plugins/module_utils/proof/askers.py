# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who asks at a door: every source about which something is declared there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .expect import Pair, expected
from .on_wire import may_leave_by_wire
from .site import Door, Site


def askers(sites: Sequence[Site], door: Door) -> Iterator[Pair]:
    """Every source on these hosts that something is declared about at the address of a sandbox."""
    for site in sites:
        for name in ("", *site.sandboxes):
            if (site.host, name) != (door.host, door.sandbox) and expected(site, name, door):
                yield site, name, door


def ways_out(site: Site) -> Iterator[Pair]:
    """Each sandbox of a host at the host that is asked to see whether it gets out."""
    if site.egress:
        door = site.egress
        yield from ((site, name, door) for name in site.sandboxes if expected(site, name, door))


def local_sources(site: Site, door: Door) -> list[str]:
    """Who on its own host may ask at a published door: the host first, then sandboxes, whose 127.0.0.0/8 is another one."""
    if door.kind == "shut":
        return []
    # Of every other sandbox there is something to expect at a published port (see ``expected``), whichever port it is.
    return [""] if door.address.is_loopback else ["", *(name for name in site.sandboxes if not may_leave_by_wire(site, name))]
