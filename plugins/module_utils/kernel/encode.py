# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of netlink messages, encoded by pyroute2's message classes, which are imported when the first message is made."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import socket
import sys
import types
from typing import Any, Union

from ..state.fault import Fault

# A name of pyroute2 (IFLA_MTU), and a number, a text or, for a nested attribute, what is in it.
Attribute = tuple[str, Union[int, str, tuple[Any, ...]]]
# (kind, flags, body), as the socket sends it.
Message = tuple[int, int, bytes]

_HEADER_BYTES = 16


def message(kind: str, header: dict[str, int], attributes: list[Attribute], netlink_kind: int, flags: int) -> Message:
    """A message whose body the class of pyroute2 with the name ``kind`` encodes."""
    return netlink_kind, flags, body(kind, tuple(header.items()), tuple(attributes))


def index_of(name: str) -> int:
    """The interface index of ``name``; 0 for no interface."""
    if not name:
        return 0
    try:
        return socket.if_nametoindex(name)
    except OSError as error:
        raise Fault(f"interface {name}", "find", "there is none of this name (it vanished in the middle of the run)", "Run again.") from error


# The same few messages (bring eth0 up, the default route of a bridge) come once per namespace.
@functools.lru_cache(maxsize=64)
def body(kind: str, header: tuple[tuple[str, int], ...], attributes: tuple[Attribute, ...]) -> bytes:
    """What the message class ``kind`` (``ifinfmsg``) makes of a header and attributes: all that follows netlink's own header."""
    made = _message_class(kind)()
    for name, value in header:
        made[name] = value
    made["attrs"] = _listed(attributes)
    made.encode()
    return bytes(made.data[_HEADER_BYTES:])


def _listed(attributes: tuple[Attribute, ...]) -> list[list[Any]]:
    """Attributes in the lists and dictionaries that pyroute2 takes."""
    return [[name, {"attrs": _listed(value)} if isinstance(value, tuple) else value] for name, value in attributes]


@functools.cache
def _message_class(kind: str) -> Any:
    name = "pyroute2"
    try:
        found = None if name in sys.modules else importlib.util.find_spec(name)
        if found is not None:
            # The package itself imports all of pyroute2, asyncio with it, five times the time that its message classes take.
            sys.modules[name] = types.ModuleType(name)
            sys.modules[name].__path__ = found.submodule_search_locations or []
        try:
            return getattr(importlib.import_module(f"pyroute2.netlink.rtnl.{kind}"), kind)
        finally:
            if found is not None:
                del sys.modules[name]
    except ImportError as error:
        raise Fault(
            "a message to the kernel",
            "make",
            "the Python library pyroute2 is not installed on this host",
            "Install python3-pyroute2 (role mooring.cnm.host does).",
        ) from error
