# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fleet owns in a picture of a host, sorted to where it is looked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv6Interface, ip_interface
from typing import Union

from ..state.chain import Chain, Table
from ..state.engine import EngineNetwork
from ..state.entry import Entries, Pair
from ..state.objects import Address, File, HostState, Link, Namespace, Route, Sysctl
from ..state.queue import Queue, Redirect
from ..state.rule import Rule
from ..state.tag import Tag, chain_name, read_tag
from .place import Place
from .setting import setting_name

Interface = Union[IPv4Interface, IPv6Interface]
DEFAULT_ROUTES = {4: "default", 6: "::/0"}


def sort_out(state: HostState) -> Found:
    """Look through a picture once."""
    found = Found()
    found.mtus = {one.name: one.mtu for one in state.objects.values() if isinstance(one, Link) and not one.netns and one.mtu is not None}
    for key in sorted(state.owned):
        one = state.objects[key]
        if isinstance(one, Namespace):
            owner = read_tag(one.tag)
            if owner is not None and owner.role == "sandbox":
                found.namespaces.append(one)
        elif isinstance(one, Link):
            owner = read_tag(one.tag)
            if owner is not None:
                found.links.setdefault(owner.role, []).append((one, owner))
                if owner.role == "endpoint":
                    found.endpoints.setdefault(one.netns, []).append((one, owner))
        elif isinstance(one, Address):
            found.addresses.setdefault((one.netns, one.link), []).append(ip_interface(one.address))
        elif isinstance(one, Route) and one.destination in DEFAULT_ROUTES.values() and (one.metric, one.table, one.type) == (0, 254, "unicast"):
            found.ways_out[one.netns, 4 if one.destination == "default" else 6] = one
        elif isinstance(one, Route):
            found.routes.setdefault(one.netns, []).append(one)
        elif isinstance(one, Queue):
            found.queues[one.netns, one.link] = one
        elif isinstance(one, Redirect):
            found.redirects[one.netns, one.link] = one.to
        elif isinstance(one, Sysctl):
            found.settings.setdefault(one.netns, []).append((setting_name(one.name), one.value))
        elif isinstance(one, Entries):
            found.entries.setdefault((one.netns, one.table), set()).update(one.pairs)
        elif isinstance(one, EngineNetwork):
            found.engine[one.name] = one
        elif isinstance(one, File):
            found.files[one.path] = one.content
        elif isinstance(one, (Chain, Table)):
            for chain in one.parts if isinstance(one, Table) else (one,):
                if isinstance(chain, Chain):
                    found.rules[(chain.family, chain.table, chain.name)] = chain.rules
    return found


@dataclass
class Found:
    """namespaces of sandboxes; links by role and, for endpoints, by namespace, each with its mark; addresses by namespace and link;
    ways_out: the default routes by namespace and family; the other routes by namespace; queues, and where redirections lead, by namespace and
    link; mtus: of links of the host, others' too, by name; settings by namespace; entries by namespace and table, of all its links; files by
    path; rules by family, table and chain. engine: what Docker knows, by name.
    """

    namespaces: list[Namespace] = field(default_factory=list)
    links: dict[str, list[tuple[Link, Tag]]] = field(default_factory=dict)
    endpoints: dict[str, list[tuple[Link, Tag]]] = field(default_factory=dict)
    addresses: dict[tuple[str, str], list[Interface]] = field(default_factory=dict)
    ways_out: dict[tuple[str, int], Route] = field(default_factory=dict)
    mtus: dict[str, int] = field(default_factory=dict)
    routes: dict[str, list[Route]] = field(default_factory=dict)
    queues: dict[tuple[str, str], Queue] = field(default_factory=dict)
    redirects: dict[tuple[str, str], str] = field(default_factory=dict)
    settings: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    entries: dict[tuple[str, str], set[Pair]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    rules: dict[tuple[str, str, str], tuple[Rule, ...]] = field(default_factory=dict)
    engine: dict[str, EngineNetwork] = field(default_factory=dict)

    def chain(self, fleet: str, place: Place) -> tuple[Rule, ...]:
        """The rules of our chain at ``place``."""
        return self.rules.get((place.family, place.table, chain_name(fleet, place.name)), ())
