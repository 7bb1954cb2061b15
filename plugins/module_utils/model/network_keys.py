# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every driver says of the keys that its networks may have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .values import Reader


@dataclass(frozen=True)
class NetworkKeys:
    """The keys of one driver's networks, beside those that networks of all drivers have.

    readers: how each key is read; the result is the field of Network with that name. driver_opts: Docker's keys under ``driver_opts``,
    and the typed key that means the same. not_yet: known and refused, typed or under ``driver_opts``. scopes: those that are possible, the default first.
    fields: where a key's field of Network has another name; empty: what it says is dropped. most_subnets: how many entries of one family
    ``ipam.config`` may have. bare: whether nothing of ours is the gateway, so that there is none unless one is declared.
    """

    readers: Mapping[str, Reader]
    driver_opts: Mapping[str, str] = field(default_factory=dict)
    not_yet: frozenset[str] = frozenset()
    scopes: tuple[str, ...] = ("host",)
    fields: Mapping[str, str] = field(default_factory=dict)
    most_subnets: int = 1
    bare: bool = False
