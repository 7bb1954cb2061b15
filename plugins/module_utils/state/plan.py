# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what stands to what should: the operations, in the order in which they are safe."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .difference import another_thing, differences, merged
from .lost import lost_routes
from .objects import Address, HostState, Key, Link, Namespace, Object, Route, Sysctl
from .op import Op
from .order import in_order
from .rename import new_names, renamed, renames, under_new_name


@dataclass(frozen=True)
class Plan:
    """ops: what to do, in order. clashes: foreign objects that stand where ours should."""

    ops: tuple[Op, ...] = ()
    clashes: tuple[Object, ...] = ()


def plan(current: HostState, desired: HostState) -> Plan:
    """The way from ``current`` to ``desired``. Only what ``current`` owns is changed or removed."""
    clashes = tuple(one for key, one in sorted(current.objects.items()) if key in desired.objects and key not in current.owned)
    if clashes:
        return Plan(clashes=clashes)
    ours = {key: current.objects[key] for key in current.owned}

    moves = renames(ours, desired.objects)
    names, moving, taken = new_names(moves), {before.key for before, _after in moves}, {after.key for _before, after in moves}
    standing = {key: under_new_name(one, names) for key, one in ours.items() if isinstance(one, (Link, Namespace)) and key not in moving}
    doomed = {key for key, one in standing.items() if key in taken or (one is not None and _must_go(one, desired))}
    ops = [Op("remove", before=ours[key]) for key in doomed if not _goes_by_itself(ours[key], doomed)]
    ours = {key: one for key, one in ours.items() if key not in doomed and not _rests_on(one, doomed)}

    ops.extend(Op("remove", before=one) for one in ours.values() if _stays_behind(one, names, desired))
    ops.extend(Op("rename", before=before, after=after) for before, after in moves)
    ours = renamed(ours, moves)

    gone = {key for key, one in ours.items() if _must_go(one, desired)}
    ops.extend(Op("remove", before=ours[key]) for key in gone)
    left = {key: one for key, one in ours.items() if key not in gone}
    lost = lost_routes(ours.values(), left.values())
    ours = {key: one for key, one in left.items() if key not in lost}

    ops.extend(_creations_and_changes(ours, desired.objects))
    return Plan(ops=in_order(ops))


def _stays_behind(one: Object, names: dict[tuple[str, str], str], desired: HostState) -> bool:
    """Whether ``one`` is a route through a link that is renamed, and not wanted afterwards: from 6.2 on the kernel would keep it."""
    if not isinstance(one, Route) or not one.link or (one.netns, one.link) not in names:
        return False
    return replace(one, link=names[(one.netns, one.link)]).key not in desired.objects


def _must_go(one: Object, desired: HostState) -> bool:
    if isinstance(one, Sysctl):
        return False
    wanted = desired.objects.get(one.key)
    return wanted is None or another_thing(one, wanted)


def _creations_and_changes(stands: dict[Key, Object], wanted: dict[Key, Object]) -> list[Op]:
    ops: list[Op] = []
    born: dict[Key, Object] = {}
    for key in sorted(wanted):
        if key in stands or key in born:
            continue
        one = wanted[key]
        peer = wanted.get(("link", *one.peer)) if isinstance(one, Link) and one.peer is not None else None
        ends = [_born(end) for end in (one, peer) if end is not None]
        born.update({end.key: end for end in ends})
        ops.append(Op("create", after=ends[0], peer=next((end for end in ends[1:] if isinstance(end, Link)), None)))
    for key in sorted(wanted):
        ops.extend(_changes(born.get(key) or stands[key], wanted[key]))
    return ops


def _born(one: Object) -> Object:
    """What creation makes. A link inside a sandbox comes up later, when it has its address, so that it is announced."""
    return replace(one, up=False) if isinstance(one, Link) and one.netns else one


def _changes(now: Object, wanted: Object) -> list[Op]:
    """At most two steps for one object: all its attributes, and then, for a link, whether it is up."""
    if not differences(now, wanted):
        return []
    after = merged(now, wanted)
    if not isinstance(now, Link) or not isinstance(after, Link) or now.up == after.up:
        return [Op("change", before=now, after=after)]
    still = replace(after, up=now.up)
    first = [Op("change", before=now, after=still)] if differences(now, still) else []
    return [*first, Op("change", before=still, after=after)]


def _rests_on(one: Object, gone: set[Key]) -> bool:
    """Whether ``one`` vanishes with something in ``gone``: what is in a namespace, the other end, what is on a link."""
    netns = getattr(one, "netns", "")
    if netns and ("namespace", netns) in gone:
        return True
    if isinstance(one, Link):
        return one.peer is not None and ("link", *one.peer) in gone
    if isinstance(one, (Address, Route, Sysctl)):
        return one.link is not None and ("link", one.netns, one.link) in gone
    return False


def _goes_by_itself(one: Object, doomed: set[Key]) -> bool:
    """Whether another removal already removes ``one``. Of a pair the first end is removed, which is the host's."""
    if isinstance(one, Link) and one.peer is not None:
        other = ("link", *one.peer)
        return other in doomed and other < one.key
    return _rests_on(one, doomed)
