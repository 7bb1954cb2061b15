# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the path of a problem leads to something in the variables, so that a person finds what to mend."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.mooring.cnm.plugins.module_utils.model.report import shown

INDEX = re.compile(r"\[([0-9]+)\]")
# The end of a path whose last key is not there: the key that is missing, or the keys that would lead to it.
MISSING = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+|\[0\])*")


def leads_somewhere(path: str, variables: dict[str, Any]) -> bool:
    """Whether ``path`` is the place of a value in ``variables``, or of a key that could be there and is not."""
    return _follow(path, variables, 0)


def _follow(rest: str, value: Any, depth: int) -> bool:
    if not rest:
        return True
    index = INDEX.match(rest)
    if index and isinstance(value, (list, tuple)) and int(index[1]) < len(value):
        return _follow(rest[index.end() :], value[int(index[1])], depth + 1)
    if depth:
        if not rest.startswith("."):
            return False
        rest = rest[1:]
    # The names in a list of networks are keys as well: each could have been written with options.
    items = value.items() if isinstance(value, dict) else [(one, None) for one in value if isinstance(one, str)] if isinstance(value, list) else []
    for key, inner in items:
        name = shown(key)
        if rest.startswith(name) and rest[len(name) : len(name) + 1] in ("", ".", "[") and _follow(rest[len(name) :], inner, depth + 1):
            return True
    return depth > 0 and (value is None or isinstance(value, dict)) and MISSING.fullmatch(rest) is not None
