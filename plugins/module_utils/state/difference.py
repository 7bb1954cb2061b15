# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which attributes two pictures of one object differ, and which of those the kernel can change in place."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from .objects import Link, Namespace, Object, Options, Scalar

# What a link is born with and keeps: another value means another link.
BORN_WITH = ("kind", "peer", "parent")
# The same of the options of a kind. linux: vxlan_nl2conf, vlan_changelink.
OPTIONS_BORN_WITH: dict[str, tuple[str, ...]] = {"vlan": ("id",), "vxlan": ("id", "port", "proxy", "l2miss", "l3miss", "udp_csum")}


@dataclass(frozen=True)
class Difference:
    """One attribute with what stands and what should (as text for the reader)."""

    attribute: str
    before: object
    after: object


def merged(current: Object, desired: Object) -> Object:
    """``desired``, completed by what ``current`` has in the attributes that ``desired`` leaves alone."""
    values = {}
    for one in fields(desired):
        wanted, stands = getattr(desired, one.name), getattr(current, one.name)
        if one.name in ("options", "port"):
            wanted = tuple(sorted({**dict(stands), **dict(wanted)}.items()))
        values[one.name] = stands if wanted is None else wanted
    return replace(desired, **values)


def differences(before: Object, after: Object) -> tuple[Difference, ...]:
    """What must change so that ``before`` becomes ``after``, attribute by attribute."""
    found: list[Difference] = []
    for one in fields(after):
        if not one.compare:
            continue
        stands, wanted = getattr(before, one.name), getattr(after, one.name)
        if one.name in ("options", "port"):
            found.extend(_option_differences(stands, wanted))
        elif wanted is not None and stands != wanted:
            found.append(Difference(one.name, stands, wanted))
    return tuple(found)


def another_thing(current: Object, desired: Object) -> bool:
    """Whether ``current`` cannot become ``desired`` in place, so that it has to go first."""
    if isinstance(current, Namespace) and isinstance(desired, Namespace):
        return current.joins != desired.joins
    if current.key[0] == "engine":
        return bool(differences(current, desired))
    if not isinstance(current, Link) or not isinstance(desired, Link):
        return False
    if current.tag and desired.tag and current.tag != desired.tag:
        return True
    return any(getattr(desired, name) not in (None, getattr(current, name)) for name in BORN_WITH) or _has_other_nature(current, desired)


def _has_other_nature(current: Link, desired: Link) -> bool:
    stands = dict(current.options)
    for name, wanted in desired.options:
        now = stands.get(name)
        if now != wanted and (name in OPTIONS_BORN_WITH.get(desired.kind, ()) or (desired.kind == "macvlan" and "passthru" in (now, wanted))):
            return True
        # A vxlan sends over the family of IP that it was born with.
        if name == "local" and now and (":" in str(now)) is not (":" in str(wanted)):
            return True
    return False


def _option_differences(before: Options, after: Options) -> tuple[Difference, ...]:
    stands: dict[str, Scalar] = dict(before)
    found = []
    for name, wanted in after:
        now: Scalar | None = stands.get(name)
        if now != wanted:
            found.append(Difference(name, now, wanted))
    return tuple(found)
