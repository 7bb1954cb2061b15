# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of each kind of link and of a bridge port, as the kernel's attributes carry them: one row each, for reading and for writing.

The numbers are those of linux/if_link.h, the names those of iproute2, or shorter. Times are in hundredths of a second, as the kernel tells them.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..state.objects import Options, Scalar
from .netlink import Attributes, attribute


@dataclass(frozen=True)
class Row:
    """One option. number: its attribute; number6: that for an IPv6 address. form: of struct, ``ip``, or ``?`` with its width. names: words for the numbers.
    first: what a new link has, not to be asked for, as a kernel may be without the option.
    """

    number: int
    form: str
    number6: int = 0
    names: Mapping[str, int] = field(default_factory=dict)
    first: Scalar | None = None


_FLAG, _FLAG32 = "?B", "?I"
KINDS: dict[str, dict[str, Row]] = {
    "bridge": {
        "ageing": Row(4, "I"),
        "forward_delay": Row(1, "I"),
        "mcast_snooping": Row(23, _FLAG),
        "priority": Row(6, "H"),
        "stp": Row(5, _FLAG32),
        "vlan_filtering": Row(7, _FLAG, first=False),
    },
    "ipvlan": {
        "flag": Row(2, "H", names={"bridge": 0, "private": 1, "vepa": 2}),
        "mode": Row(1, "H", names={"l2": 0, "l3": 1, "l3s": 2}),
    },
    "macvlan": {"mode": Row(1, "I", names={"private": 1, "vepa": 2, "bridge": 4, "passthru": 8, "source": 16})},
    "vlan": {"id": Row(1, "H")},
    "vxlan": {
        "group": Row(2, "ip", 16),
        "id": Row(1, "I"),
        "l2miss": Row(13, _FLAG),
        "l3miss": Row(14, _FLAG),
        "learning": Row(7, _FLAG),
        "local": Row(4, "ip", 17),
        "port": Row(15, ">H"),
        "proxy": Row(11, _FLAG),
        "ttl": Row(5, "B"),
        "udp_csum": Row(18, _FLAG),
    },
}
PORT: dict[str, Row] = {
    "bcast_flood": Row(30, _FLAG),
    "flood": Row(9, _FLAG),
    "hairpin": Row(4, _FLAG),
    "isolated": Row(33, _FLAG),
    "learning": Row(8, _FLAG),
    "mcast_flood": Row(27, _FLAG),
    "neigh_suppress": Row(32, _FLAG),
}
OF_A_PORT = frozenset(row.number for row in PORT.values())
VXLAN_LINK = 3  # the index of the underlay link, in the namespace of the socket


def read_options(rows: Mapping[str, Row], held: Attributes) -> Options:
    """The options among the attributes ``held``, by name; an address that is not set is left out."""
    found = []
    for name, row in rows.items():
        raw = held.get(row.number) or held.get(row.number6 or row.number)
        if raw is not None:
            found.append((name, _read(row, raw)))
    return tuple(found)


def write_options(rows: Mapping[str, Row], options: Options) -> bytes:
    """The attributes for ``options``. An address of no text is left out: the kernel has no word for taking it back."""
    return b"".join(attribute(_number(rows[name], value), _write(rows[name], value)) for name, value in options if value != "")


def _read(row: Row, raw: bytes) -> Scalar:
    if row.form == "ip":
        return socket.inet_ntop(socket.AF_INET6 if len(raw) == 16 else socket.AF_INET, raw)
    if row.form[0] == "?":
        return any(raw)
    number = int(struct.unpack_from("=" + row.form if row.form[0] != ">" else row.form, raw)[0])
    return next((name for name, known in row.names.items() if known == number), number)


def _write(row: Row, value: Scalar) -> bytes:
    if row.form == "ip":
        return socket.inet_pton(socket.AF_INET6 if ":" in str(value) else socket.AF_INET, str(value))
    number = row.names[str(value)] if row.names else int(value)
    form = row.form.lstrip("?")
    return struct.pack(form if form[0] == ">" else "=" + form, number)


def _number(row: Row, value: Scalar) -> int:
    return row.number6 if row.form == "ip" and ":" in str(value) else row.number
