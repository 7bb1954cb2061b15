# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the networks of scope ``fleet`` get: subnets, VNIs and addresses that hold on all hosts, and the ledger's entries for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network

from ..model.declaration import Declaration, IPNetwork, Network
from ..model.docker_network import with_docker_gateway
from ..model.overlap import Span, span_of
from ..model.overlay_checks import segments
from ..model.report import Report
from ..model.reserved import Reserved
from ..model.resolve import address_in
from .addresses import Given, assign_addresses, path_of, with_addresses
from .assign import Addresses
from .fleet_networks import FleetNetwork, check_members, fleet_networks
from .ledger import Grant, Ledger, key_of, place_of
from .missing import NOT_IN_LEDGER, Missing
from .pools import AddressSpace, Stock, pools_of
from .ranges import Ranges, assign_ranges
from .shims import with_shim
from .subnets import by_network, exhausted, granted, lacking_families, unchosen, with_subnets
from .vnis import assign_vnis


def assign_fleet(
    reports: Mapping[str, Report],
    declarations: Mapping[str, Declaration],
    ledger: Ledger,
    seen: Mapping[str, Reserved],
    stock: Stock,
    fleet: str,
    missing: Mapping[str, Missing],
    silent: frozenset[str],
) -> FleetAssignment:
    """Fills in the networks of scope fleet. What stands in the ledger stays as it is.

    seen: what each host said of itself, now or earlier. missing: by host, what to do about what is neither declared nor in the ledger.
    fleet: its name. silent: the hosts that did not report: they may still have what they do not declare any more, so that it is not freed.
    """
    networks = fleet_networks(declarations, reports)
    for one in networks.values():
        check_members(one, reports)
    how = {name: _strictest(missing[host] for host in one.hosts) for name, one in networks.items()}
    given = _subnets(reports, networks, declarations, ledger, seen, stock, fleet, how)
    resolved = {name: with_subnets(one.network, given.get(name, ())) for name, one in networks.items()}
    wanted = {name: segments(one) for name, one in resolved.items() if one.driver == "overlay"}
    vnis = assign_vnis(reports, networks, wanted, ledger.networks, stock.vni_base, how)
    resolved = {name: replace(one, vnis=(*one.vnis, *vnis.get(name, ()))) for name, one in resolved.items()}
    assignment = FleetAssignment(resolved)
    for name, network in resolved.items():
        entries = ledger.endpoints.get(name, {})
        kept = {key: held for key, held in entries.items() if place_of(key)[0] in silent and place_of(key) not in networks[name].members}
        if network.subnets:
            stays = [address for held in kept.values() for address in held]
            ranges = _ranges(reports, networks[name], network, declarations, ledger, missing, silent)
            assignment.docker[name] = ranges.by_host
            if ranges.given:
                assignment.ranges[name] = ranges.given
            members = networks[name].members
            assignment.addresses[name] = assign_addresses(reports, network, members, entries, missing.__getitem__, stays, ranges.every)
        held = {key_of(*place): addresses for place, addresses in assignment.addresses.get(name, {}).items()}
        if held or kept:
            assignment.endpoints[name] = {**kept, **held}
        grant = Grant(given.get(name, ()), vnis.get(name, ()))
        if grant != Grant():
            assignment.networks[name] = grant
    for name, entries in ledger.endpoints.items():
        if name not in networks and not place_of(name)[0] and any(place_of(key)[0] in silent for key in entries):
            assignment.endpoints[name] = {key: held for key, held in entries.items() if place_of(key)[0] in silent}
            assignment.networks[name] = ledger.networks.get(name, Grant())
    for name, ranges_of in ledger.ranges.items():
        if name not in networks and not place_of(name)[0] and silent.intersection(ranges_of):
            assignment.ranges[name] = {host: one for host, one in ranges_of.items() if host in silent}
            assignment.networks[name] = ledger.networks.get(name, Grant())
    return assignment


def with_fleet(declaration: Declaration, fleet: FleetAssignment, host: str) -> Declaration:
    """A host's declaration with what its networks of scope fleet got."""
    networks = {
        name: with_shim(_filled_in(network, fleet.filled.get(name), fleet.docker.get(name, {}).get(host)), fleet.addresses.get(name, {}), host)
        for name, network in declaration.networks.items()
    }
    sandboxes = {name: with_addresses(sandbox, fleet.addresses, host) for name, sandbox in declaration.sandboxes.items()}
    return replace(declaration, networks=networks, sandboxes=sandboxes)


