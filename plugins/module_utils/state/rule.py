# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A firewall rule as data, whatever tool carries it into the kernel."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """One rule: every condition that is set must hold, then ``target`` is done.

    Interfaces and addresses may be negated by a leading ``!`` (``!lo``, ``!127.0.0.0/8``). states: conntrack states.
    to: destination of a DNAT, or source of an SNAT (``172.20.0.10:80``).
    """

    target: str
    in_interface: str | None = None
    out_interface: str | None = None
    source: str | None = None
    destination: str | None = None
    local_destination: bool = False
    protocol: str | None = None
    port: int | None = None
    states: tuple[str, ...] = ()
    comment: str | None = None
    to: str | None = None
