# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways from one declaration to another, of overlays, macvlans and rates, on a host that is on a wire and lets nobody in by itself."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration, Network, Peer, Port, Subnet
from ansible_collections.mooring.cnm.plugins.module_utils.model.tuning import Bandwidth, Tuning
from ansible_collections.mooring.cnm.tests.kernel.ground import FOREIGN, WIRE
from ansible_collections.mooring.cnm.tests.kernel.on_wire import SHIM, A, B, on_parent
from ansible_collections.mooring.cnm.tests.kernel.topologies import NOTHING, changed, declare, endpoint, network, sandbox

GROUND = f"{FOREIGN}{WIRE}iptables -P INPUT DROP"


def overlay(name: str, place: int, peers: dict[int, str], **more: object) -> Network:
    """An overlay with the peers at these places of its subnet, each behind an address on the wire."""
    subnet = IPv4Network(f"10.{place}.0.0/24")
    far = (Peer("two", f"p{at}", vtep, str(subnet[at]), "", f"06:00:00:00:{place:02x}:{at:02x}", ()) for at, vtep in peers.items())
    options = {"vnis": (255 + place,), "underlay_address": IPv4Address("198.51.100.3"), "vxlan_port": 4789, **more}
    return Network(name, "overlay", "fleet", subnets=(Subnet(subnet, subnet[1]),), peers=tuple(far), **options)  # type: ignore[arg-type]


OUT = network("cnm_gwbridge", "172.18.0.0/16", icc=False)
ONE = overlay("ov", 1, {30: "198.51.100.4", 31: "198.51.100.5"})
WEB = sandbox("web", endpoint("ov", "10.1.0.2"), endpoint("cnm_gwbridge", "172.18.0.2"), ports=(Port(8080, 80),))
OVERLAY = declare(ONE, OUT, WEB)
# Peers that come, go and move, another MTU, a flood list; a second overlay; a sandbox that comes on both, and a port that goes.
TWO = declare(
    overlay("ov", 1, {31: "198.51.100.4", 32: "198.51.100.6"}, mtu=1300, broadcast=True),
    overlay("two", 2, {30: "198.51.100.4"}),
    OUT,
    replace(WEB, ports=()),
    sandbox("db", endpoint("two", "10.2.0.2"), endpoint("ov", "10.1.0.3"), endpoint("cnm_gwbridge", "172.18.0.3")),
)
MACVLAN = declare(on_parent("macvlan", host_shim=SHIM), A, B)
# No address goes from one sandbox to another.
PRIVATE = changed(
    MACVLAN, on_parent("macvlan", mode="private"), sandbox("a", endpoint("lan", "192.0.2.12")), sandbox("c", endpoint("lan", "192.0.2.13")), without="b"
)

# Mode l2 on a VLAN that is made for it, and mode l3 with two subnets on the card itself. (These need a kernel that has both.)
IPVLAN = declare(on_parent("ipvlan", parent="wire.40", host_shim=SHIM), A)
ROUTED = declare(
    on_parent("ipvlan", mode="l3", subnets=(*on_parent("ipvlan").subnets, *on_parent("ipvlan", subnet="203.0.113.0/24").subnets)),
    A,
    sandbox("b", endpoint("lan", "203.0.113.11")),
)


def shaped(**rates: Bandwidth) -> Declaration:
    """A bridge with sandboxes of these names and rates."""
    legs = {name: endpoint("front", f"172.20.0.{at}", tuning=Tuning(one)) for at, (name, one) in enumerate(sorted(rates.items()), 2)}
    return declare(network("front", "172.20.0.0/24"), *(sandbox(name, leg) for name, leg in legs.items()))


FREE, SLOW, BURSTS = Bandwidth(), Bandwidth(egress_rate=10_000_000), Bandwidth(10_000_000, None, 1_000_000_000, 1_000_000)
RATES = shaped(web=BURSTS, db=FREE)
WAYS = {
    "overlay comes": (NOTHING, OVERLAY),
    "overlay changes": (OVERLAY, TWO),
    "overlay gets another VNI": (OVERLAY, changed(OVERLAY, replace(ONE, vnis=(999,)))),
    "overlay goes": (TWO, NOTHING),
    "macvlan comes": (NOTHING, MACVLAN),
    "macvlan changes": (MACVLAN, PRIVATE),
    "macvlan goes": (MACVLAN, NOTHING),
    "rates come": (shaped(web=FREE, db=FREE), RATES),
    "rates change": (RATES, shaped(web=Bandwidth(20_000_000), db=SLOW)),
    "rates go": (RATES, shaped(web=FREE, db=FREE)),
    "rates and sandboxes go": (RATES, NOTHING),
}
WAYS_OF_IPVLAN = {"l2 on a VLAN comes": (NOTHING, IPVLAN), "it goes over to l3 on the card": (IPVLAN, ROUTED), "l3 goes": (ROUTED, NOTHING)}
