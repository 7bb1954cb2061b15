# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether there is anything to do, which takes less than to say what."""

from __future__ import annotations

from .difference import differences
from .fit import fitted
from .objects import HostState


def is_settled(current: HostState, desired: HostState) -> bool:
    """Whether all that is desired stands as it should, is ours, and is all that is ours: then ``plan`` finds nothing to do and nothing in the way."""
    desired = fitted(desired, current)
    if not desired.objects.keys() <= current.owned or any(key not in desired.objects and key[0] != "sysctl" for key in current.owned):
        return False
    return not any(wanted != current.objects[key] and differences(current.objects[key], wanted) for key, wanted in desired.objects.items())
