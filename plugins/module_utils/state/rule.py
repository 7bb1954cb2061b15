# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A firewall rule as data, whatever tool carries it into the kernel."""

from __future__ import annotations

import re
from dataclasses import dataclass

# What nftables calls the families of iptables.
NFT_FAMILIES = {"ipv4": "ip", "ipv6": "ip6"}
_COMMENT = re.compile(r'--comment (?:"((?:[^"\\]|\\.)*)"|(\S+))')


@dataclass(frozen=True)
class Rule:
    """One rule: every condition that is set must hold, then ``target`` is done.

    Interfaces and addresses may be negated by a leading ``!`` (``!lo``, ``!127.0.0.0/8``). states: conntrack states.
    to: destination of a DNAT, or source of an SNAT (``172.20.0.10:80``). port: a number, or a range as ``5000:5005``.

    original_destination, original_port: where the packet was sent before any DNAT. direction: ``ORIGINAL``, from who began the connection.
    source_set, destination_set: names of ipsets, which may be negated too, as may the ranges (``192.0.2.1-192.0.2.9``).
    limit: how often the rule matches at most (``10/sec``), after burst packets at once. log_prefix, reject_with: of the targets LOG and REJECT.
    """

    target: str
    in_interface: str | None = None
    out_interface: str | None = None
    source: str | None = None
    destination: str | None = None
    local_destination: bool = False
    protocol: str | None = None
    port: int | str | None = None
    states: tuple[str, ...] = ()
    comment: str | None = None
    to: str | None = None
    source_range: str | None = None
    destination_range: str | None = None
    source_set: str | None = None
    destination_set: str | None = None
    original_destination: str | None = None
    original_port: str | None = None
    direction: str | None = None
    limit: str | None = None
    burst: str | None = None
    log_prefix: str | None = None
    reject_with: str | None = None

    @property
    def said(self) -> str:
        """The comment, also that of somebody else's rule, which is kept under its own text."""
        found = _COMMENT.search(self.target)
        return self.comment or (re.sub(r"\\(.)", r"\1", found[1] or found[2]) if found else "")
