# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rates, routes and settings of endpoints: kept in each direction, named and repaired where somebody changed them, described and declared again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.describe import describe
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.veth_pair import port_name
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.observe import observe
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration
from ansible_collections.mooring.cnm.plugins.module_utils.model.options import declaration_options
from ansible_collections.mooring.cnm.plugins.module_utils.model.parse import parse_declaration
from ansible_collections.mooring.cnm.plugins.module_utils.model.tuning import Bandwidth, FixedRoute, Tuning
from ansible_collections.mooring.cnm.plugins.module_utils.state.tag import link_name
from ansible_collections.mooring.cnm.tests.kernel.rates import EACH_WAY, SLOW, seconds, servers
from ansible_collections.mooring.cnm.tests.kernel.topologies import declare, endpoint, network, run, sandbox

ADDRESSES = {"web": "172.20.0.2", "db": "172.20.0.3", "other": "172.20.0.4"}
ROUTES = (
    FixedRoute(IPv4Network("0.0.0.0/0"), table=100, gateway=IPv4Address("172.20.0.3")),
    FixedRoute(IPv4Network("10.0.0.0/8"), 5, type="blackhole"),
    FixedRoute(IPv4Network("10.1.0.0/16"), gateway=IPv4Address("172.20.0.4")),
    FixedRoute(IPv4Network("10.2.0.0/16"), 7, 100),
    FixedRoute(IPv4Network("10.3.0.0/16"), type="unreachable"),
)
WHOLE = Tuning(Bandwidth(SLOW, None, SLOW, 800_000), 1400, True, ROUTES, (("net.ipv4.conf.IFNAME.log_martians", "1"),), 500)
PLAIN = Tuning()
PORT, EGRESS = port_name("default", "front", "web"), link_name("i", "default", "front", "web")


def declared(tuning: Tuning = PLAIN, of_network: Tuning = PLAIN) -> Declaration:
    front = replace(network("front", "172.20.0.0/24"), tuning=of_network)
    legs = {name: endpoint("front", address, tuning=tuning if name == "web" else PLAIN) for name, address in ADDRESSES.items()}
    return declare(front, *(sandbox(name, leg) for name, leg in legs.items()))


@pytest.fixture(scope="module")
def serving(shared_host) -> Iterator[object]:
    """A host with a server in each sandbox."""
    run(declared())
    with servers(*ADDRESSES):
        yield shared_host


@pytest.mark.parametrize("way", EACH_WAY)
def test_a_rate_is_kept_in_its_direction_and_nowhere_else(serving, way: str) -> None:
    bandwidth, directions = EACH_WAY[way]
    run(declared(Tuning(bandwidth)))
    assert run(declared(Tuning(bandwidth))).ops == ()
    pairs = {("db", "web"): "in", ("web", "db"): "out", ("other", "db"): "", ("db", "other"): ""}
    slow = [pair for pair, direction in pairs.items() if direction in directions]
    took = {(one, other): seconds(one, ADDRESSES[other], (one, other) in slow) for one, other in pairs}
    assert min(took[pair] for pair in slow) > 5 * max(took[pair] for pair in pairs if pair not in slow), took
    run(declared())
    assert min(took[pair] for pair in slow) > 5 * max(seconds(one, ADDRESSES[other]) for one, other in slow)


DRIFTS = {
    "MTU": ("ip -n web link set eth0 mtu 1300", "change veth eth0 in web (front/web): mtu from 1300 to 1400"),
    "queue of the link": ("ip -n web link set eth0 txqueuelen 9", "change veth eth0 in web (front/web): txqlen from 9 to 500"),
    "promiscuous": ("ip -n web link set eth0 promisc off", "change veth eth0 in web (front/web): promisc from no to yes"),
    "setting": ("ip netns exec web sysctl -qw net.ipv4.conf.eth0.log_martians=0", "change sysctl net/ipv4/conf/eth0/log_martians from 0 to 1 in web"),
    "route": ("ip -n web route delete 10.1.0.0/16", "add route 10.1.0.0/16 via 172.20.0.4 dev eth0 in web"),
    "route of another table": ("ip -n web route delete 10.2.0.0/16 table 100", "add route 10.2.0.0/16 dev eth0 metric 7 table 100 in web"),
    "route to nowhere": ("ip -n web route delete blackhole 10.0.0.0/8", "add route blackhole 10.0.0.0/8 metric 5 in web"),
    "rate": (
        f"tc qdisc replace dev {PORT} root handle 636e: tbf rate 1mbit burst 100000 limit 225000",
        f"change queue of 5000000 bytes/s on {PORT}: rate from 125000 to 5000000",
    ),
    "rate of what comes out": (f"tc qdisc delete dev {EGRESS} root", f"add queue of 5000000 bytes/s on {EGRESS}"),
    "way around the rate": (f"tc qdisc delete dev {PORT} ingress", f"add redirection to {EGRESS} on {PORT}"),
}


@pytest.mark.parametrize("name", DRIFTS)
def test_drift_is_named_and_repaired(serving, name: str) -> None:
    run(declared(WHOLE))
    command, step = DRIFTS[name]
    serving.sh(command)
    predicted = run(declared(WHOLE), check=True).ops
    assert step in predicted
    assert run(declared(WHOLE)).ops == predicted
    assert run(declared(WHOLE)).ops == ()


def test_what_stands_is_described_and_declared_again(serving) -> None:
    for declaration in (declared(WHOLE), declared(of_network=replace(WHOLE, routes=ROUTES[1:2], mtu=None)), declared()):
        run(declaration)
        wanted = host_state(declaration, "default")
        options = declaration_options(describe(observe(wanted, "default"), "default"))
        again, problems = parse_declaration(options["networks"], options["sandboxes"])
        assert problems == []
        assert run(again).ops == ()


def test_what_is_no_longer_declared_goes(serving) -> None:
    run(declared())
    stood = serving.sh("ip -n web route show table all; ip -n web -d link; tc qdisc show; tc -n web qdisc show | grep -v noqueue || true")
    run(declared(WHOLE))
    assert "promisc" in serving.sh("ip -n web link").lower()
    run(declared())
    assert serving.sh("ip -n web route show table all; ip -n web -d link; tc qdisc show; tc -n web qdisc show | grep -v noqueue || true") == stood
