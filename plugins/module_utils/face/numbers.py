# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which numbers the kernel takes for the options of links and routes. It would refuse others half-way, cut them, or take another one in silence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..model.problem import Problem

_U32, _HUNDREDTHS = (1 << 32) - 1, (1 << 31) // 100
_LINK = {"id": (0, (1 << 24) - 1), "mtu": (68, 65535), "port": (1, 65535), "priority": (0, 65535), "ttl": (0, 255), "txqlen": (0, _U32)}
_RANGES = {**_LINK, "ageing": (0, _HUNDREDTHS), "forward_delay": (0, 3000), "metric": (0, _U32), "table": (1, _U32)}
_SPANNING_DELAY = (200, 3000)  # net/bridge/br_private.h


def number_problems(params: dict[str, Any], path: str) -> Iterator[Problem]:
    """Every number among the parameters of a link or a route that cannot be. path: where they stand."""
    for name, allowed in _RANGES.items():
        least, most = _SPANNING_DELAY if name == "forward_delay" and params.get("stp") else allowed
        if params.get(name) is not None and not least <= params[name] <= most:
            unit = " of hundredths of a second" if name in ("ageing", "forward_delay") else ""
            yield Problem("", path + name, str(params[name]), f"a number{unit} from {least} to {most} is expected")
