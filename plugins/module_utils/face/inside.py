# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes when a namespace goes: what is in it, the other ends of its pairs, and what rests on any of that elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from ..state.lost import lost_with
from ..state.objects import Key, Link, Namespace, Object
from .look import look
from .told import Told


def all_that_goes_with(one: Namespace, names: Iterable[str]) -> dict[Key, Object]:
    """It, with all that is on these links, as far as it can be seen from the host and from the namespaces that have ``names``."""
    everywhere = [Link(netns, "", "") for netns in ("", *names)]
    seen = look(Told("", False, ground=everywhere), {})
    gone = lost_with({one.key}, [each for each in seen.objects.values() if isinstance(each, Link)])
    links = [each for key, each in seen.objects.items() if key in gone and isinstance(each, Link)]
    owned = look(Told("vxlan", False, links=links, ground=everywhere), {})
    return {key: each for key, each in owned.objects.items() if key in owned.owned}
