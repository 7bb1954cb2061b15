# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pairs are proven: all of a small fleet, a fixed sample of a large one. Nothing here grows with the square of the fleet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..model.resolve import gateway_mode, has_address
from .expect import Pair, expected
from .on_wire import is_on_wire
from .site import Door, Site, endpoint_doors, published_doors

LIMIT = 2500


def choose(sites: Sequence[Site], mode: str) -> tuple[Iterator[Pair], int]:
    """The pairs to prove, and how many there are in all.

    mode: ``full`` is all pairs up to LIMIT and the sample above it, ``sample`` the sample, ``none`` nothing.
    """
    total = count(sites)
    if mode == "none":
        return iter(()), total
    return (every_pair if mode == "full" and total <= LIMIT else sampled_pairs)(sites), total


def count(sites: Sequence[Site]) -> int:
    """How many pairs ``every_pair`` would yield, by arithmetic."""
    total = 0
    everybody = sum(len(site.sandboxes) for site in sites)
    for site in sites:
        for door in endpoint_doors(site):
            if door.witness:
                total += everybody - 1
                continue
            network = site.declared[door.network]
            family = door.address.version
            is_plain = not is_on_wire(network) and has_address(network, family) and gateway_mode(network, family) == "nat" and not network.reachable_from
            total += len(site.sandboxes) if is_plain else sum(1 for _pair in _askers((site,), door))
        for door in published_doors(site):
            total += len(_local_sources(site, door))
            if door.address == site.underlay:
                total += len(sites) - 1
        total += sum(1 for _pair in _ways_out(site))
    return total


def every_pair(sites: Sequence[Site]) -> Iterator[Pair]:
    """Every source at every door where something is declared about it."""
    for site in sites:
        for door in endpoint_doors(site):
            yield from _askers(sites if door.witness else (site,), door)
        for door in published_doors(site):
            yield from ((site, name, door) for name in _local_sources(site, door))
            if door.address == site.underlay:
                yield from ((other, "", door) for other in sites if other is not site)
        yield from _ways_out(site)


def sampled_pairs(sites: Sequence[Site]) -> Iterator[Pair]:
    """Each endpoint once as source and as target, each published port from its host, a neighbour and another host, each way
    that must stay shut from another host, each ordered pair of networks of a host that are isolated from each other."""
    overlays = _overlay_doors(sites)
    for within in overlays.values():
        yield from _over_hosts(sites, within)
    entrances = {network: list(within.values())[0] for network, within in overlays.items()}
    for place, site in enumerate(sites):
        doors: dict[str, list[Door]] = {name: [] for name in sorted(site.declared)}
        for door in endpoint_doors(site):
            doors[door.network].append(door)
        for members in doors.values():
            for i, door in enumerate(members) if not (members and members[0].witness) else ():
                sources = [members[i - 1].sandbox, ""] if len(members) > 1 else [""]
                yield from [(site, source, door) for source in sources if expected(site, source, door)][:1]
        yield from _isolated(site, doors, entrances)
        other = sites[(place + 1) % len(sites)]
        for nth, door in enumerate(published_doors(site)):
            local = _local_sources(site, door)
            yield from ((site, name, door) for name in local[:1])
            if len(local) > 1:
                yield site, local[1 + nth % (len(local) - 1)], door
            if door.address == site.underlay and other is not site:
                yield other, "", door
        yield from _ways_out(site)


def _askers(sites: Sequence[Site], door: Door) -> Iterator[Pair]:
    """Every source on these hosts that something is declared about at the address of a sandbox."""
    for site in sites:
        for name in ("", *site.sandboxes):
            if (site.host, name) != (door.host, door.sandbox) and expected(site, name, door):
                yield site, name, door


def _overlay_doors(sites: Sequence[Site]) -> dict[str, dict[tuple[str, str], Door]]:
    """The doors of each overlay by (host, sandbox), in order."""
    doors: dict[str, dict[tuple[str, str], Door]] = {}
    for site in sites:
        for door in endpoint_doors(site):
            if door.witness:
                doors.setdefault(door.network, {})[door.host, door.sandbox] = door
    return doors


def _over_hosts(sites: Sequence[Site], members: dict[tuple[str, str], Door]) -> Iterator[Pair]:
    """On one overlay, each endpoint once as source and as target, and each two hosts; in a fleet of many, each host with the next alone."""
    at = {site.host: site for site in sites}
    places = list(members)
    # A ring over all hosts: a sandbox alone in its network asks nobody.
    found = {(places[i - 1], places[i]): None for i in range(len(places)) if len(places) > 1}
    first = list({host: (host, name) for host, name in reversed(places)}.values())
    if len(first) ** 2 <= LIMIT:
        found.update({(one, other): None for one in first for other in first if one is not other})
    return ((at[host], name, members[target]) for (host, name), target in found)


def _isolated(site: Site, doors: dict[str, list[Door]], entrances: dict[str, Door]) -> Iterator[Pair]:
    """One pair for each ordered pair of networks, and one for each sandbox that is on no network. entrances: one door of each overlay."""
    found: dict[tuple[str, Door], None] = {}  # one pair may serve for several networks of its source
    asked = [targets[0] for targets in doors.values() if targets]
    asked += [door for door in entrances.values() if door.host != site.host]
    for members in doors.values():
        for target in asked:
            source = next((door.sandbox for door in members if target.network not in site.networks[door.sandbox]), None)
            if source is not None:
                found[source, target] = None
    if asked:
        found.update(((name, asked[0]), None) for name, networks in site.networks.items() if not networks)
    return ((site, source, door) for source, door in found if expected(site, source, door))


def _ways_out(site: Site) -> Iterator[Pair]:
    if site.egress:
        door = site.egress
        yield from ((site, name, door) for name in site.sandboxes if expected(site, name, door))


def _local_sources(site: Site, door: Door) -> list[str]:
    """Who on its own host may ask at a published door: the host first, then sandboxes, whose 127.0.0.0/8 is another one."""
    if door.kind == "shut":
        return []
    return [""] if door.address.is_loopback else ["", *(name for name in site.sandboxes if expected(site, name, door))]
