# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pairs are proven: all of a small fleet, a fixed sample of a large one. Nothing here grows with the square of the fleet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..model.declaration import IPNetwork
from .askers import askers, local_sources, ways_out
from .expect import Pair, expected
from .how_many import count
from .on_wire import subnet_on_wire
from .row import Place
from .site import Door, Group, Site, endpoint_doors, published_doors

LIMIT = 2500


def choose(sites: Sequence[Site], mode: str) -> tuple[Iterator[Pair], int]:
    """The pairs to prove, and how many there are in all.

    mode: ``full`` is all pairs up to LIMIT and the sample above it, ``sample`` the sample, ``none`` nothing.
    """
    total = count(sites)
    if mode == "none":
        return iter(()), total
    return (every_pair if mode == "full" and total <= LIMIT else sampled_pairs)(sites), total


def every_pair(sites: Sequence[Site]) -> Iterator[Pair]:
    """Every source at every door where something is declared about it."""
    for site in sites:
        for door in endpoint_doors(site):
            yield from askers(sites if door.is_wide else (site,), door)
        for door in published_doors(site):
            yield from ((site, name, door) for name in local_sources(site, door))
            if door.address == site.underlay:
                yield from ((other, "", door) for other in sites if other is not site)
        yield from ways_out(site)


def sampled_pairs(sites: Sequence[Site]) -> Iterator[Pair]:
    """Each endpoint once as source and as target, each published port from its host, a neighbour and another host, each way
    that must stay shut from another host, each ordered pair of networks of a host that are isolated from each other."""
    asking: set[Place] = set()
    asked: set[Door] = set()
    for site, name, door in _beside_each_other(sites):
        asking.add((site.host, name))
        asked.update([door] if door.witness else ())
        yield site, name, door
    yield from _alone(sites, asking, asked)


def _beside_each_other(sites: Sequence[Site]) -> Iterator[Pair]:
    wide = _wide_doors(sites)
    for within in wide.values():
        yield from _over_hosts(sites, within)
    entrances = [list(within.values())[0] for within in wide.values()]
    for place, site in enumerate(sites):
        doors: dict[Group, list[Door]] = {}
        for door in sorted(endpoint_doors(site), key=lambda one: one.group):
            doors.setdefault(door.group, []).append(door)
        for members in doors.values():
            for i, door in enumerate(members):
                # In a network of the fleet the ring above has asked from sandboxes.
                sources = [members[i - 1].sandbox, ""] if len(members) > 1 and not door.is_wide else [""]
                yield from [(site, source, door) for source in sources if expected(site, source, door)][:1]
        yield from _isolated(site, doors, entrances)
        other = sites[(place + 1) % len(sites)]
        for nth, door in enumerate(published_doors(site)):
            local = local_sources(site, door)
            yield from ((site, name, door) for name in local[:1])
            if len(local) > 1:
                yield site, local[1 + nth % (len(local) - 1)], door
            if door.address == site.underlay and other is not site:
                yield other, "", door
        yield from ways_out(site)


def _alone(sites: Sequence[Site], asking: set[Place], asked: set[Door]) -> Iterator[Pair]:
    """On a wire, perhaps nothing is declared about any neighbour: then an endpoint asks elsewhere, and others ask there, most of them in vain."""
    outsiders: dict[tuple[Group, IPNetwork | None], tuple[Site, str] | None] = {}
    first: dict[str, dict[Group, Door]] = {site.host: {} for site in sites}
    for site in sites:
        for door in endpoint_doors(site):
            first[site.host].setdefault(door.group, door)
            if not door.witness or door in asked or door.declared is None:
                continue
            source = next(((site, name) for name in site.sandboxes if name != door.sandbox and expected(site, name, door)), None)
            key = door.group, subnet_on_wire(door.declared, door.address)
            if source is None and key not in outsiders:
                others = ((one, name) for one in (sites if door.is_wide else ()) for name in one.sandboxes if door.network not in one.networks[name])
                outsiders[key] = next((one for one in others if expected(*one, door)), None)
            source = source or outsiders[key]
            if source is not None:
                asking.add((source[0].host, source[1]))
                yield (*source, door)
    wide = {door.group: door for doors in reversed(first.values()) for door in doors.values() if door.is_wide}
    for site in sites:
        for name in (one for one in site.sandboxes if (site.host, one) not in asking):
            targets = (door for door in {**wide, **first[site.host]}.values() if (door.host, door.sandbox) != (site.host, name))
            yield from [(site, name, door) for door in targets if expected(site, name, door)][:1]


def _wide_doors(sites: Sequence[Site]) -> dict[Group, dict[Place, Door]]:
    """The doors of each group in a network of the fleet by (host, sandbox), in order."""
    doors: dict[Group, dict[Place, Door]] = {}
    for site in sites:
        for door in endpoint_doors(site):
            if door.is_wide:
                doors.setdefault(door.group, {})[door.host, door.sandbox] = door
    return doors


def _over_hosts(sites: Sequence[Site], members: dict[Place, Door]) -> Iterator[Pair]:
    """In one network of the fleet, each endpoint once as source and as target, and each two hosts; in a fleet of many, each host with the next alone."""
    at = {site.host: site for site in sites}
    on_host: dict[str, list[Place]] = {}
    for place in members:
        on_host.setdefault(place[0], []).append(place)
    hosts = list(on_host.values())
    found: dict[tuple[Place, Place], None] = {}
    # A ring over all hosts: a sandbox alone in its network asks nobody.
    for nth, own in enumerate(hosts):
        for rank, place in enumerate(own):
            for step in (-1, 1):
                there = hosts[(nth + step) % len(hosts)]
                next_one = own[rank + step] if 0 <= rank + step < len(own) else there[min(step, 0)]
                # On a wire nothing may be declared about the next one: then it is another on the host, or on the next host.
                others = (next_one, own[(rank + step) % len(own)], there[rank % len(there)])
                pairs = [(place, other) if step > 0 else (other, place) for other in others if other != place]
                found.update(dict.fromkeys([pair for pair in pairs if expected(at[pair[0][0]], pair[0][1], members[pair[1]])][:1]))
    first = [own[0] for own in hosts]
    if len(first) ** 2 <= LIMIT:
        found.update({(one, other): None for one in first for other in first if one is not other})
    every = ((at[host], name, members[target]) for (host, name), target in found)
    return (pair for pair in every if expected(*pair))


def _isolated(site: Site, doors: dict[Group, list[Door]], entrances: list[Door]) -> Iterator[Pair]:
    """One pair for each ordered pair of networks, and one for each sandbox that is on no network. entrances: one door of each network of the fleet."""
    found: dict[tuple[str, Door], None] = {}  # one pair may serve for several networks of its source
    asked = [targets[0] for targets in doors.values()]
    asked += [door for door in entrances if door.host != site.host]
    for members in doors.values():
        for target in asked:
            outside = (door.sandbox for door in members if target.network not in site.networks[door.sandbox])
            source = next((name for name in outside if expected(site, name, target)), None)
            if source is not None:
                found[source, target] = None
    for name, networks in site.networks.items():
        found.update({(name, target): None for target in [one for one in asked if not networks and expected(site, name, one)][:1]})
    return ((site, source, door) for source, door in found)
