# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's own firewall lets in what the other hosts of an overlay send, and nobody else: accepts beside the rules of others that may drop it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from ..state.chain import Chain, Jump
from ..state.ground import Ground
from ..state.rule import Rule
from ..state.tag import chain_name
from .place import UNDERLAY, Place


def openings(rules: Mapping[Place, tuple[Rule, ...]], fleet: str, ground: Ground) -> Iterator[Chain | Jump]:
    """In iptables a chain of ours, so that only datagrams to these ports pass its rules; in tables of others and in firewalld the accepts themselves."""
    mark, own = f"cnm:{fleet}", chain_name(fleet, UNDERLAY.name)
    for family, form, table, chain in ground.closed:
        accepts = tuple(_merged(rules.get(replace(UNDERLAY, family=family), ())))
        if not accepts:
            continue
        if form not in ("nft", "legacy"):
            yield Jump(family, table, chain, "ACCEPT", tuple(replace(rule, comment=mark) for rule in accepts), "first", form)
            continue
        yield Chain(family, table, own, accepts, form)
        ports = sorted({(rule.protocol, rule.port) for rule in accepts})
        ways = tuple(Rule(own, protocol=protocol, port=port, comment=mark) for protocol, port in ports)
        yield Jump(family, table, chain, own, ways, "first", form)


def _merged(rules: Iterable[Rule]) -> Iterator[Rule]:
    """The same with as few rules as their sources allow: addresses that together are a whole prefix are one."""
    sources: dict[Rule, list[IPv4Network | IPv6Network]] = {}
    for rule in rules:
        sources.setdefault(replace(rule, source=None), []).append(ip_network(str(rule.source)))
    for rule, addresses in sorted(sources.items(), key=lambda one: (str(one[0].destination), str(one[0].port))):
        for prefix in collapse_addresses(addresses):  # type: ignore[type-var]
            yield replace(rule, source=str(prefix) if prefix.prefixlen < prefix.max_prefixlen else str(prefix.network_address))
