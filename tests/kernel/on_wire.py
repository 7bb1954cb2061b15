# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose card leads to a wire with a neighbour on it, and networks of drivers macvlan and ipvlan on that card."""

from __future__ import annotations

import contextlib
import time
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from itertools import permutations
from pathlib import Path
from typing import Any

from ansible_collections.mooring.cnm.plugins.module_utils.drivers.describe import describe
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.namespaces import inside
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration, Network, Subnet
from ansible_collections.mooring.cnm.tests.kernel.sockets import Flow, Listener, answers, listening
from ansible_collections.mooring.cnm.tests.kernel.topologies import changed, declare, endpoint, run, sandbox

LAN = "192.0.2.0/24"
PORT = 7000
# Where each place is asked, in the namespace of its name; the host itself has the empty one.
ADDRESSES = {"a": "192.0.2.10", "b": "192.0.2.11", "far": "192.0.2.1", "": "192.0.2.3"}
ADDRESSES_IPV6 = {"a": "fd00::a", "b": "fd00::b", "": "fd00::3"}
A, B = sandbox("a", endpoint("lan", ADDRESSES["a"])), sandbox("b", endpoint("lan", ADDRESSES["b"]))
SHIM = (IPv4Address(ADDRESSES[""]),)
AMONG_THEMSELVES = {("a", "b"), ("b", "a")}
WITH_NEIGHBOUR = {("a", "far"), ("far", "a"), ("b", "far"), ("far", "b")}
BOTH = {("a", "far"), ("far", "a")}
WITH_HOST = {("a", ""), ("", "a"), ("b", ""), ("", "b")}


def wire(host: Any, vlan: int = 0) -> None:
    """The card ``wire`` of the host, and the neighbour ``far`` at its other end, which has a service; its addresses are in a VLAN if one is given."""
    host.sh("ip netns add far")
    for name in ("", "far"):
        with inside(name):  # addresses that the kernel makes by itself, and takes its time over, say nothing here
            Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text("1", encoding="ascii")
    host.sh("ip link add wire up type veth peer name eth0 netns far")
    with inside("far"):
        host.sh("ip link set lo up")
        host.sh("ip link set eth0 up")
        wait_for_carrier(host, "eth0")
        card = f"eth0.{vlan}" if vlan else "eth0"
        if vlan:
            host.sh(f"ip link add link eth0 name {card} up type vlan id {vlan}")
            wait_for_carrier(host, card)
        host.sh(f"ip addr add {ADDRESSES['far']}/24 dev {card}")
    wait_for_carrier(host, "wire")


def wait_for_carrier(host: Any, link: str) -> None:
    """In the namespace of this thread. It is found a moment after the link is up."""
    while " UP " not in host.sh(f"ip -br link show {link}"):
        time.sleep(0.01)


def send_back(host: Any) -> None:
    """What the neighbour is asked to pass on goes back into the wire that it came by, as from a switch for ``vepa``."""
    host.sh("ip -n far addr flush dev eth0 && ip -n far link add lone0 type bridge forward_delay 0 && ip -n far link set lone0 up")
    host.sh("ip -n far link set eth0 master lone0 && ip -n far link set eth0 type bridge_slave hairpin on")
    host.sh(f"ip -n far addr add {ADDRESSES['far']}/24 dev lone0; until bridge -n far link show dev eth0 | grep -q ' forwarding '; do sleep 0.01; done")


def on_parent(driver: str, name: str = "lan", subnet: str = LAN, gateway: str | None = None, **more: Any) -> Network:
    """A network on the card, unless another parent is given."""
    one = Subnet(IPv4Network(subnet), IPv4Address(gateway) if gateway else None, bare=True)
    return Network(name, driver, "fleet", **{"subnets": (one,), "parent": "wire", **more})


def both_families(driver: str, **more: Any) -> Declaration:
    """a and b with IPv4 and IPv6 in a network on the card, and the host too; the card has IPv6 itself."""
    subnets = Subnet(IPv4Network(LAN), bare=True), Subnet(IPv6Network("fd00::/64"), bare=True)
    shim = *SHIM, IPv6Address(ADDRESSES_IPV6[""])
    boxes = (sandbox(name, endpoint("lan", ADDRESSES[name], ipv6_address=IPv6Address(ADDRESSES_IPV6[name]))) for name in "ab")
    return declare(on_parent(driver, subnets=subnets, enable_ipv6=True, host_shim=shim, **more), *boxes)


