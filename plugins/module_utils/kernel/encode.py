# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of netlink messages. pyroute2's message classes, which are imported when the first is made, say what a header has, and the number and form of
an attribute. It is packed here, in a twentieth of the time that the classes take for it.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import socket
import struct
import sys
import types
from collections.abc import Iterable, Mapping
from typing import Any, Callable, Union

from ..state.fault import Fault
from .netlink import attribute

# A name of pyroute2 (IFLA_MTU), and a number or a text.
Attribute = tuple[str, Union[int, str]]
# (kind, flags, body), as the socket sends it.
Message = tuple[int, int, bytes]


def message(kind: str, header: Mapping[str, int], attributes: Iterable[Attribute], netlink_kind: int, flags: int, nested: bytes = b"") -> Message:
    """A message with a body as pyroute2's class with the name ``kind`` has it. nested: further attributes, which are packed already."""
    return netlink_kind, flags, body(kind, header, attributes) + nested


def index_of(name: str) -> int:
    """The interface index of ``name``; 0 for no interface."""
    if not name:
        return 0
    try:
        return socket.if_nametoindex(name)
    except OSError as error:
        raise Fault(f"interface {name}", "find", "there is none of this name (it vanished in the middle of the run)", "Run again.") from error


def body(kind: str, header: Mapping[str, int], attributes: Iterable[Attribute]) -> bytes:
    """What a message of class ``kind`` (``ifinfmsg``) has behind netlink's own header: a header of its own, and attributes."""
    head, fields, rows = _layout(kind)
    packed = (attribute(rows[name][0], _FORMS[rows[name][1]](value)) for name, value in attributes)
    return head.pack(*(header.get(name, 0) for name in fields)) + b"".join(packed)


@functools.cache
def _layout(kind: str) -> tuple[struct.Struct, tuple[str, ...], dict[str, tuple[int, str]]]:
    """What a class says of itself: its header, the names of what is in that, and by the name of each attribute its number and form."""
    told = _message_class(kind)
    head = struct.Struct("=" + "".join(form for _name, form in told.fields))
    return head, tuple(name for name, form in told.fields if form != "x"), {name: (number, form) for number, (name, form) in enumerate(told.nla_map)}


# By the words that pyroute2 has for a form.
_FORMS: dict[str, Callable[[Any], bytes]] = {
    "asciiz": lambda text: text.encode() + b"\0",
    "l2addr": lambda mac: bytes.fromhex(mac.replace(":", "")),
    **dict.fromkeys(("ipaddr", "target"), lambda text: socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)),
    **dict.fromkeys(("netns_fd", "uint32"), struct.Struct("=I").pack),
}


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
        remedy = "Install python3-pyroute2 (role mooring.cnm.host does)."
        raise Fault("a message to the kernel", "make", "the Python library pyroute2 is not installed on this host", remedy) from error