def _filled_in(network: Network, filled: Network | None, given: IPv4Network | None) -> Network:
    """The network with subnets and VNIs of the whole fleet, if it is one of scope fleet; a host keeps what is its own. given: its Docker's range."""
    if filled is None:
        return network
    docker = network.docker_network if given is None else given
    return with_docker_gateway(replace(network, subnets=filled.subnets, sizes=filled.sizes, vnis=filled.vnis, docker_network=docker))


def _ranges(
    reports: Mapping[str, Report],
    fleet: FleetNetwork,
    network: Network,
    declarations: Mapping[str, Declaration],
    ledger: Ledger,
    missing: Mapping[str, Missing],
    silent: frozenset[str],
) -> Ranges:
    """The part of ``network``, which has its subnets, that each host's Docker has."""
    wanted = {host: declarations[host].networks[network.name].docker_network for host in fleet.hosts}
    held = {host: one for host, one in ledger.ranges.get(network.name, {}).items() if wanted.get(host, False) is not False or host in silent}
    return assign_ranges(reports, network, wanted, fleet.members, ledger.endpoints.get(network.name, {}), held, missing.__getitem__)


def _strictest(found: Iterable[Missing]) -> Missing:
    """What is done for a network: what the host wants that wants most."""
    present = set(found)
    return next(one for one in (Missing.REFUSED, Missing.GIVEN, Missing.LEFT) if one in present)


def _subnets(
    reports: Mapping[str, Report],
    networks: Mapping[str, FleetNetwork],
    declarations: Mapping[str, Declaration],
    ledger: Ledger,
    seen: Mapping[str, Reserved],
    stock: Stock,
    fleet: str,
    how: Mapping[str, Missing],
) -> dict[str, tuple[IPNetwork, ...]]:
    """The subnets of each network of scope fleet that declares none of a family that it has."""
    wanting = [(name, family) for name, one in networks.items() for family in lacking_families(one.network)]
    found = {want: subnet for want in wanting for subnet in granted(networks[want[0]].network, want[1], ledger.networks.get(want[0], Grant()))}
    for name, family in wanting:
        for place, endpoint in sorted(networks[name].members.items()):
            address = address_in(endpoint, family)
            if address is not None:
                reports[place[0]].add(path_of(place[1], networks[name].network, family), str(address), unchosen(name, found.get((name, family))))
    lacking = [want for want in wanting if want not in found]
    space = AddressSpace(_taken(declarations, ledger, seen) if any(how[name] is Missing.GIVEN for name, _family in lacking) else ())
    for name, family in lacking:
        network, report, path = networks[name].network, reports[networks[name].hosts[0]], f"cnm_networks.{name}.ipam"
        pools = pools_of(stock.of(network.driver), family, fleet)
        subnet = space.take_subnet(pools, name, dict(network.sizes).get(family)) if how[name] is Missing.GIVEN else None
        if subnet is not None:
            found[name, family] = subnet
        elif how[name] is Missing.REFUSED:
            report.add(path, "", NOT_IN_LEDGER.format(what="a subnet"))
        elif how[name] is Missing.GIVEN:
            report.add(path, "", exhausted(network, family, pools, "cnm_overlay_pool" if network.driver == "overlay" else "cnm_address_pools"))
    return by_network(found)


def _taken(declarations: Mapping[str, Declaration], ledger: Ledger, seen: Mapping[str, Reserved]) -> list[Span]:
    """All that is in use on any host: a subnet of the whole fleet must be free on each."""
    taken = [span for reserved in seen.values() for span in reserved.spans()]
    taken += [span_of(subnet, key) for key, grant in ledger.networks.items() for subnet in grant.subnets]
    return taken + [span_of(one.subnet, name) for held in declarations.values() for name, network in held.networks.items() for one in network.subnets]


@dataclass(frozen=True)
class FleetAssignment:
    """filled: every network of scope fleet with subnets, gateways and VNIs. addresses: by network, of those endpoints that declare none.

    docker: by network and host, the part that the host's Docker has. networks, endpoints, ranges: all that the ledger is to hold for them.
    """

    filled: dict[str, Network] = field(default_factory=dict)
    addresses: dict[str, Given] = field(default_factory=dict)
    docker: dict[str, dict[str, IPv4Network]] = field(default_factory=dict)
    networks: dict[str, Grant] = field(default_factory=dict)
    endpoints: Addresses = field(default_factory=dict)
    ranges: dict[str, dict[str, IPNetwork]] = field(default_factory=dict)