def answered(
    *places: str, addresses: dict[str, str] | None = None, protocols: tuple[str, ...] = ("tcp", "udp"), expected: set[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Who was answered by whom, of all pairs of ``places``, by all the protocols alike."""
    at = addresses or ADDRESSES
    flows = {Flow(source, at[target], PORT, protocol): (source, target) for source, target in permutations(places, 2) for protocol in protocols}
    with contextlib.ExitStack() as stack:
        every = "::" if any(":" in at[place] for place in places) else "0.0.0.0"
        listeners = [each for place in places for each in stack.enter_context(listening(Listener(place, PORT, every)))]
        found = answers(flows, listeners, [flow for flow, pair in flows.items() if pair in expected])
    reached = [flows[flow] for flow, said in found.items() if said.split()[0] == (flows[flow][1] or "host")]
    pairs = {pair for pair in reached if reached.count(pair) == len(protocols)}
    assert set(reached) == pairs, f"the protocols differ: {reached}"
    return pairs


def check_a_switch_sends_back(host: Any, driver: str, option: str) -> None:
    """option: which of the network's says ``vepa``, with which neighbours on the host reach each other then, or ``private``, with which they do not."""
    wire(host)
    send_back(host)
    for way, reached in (("private", WITH_NEIGHBOUR), ("vepa", AMONG_THEMSELVES | WITH_NEIGHBOUR)):
        run(declare(on_parent(driver, **{option: way}), A, B))
        assert answered("a", "b", "far", expected=reached) == reached


def check_several_subnets(host: Any, driver: str) -> None:
    """Who is in one subnet of a network reaches each other, and the other subnet by way of its gateway alone, where that passes it on, as with Docker."""
    wire(host)
    host.sh("ip -n far addr add 198.51.100.1/24 dev eth0")
    at = {"a": "192.0.2.10", "b": "192.0.2.11", "c": "198.51.100.10", "d": "198.51.100.11"}
    in_each, all_of_them = AMONG_THEMSELVES | {("c", "d"), ("d", "c")}, set(permutations(at, 2))
    for gateway, passes_on, reached in ((None, True, in_each), (1, False, in_each), (1, True, all_of_them)):
        host.sh(f"ip netns exec far sysctl -qw net.ipv4.ip_forward={passes_on:d}")
        subnets = (Subnet(one, one[gateway] if gateway else None, bare=True) for one in (IPv4Network(LAN), IPv4Network("198.51.100.0/24")))
        declared = declare(on_parent(driver, subnets=tuple(subnets)), *(sandbox(name, endpoint("lan", address)) for name, address in at.items()))
        predicted = run(declared, check=True)
        done = run(declared)
        assert done.ops == predicted.ops and run(declared).ops == ()
        assert describe(done.after, "default") == declared
        assert answered(*at, addresses=at, expected=reached) == reached


def check_host_in_ipv6(host: Any, driver: str) -> None:
    """The host and its own sandboxes reach each other in both families, and what of it is taken away is put back."""
    wire(host)
    host.sh("sysctl -qw net.ipv6.conf.default.disable_ipv6=0 net.ipv6.conf.default.dad_transmits=0 net.ipv6.conf.wire.disable_ipv6=0")
    declared = both_families(driver)
    predicted = run(declared, check=True)
    done = run(declared)
    assert done.ops == predicted.ops and run(declared).ops == ()
    assert describe(done.after, "default") == declared
    for addresses in (ADDRESSES_IPV6, ADDRESSES):
        assert answered("a", "b", "", addresses=addresses, expected=AMONG_THEMSELVES | WITH_HOST) == AMONG_THEMSELVES | WITH_HOST
    assert host.sh("sysctl -n net.ipv6.conf.$(ip -o link show cnm+default+lan+host_shim | sed 's/[^ ]* //; s/@.*//').accept_ra").split() == ["0"]
    host.sh("ip -6 route del fd00::a && ip addr del fd00::3/128 dev cnm+default+lan+host_shim")
    assert len(run(declared).ops) >= 2 and run(declared).ops == ()
    assert run(changed(declared, on_parent(driver), A, B)).ops
    assert host.sh("ip -6 route show fd00::/16 proto 206") == ""


def check_addresses_change_hands(host: Any, driver: str) -> None:
    """Two sandboxes exchange theirs, another takes one over from a sandbox that goes, and a network of another kind takes the card."""
    wire(host)
    run(declare(on_parent(driver), A, B))
    exchanged = declare(on_parent(driver), sandbox("a", endpoint("lan", ADDRESSES["b"])), sandbox("b", endpoint("lan", ADDRESSES["a"])))
    heir = declare(on_parent(driver), sandbox("c", endpoint("lan", ADDRESSES["b"])), sandbox("b", endpoint("lan", ADDRESSES["a"])))
    whole = declare(on_parent("macvlan", mode="passthru"), sandbox("d", endpoint("lan", ADDRESSES["b"])))
    for declared in (exchanged, heir, whole, heir):
        predicted = run(declared, check=True)
        assert run(declared).ops == predicted.ops and run(declared).ops == ()
    at = {"c": ADDRESSES["b"], "b": ADDRESSES["a"], "far": ADDRESSES["far"]}
    pairs = {(one, other) for one in at for other in at if one != other}
    assert answered(*at, addresses=at, expected=pairs) == pairs


def check_addresses_are_passed_on(host: Any, driver: str) -> None:
    """One goes, each takes the address of the next, and the last gets a new one: nobody's link is made anew, whichever way the names lie."""
    wire(host)
    row = [f"192.0.2.{number}" for number in (30, 31, 32, 33)]
    names = "cadb"
    run(
        declare(
            on_parent(driver), sandbox("e", endpoint("lan", "192.0.2.34")), *(sandbox(name, endpoint("lan", at)) for name, at in zip(names, row, strict=True))
        )
    )
    indexes = {name: host.sh(f"ip netns exec {name} cat /sys/class/net/eth0/ifindex /sys/class/net/eth0/iflink") for name in names}
    for held in ([*row[1:], "192.0.2.34"], ["192.0.2.40", *row[1:]], row):
        declared = declare(on_parent(driver), *(sandbox(name, endpoint("lan", at)) for name, at in zip(names, held, strict=True)))
        predicted = run(declared, check=True)
        assert run(declared).ops == predicted.ops and run(declared).ops == ()
        assert {name: host.sh(f"ip netns exec {name} cat /sys/class/net/eth0/ifindex /sys/class/net/eth0/iflink") for name in names} == indexes
    at = {**dict(zip(names, row, strict=True)), "far": ADDRESSES["far"]}
    pairs = set(permutations(at, 2))
    assert answered(*at, addresses=at, expected=pairs) == pairs
