# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What should stand, made definite by what stands: what a declaration can say only in relation to the host."""

from __future__ import annotations

from dataclasses import replace

from .objects import HostState, Key, Link, Object


def fitted(desired: HostState, current: HostState) -> HostState:
    """``desired`` without the links that somebody else has made there already, and with the MTUs that follow from parents."""
    taken = {key for key, one in desired.objects.items() if isinstance(one, Link) and one.yields and key in current.objects and key not in current.owned}
    following = [one for one in desired.objects.values() if isinstance(one, Link) and one.mtu_of_parent]
    if not taken and not following:
        return desired
    objects = {key: one for key, one in desired.objects.items() if key not in taken}
    for one in following:
        objects[one.key] = replace(one, mtu=_mtu_below(one, objects, current.objects))
    return HostState(objects, desired.owned - taken)


def _mtu_below(link: Link, desired: dict[Key, Object], current: dict[Key, Object]) -> int | None:
    """The MTU of the first link below that has one; None where nothing is known of any."""
    at = link.parent
    while at is not None:
        wanted, stands = desired.get(("link", *at)), current.get(("link", *at))
        for one in (wanted, stands):
            if isinstance(one, Link) and one.mtu is not None:
                return one.mtu
        at = wanted.parent if isinstance(wanted, Link) else None
    return None
