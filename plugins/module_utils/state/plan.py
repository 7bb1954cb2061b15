# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what stands to what should: the operations, in the order in which they are safe."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

from .difference import another_thing, differences, merged
from .entry import Entries
from .fit import fitted
from .lost import lost_routes, lost_with
from .objects import Address, HostState, Key, Link, Namespace, Object, Route, Sysctl
from .op import Op
from .order import RULES, in_order
from .queue import Redirect
from .rename import is_set_anew, new_names, renamed, renames, under_new_name

# Links that share what they rest on.
SHARING = ("ipvlan", "macvlan")
_Any = TypeVar("_Any", bound=Object)


@dataclass(frozen=True)
class Plan:
    """ops: what to do, in order. clashes: foreign objects that stand where ours should, and what of ours others hold fast."""

    ops: tuple[Op, ...] = ()
    clashes: tuple[Object, ...] = ()


def plan(current: HostState, desired: HostState) -> Plan:
    """The way from ``current`` to ``desired``. Only what ``current`` owns is changed or removed."""
    desired = fitted(desired, current)
    foreign = desired.objects.keys() - current.owned
    clashes = tuple(one for key, one in sorted(current.objects.items()) if key in foreign or getattr(one, "silent", False))
    if clashes:
        return Plan(clashes=clashes)
    ours = {key: current.objects[key] for key in current.owned}

    moves = renames(ours, desired.objects)
    names, moving, taken = new_names(moves), {before.key for before, _after in moves}, {after.key for _before, after in moves}
    standing = {key: under_new_name(one, names) for key, one in ours.items() if isinstance(one, (Link, Namespace)) and key not in moving}
    hindering, turns = _in_the_way(ours, desired.objects)
    doomed = {key for key, one in standing.items() if key in taken or key in hindering or (one is not None and _must_go(one, desired))}
    lost = lost_with(doomed, ours.values())
    ops = [Op("remove", before=ours[key]) for key in lost if not _goes_by_itself(ours[key], doomed, lost, hindering)]
    ours = {key: one for key, one in ours.items() if key not in lost}
    if lost:  # What went with something else needs no new name.
        moves = renames(ours, desired.objects)
        names = new_names(moves)

    behind = {key: one for key, one in ours.items() if _stays_behind(one, names, desired)}
    ops.extend(Op("remove", before=one) for one in behind.values())
    ops.extend(Op("rename", before=before, after=after) for before, after in moves)
    ours = renamed({key: one for key, one in ours.items() if key not in behind}, moves)

    gone = {key for key, one in ours.items() if _must_go(one, desired)}
    held = tuple(one for key, one in sorted(ours.items()) if key in gone and getattr(one, "containers", False))
    if held:
        return Plan(clashes=held)
    ops.extend(Op("remove", before=ours[key]) for key in gone)
    left = {key: one for key, one in ours.items() if key not in gone}
    bare = lost_routes(ours.values(), left.values())
    ours = {key: one for key, one in left.items() if key not in bare}

    ops.extend(_creations_and_changes(ours, desired.objects))
    if any(op.subject.key[0] in RULES for op in ops):
        from .forget import forget

        ops.extend(forget(ops))
    return Plan(ops=in_order(ops, current.objects, turns))


def _in_the_way(stands: dict[Key, Object], wanted: dict[Key, Object]) -> tuple[set[Key], dict[str, int]]:
    if not any(isinstance(one, Link) and one.kind in SHARING for one in stands.values()):
        return set(), {}
    from .in_the_way import in_the_way

    return in_the_way(stands, wanted)


def _stays_behind(one: Object, names: dict[tuple[str, str], str], desired: HostState) -> bool:
    """Whether ``one`` is on a link that is renamed, and not wanted there afterwards: from 6.2 on the kernel would keep it. What is set anew or leads to
    another link goes before the rename, under the old name.
    """
    if not isinstance(one, (Address, Entries, Redirect, Route)) or not one.link or (one.netns, one.link) not in names:
        return False
    kept = replace(one, link=names[(one.netns, one.link)])
    if isinstance(kept, Redirect):
        return replace(kept, to=names.get((kept.netns, kept.to), kept.to)) != desired.objects.get(kept.key)
    return is_set_anew(one) and (kept.key not in desired.objects or (isinstance(one, Entries) and kept != desired.objects[kept.key]))


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
        first = _born(one)
        # The kernel takes no flags for the other end while it makes a pair.
        end = replace(_born(peer), up=False, promisc=False if peer.promisc else peer.promisc) if isinstance(peer, Link) else None
        ops.append(Op("create", after=first, peer=end))
        born.update({each.key: each for each in (first, end) if each is not None})
    for key in sorted(wanted):
        ops.extend(_changes(born.get(key) or stands[key], wanted[key]))
    return ops


def _born(one: _Any) -> _Any:
    """What creation makes. A link inside a sandbox comes up later, when it has its address, so that it is announced.

    So does one that gets no mark: until then it has the group of ours, so that a killed run's is known to be unfinished.
    """
    if not isinstance(one, Link) or (one.tag is not None and not one.netns):
        return one
    return replace(one, up=False, tag="" if one.tag is None and one.up else one.tag)


def _changes(now: Object, wanted: Object) -> list[Op]:
    """At most two steps for one object: all its attributes, and then, for a link, whether it is up."""
    if now == wanted or not differences(now, wanted):  # most are equal
        return []
    after = merged(now, wanted)
    if not isinstance(now, Link) or not isinstance(after, Link) or not isinstance(wanted, Link) or now.up == after.up:
        return [Op("change", before=now, after=after)]
    still = replace(after, up=now.up)
    first = [Op("change", before=now, after=still)] if differences(now, still) else []
    return [*first, Op("change", before=still, after=replace(after, tag=wanted.tag) if now.tag == "" else after)]


def _goes_by_itself(one: Object, doomed: set[Key], lost: set[Key], hindering: set[Key]) -> bool:
    """Whether ``one``, which will be lost, needs no removal of its own. Of a pair the first end is removed, which is the host's.

    Namespaces go last, and the kernel clears them away some time later: a VNI in there, a link elsewhere that rests on one in there, and what
    others on a parent need is in the way until then.
    """
    if not isinstance(one, Link):
        return one.key not in doomed
    if ("namespace", one.netns) in lost:
        return one.kind != "vxlan" and one.key not in hindering
    if any(at is not None and ("namespace", at[0]) in lost for at in (one.peer, one.parent)):
        return False
    other = ("link", *one.peer) if one.peer is not None else one.key
    return one.key not in doomed or (other in doomed and other < one.key)
