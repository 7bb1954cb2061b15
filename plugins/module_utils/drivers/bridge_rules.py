# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firewall rules of a bridge network: who may pass its bridge, which ports lead in, and whose address is seen outside.

Isolation stands in the table mangle, which every forwarded packet passes before the table filter: whatever others accept
there, and wherever Docker puts its jumps when it restarts, our networks stay closed. What is let in is known by
conntrack's state DNAT, so a published port needs no rule but its DNAT.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..model.declaration import Endpoint, IPNetwork, Network, Sandbox
from ..state.rule import Rule
from .found import Found
from .place import FORWARD, GUARD, LOCAL, PORTS, SOURCES, Place

Leg = tuple[Sandbox, Endpoint]
Placed = tuple[Place, int, Rule]


def rules(name: str, network: Network, publishing: Sequence[Leg]) -> Iterator[Placed]:
    """The rules of a network whose bridge is ``name``, and of the ports that lead into it: where, before which others (rank), and what."""
    yield from _network_rules(name, network)
    if publishing:
        yield from _published_rules(name, network, publishing)


def options_of(name: str, fleet: str, found: Found) -> dict[str, Any]:
    """The options of the network whose bridge is ``name`` that can be told from its rules alone."""
    guard, sources = found.chain(fleet, GUARD), found.chain(fleet, SOURCES)
    internal = Rule("DROP", in_interface=name, out_interface=f"!{name}") in guard
    return {
        "internal": internal,
        "icc": Rule("DROP", in_interface=name, out_interface=name) not in guard,
        "masquerade": internal or any(rule.target == "MASQUERADE" and rule.out_interface == f"!{name}" for rule in sources),
    }


def _network_rules(name: str, network: Network) -> Iterator[Placed]:
    if network.internal:
        yield GUARD, 0, Rule("DROP", in_interface=name, out_interface=f"!{name}")
        yield GUARD, 0, Rule("DROP", in_interface=f"!{name}", out_interface=name)
    if not network.icc:
        # Before the state DNAT: neighbours do not reach each other by published ports either.
        yield GUARD, 0, Rule("DROP", in_interface=name, out_interface=name)
    yield GUARD, 1, Rule("RETURN", states=("DNAT", "ESTABLISHED", "RELATED"))
    if not network.internal:
        yield GUARD, 2, Rule("DROP", in_interface=f"!{name}", out_interface=name)
    yield FORWARD, 0, Rule("ACCEPT", in_interface=name)
    yield FORWARD, 0, Rule("ACCEPT", out_interface=name)
    for one in network.subnets:
        if network.masquerade and not network.internal:
            yield SOURCES, 0, Rule("MASQUERADE", source=_source(one.subnet), out_interface=f"!{name}")


def _published_rules(name: str, network: Network, publishing: Sequence[Leg]) -> Iterator[Placed]:
    # The bridge has route_localnet: what a sandbox sends to 127/8, or as if from there, must not reach the host's own services.
    yield LOCAL, 0, Rule("DROP", in_interface=name, destination="127.0.0.0/8")
    yield LOCAL, 0, Rule("DROP", in_interface=name, source="127.0.0.0/8")
    # Answers to the host's 127.0.0.1, and to a neighbour on the same bridge, must come back through the host.
    yield SOURCES, 1, Rule("MASQUERADE", source="127.0.0.0/8", out_interface=name)
    for one in network.subnets:
        yield SOURCES, 1, Rule("MASQUERADE", source=_source(one.subnet), out_interface=name, states=("DNAT",))
    for sandbox, endpoint in publishing:
        for port in sandbox.ports:
            everywhere = port.host_ip is None or port.host_ip.is_unspecified
            yield (
                PORTS,
                int(everywhere),
                Rule(
                    "DNAT",
                    destination=None if everywhere else str(port.host_ip),
                    protocol=port.protocol,
                    port=port.published,
                    to=f"{endpoint.ipv4_address}:{port.target}",
                ),
            )


def _source(subnet: IPNetwork) -> str:
    """A subnet as iptables-save writes it."""
    return str(subnet) if subnet.prefixlen < subnet.max_prefixlen else str(subnet.network_address)
