# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a host that belongs to networks of some drivers: all that is looked at when only those are to be brought to their declaration.

A network and all its endpoints belong to its driver, the rules of the firewall to the drivers that have any. A sandbox belongs to the part
as soon as it is, or is to be, in a network of it: its namespace, its settings, its names and its default route follow from all its networks
together. What it has of other drivers stays as it stands.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from ..model.declaration import Declaration, Endpoint, Network, Sandbox
from ..model.parent import PARENT_DRIVERS
from ..model.resolve import WAY_OUT, interface_names, namespace_owners
from ..state.chain import Chain, Connections, Jump, Table
from ..state.engine import EngineNetwork
from ..state.fault import Fault
from ..state.inset import Inset
from ..state.objects import File, HostState, Key, Link, Namespace, Object, Route
from ..state.tag import read_tag
from .found import DEFAULT_ROUTES
from .hosts_file import DIRECTORY


@dataclass(frozen=True)
class Part:
    """networks, sandboxes: names of those that belong to it, whether they stand or are declared. vlans, rules: whether VLANs of parents, and the
    firewall, do.
    """

    networks: frozenset[str]
    sandboxes: frozenset[str]
    vlans: bool
    rules: bool

    def of(self, state: HostState) -> HostState:
        """What of a picture belongs to it. Of the rest only what others made is still shown."""
        links = {(one.netns, one.name): _network_of(one) for one in state.objects.values() if isinstance(one, Link)}
        rooms = {one.name for one in state.objects.values() if isinstance(one, Namespace) and (one.name in self.sandboxes or self._serves(one.tag))}
        owned = frozenset(key for key in state.owned if self._has(state.objects[key], links, rooms))
        return HostState({key: one for key, one in state.objects.items() if key in owned or key not in state.owned}, owned)

    def _has(self, one: Object, links: dict[tuple[str, str], str], rooms: set[str]) -> bool:
        """Whether an object belongs to it. links: the network of each link, by namespace and name. rooms: the namespaces that belong to it."""
        if isinstance(one, Namespace):
            return one.name in rooms
        if isinstance(one, (EngineNetwork, Link)):
            return self._serves(one.tag)
        if isinstance(one, (Chain, Connections, Inset, Jump, Table)):
            return self.rules
        if isinstance(one, File):
            return one.path.startswith(DIRECTORY) and one.path.split("/")[-2] in self.sandboxes
        # In a namespace of somebody else nothing is ours but what stands on our links.
        is_way_out = isinstance(one, Route) and one.netns != "" and not one.netns.startswith("/") and one.destination in DEFAULT_ROUTES.values()
        # Settings of all links at once are the namespace's.
        if one.link in (None, "all", "default") or is_way_out:
            return one.netns in rooms if one.netns else self.rules
        return links.get((one.netns, one.link or ""), "") in self.networks

    def beside(self, state: HostState, wanted: Collection[Key]) -> HostState:
        """The same, with what the fleet has of other drivers where something wanted should stand: it is in the way there."""
        mine = self.of(state)
        others = {key: one for key, one in state.objects.items() if key not in mine.objects and key in wanted}
        return replace(mine, objects={**mine.objects, **others})

    def _serves(self, tag: str | None) -> bool:
        owner = read_tag(tag)
        if owner is None:
            return False
        return self.vlans if owner.role == "vlan" else owner.network in self.networks


def driver_of(network: Network) -> str:
    """The driver that a network belongs to: the bridge by which sandboxes on overlays get out belongs to these."""
    return "overlay" if network.name == WAY_OUT else network.driver


def part_of(declared: Declaration, standing: Declaration, drivers: Collection[str]) -> Part:
    """The part of ``drivers`` on a host where ``standing`` stands and ``declared`` is to stand."""
    networks = {name for each in (declared, standing) for name, network in each.networks.items() if driver_of(network) in drivers}
    sandboxes = {name for each in (declared, standing) for name, box in each.sandboxes.items() if any(leg.network in networks for leg in box.endpoints)}
    for each in (declared, standing):
        sandboxes |= {name for name, owner in namespace_owners(each).items() if owner in sandboxes}
    has_rules = any(driver not in PARENT_DRIVERS for driver in drivers)
    return Part(frozenset(networks), frozenset(sandboxes), any(driver in PARENT_DRIVERS for driver in drivers), has_rules)


def combined(declared: Declaration, standing: Declaration, drivers: Collection[str]) -> Declaration:
    """What is declared of the part of ``drivers``, beside what stands of all else. Raises Fault where a network would have to change its driver."""
    part = part_of(declared, standing, drivers)
    ours = {name: network for name, network in declared.networks.items() if driver_of(network) in drivers}
    theirs = {name: network for name, network in standing.networks.items() if driver_of(network) not in drivers}
    for name in sorted(ours.keys() & theirs.keys()):
        cause = f"it stands as a network of driver {theirs[name].driver}, which is left alone here"
        raise Fault(f"network {name}", "make", cause, "Let the role topology bring it to its new driver, or choose another name.")
    boxes = {}
    for name in sorted({*declared.sandboxes, *standing.sandboxes}):
        want, stands = declared.sandboxes.get(name), standing.sandboxes.get(name)
        box = stands if name not in part.sandboxes else _combined(want, stands, standing, ours.keys(), theirs.keys(), part.rules)
        if box is not None:
            boxes[name] = box
    return Declaration(
        {**theirs, **ours}, {name: box for name, box in boxes.items() if box.joins is None or box.joins in boxes}, declared.host or standing.host
    )


def _combined(
    want: Sandbox | None, stands: Sandbox | None, standing: Declaration, ours: Collection[str], theirs: Collection[str], has_rules: bool
) -> Sandbox | None:
    """A sandbox with its declared endpoints in ``ours`` and those that stand in ``theirs``; None where nothing is left of it."""
    stay = tuple(_staying(stands, standing, theirs)) if stands is not None else ()
    base = want or (stands if stay else None)
    if base is None or base.mode == "container":
        return base
    legs = tuple(leg for leg in want.endpoints if leg.network in ours) if want is not None else ()
    ports = base.ports if has_rules else stands.ports if stands is not None else ()
    return replace(
        base, mode="attached" if base.mode == "attached" else "networks", endpoints=tuple(sorted((*legs, *stay), key=lambda leg: leg.network)), ports=ports
    )


def _staying(stands: Sandbox, standing: Declaration, theirs: Collection[str]) -> Iterator[Endpoint]:
    """The endpoints in networks of other drivers, under the names that their interfaces have."""
    names = interface_names(stands, standing.networks)
    for leg in stands.endpoints:
        if leg.network in theirs:
            yield replace(leg, interface_name=names[leg.network])


def _network_of(link: Link) -> str:
    owner = read_tag(link.tag)
    return owner.network if owner is not None else ""
