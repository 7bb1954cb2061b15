# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kinds of link the kernel of this host cannot make. Nothing is made, and no module is loaded, to find that out."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterable

from .netlink import Refused, RouteSocket

_RTM_NEWLINK, _EXCLUSIVE_CREATION = 16, 0x600
_IFLA_ADDRESS, _IFLA_LINKINFO, _INFO_KIND = 1, 18, 1
_IFINFOMSG = 16  # bytes
_LISTS = ("modules.builtin", "modules.dep")


def missing_kinds(modules: Iterable[tuple[str, str]]) -> list[str]:
    """The kinds that cannot be made. modules: (kind, module of the kernel) of each that is wanted."""
    unknown = [(kind, module) for kind, module in modules if not os.path.exists(f"/sys/module/{module}")]
    listed = _listed_modules() if unknown else ""
    found = []
    for kind, module in unknown:
        # What the kernel could load it loads when a link is made; to be asked for it would load it now.
        if f"/{module}.ko" not in listed and not _is_known(kind):
            found.append(kind)
    return found


def _listed_modules() -> str:
    """The modules that are part of this kernel, or lie on the disk for it."""
    text = ""
    for name in _LISTS:
        try:
            with open(f"/lib/modules/{os.uname().release}/{name}", encoding="utf-8") as file:
                text += file.read().replace("-", "_")
        except OSError:
            continue
    return text


def _is_known(kind: str) -> bool:
    """Ask for a link of a kind that none can be: its MAC has one byte. The kernel looks for the kind first."""
    body = bytes(_IFINFOMSG) + _attribute(_IFLA_ADDRESS, b"\0") + _attribute(_IFLA_LINKINFO, _attribute(_INFO_KIND, kind.encode() + b"\0"))
    try:
        with RouteSocket() as netlink:
            netlink.send([(_RTM_NEWLINK, _EXCLUSIVE_CREATION, body)])
    except Refused as error:
        return error.errno != errno.EOPNOTSUPP
    return True


def _attribute(number: int, value: bytes) -> bytes:
    return struct.pack("=HH", len(value) + 4, number) + value + bytes(-len(value) % 4)
