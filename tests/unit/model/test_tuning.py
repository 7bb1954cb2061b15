# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be declared of an endpoint's interface, for one and for a whole network, and what is refused."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.model.checks import check_declaration, check_resolved
from ansible_collections.mooring.cnm.plugins.module_utils.model.options import declaration_options
from ansible_collections.mooring.cnm.plugins.module_utils.model.parse import parse_declaration
from ansible_collections.mooring.cnm.plugins.module_utils.model.tuning import Bandwidth, FixedRoute, Tuning, over

IPAM = {"config": [{"subnet": "172.20.0.0/24"}]}
ALL = {
    "bandwidth": {"ingress_rate": "10mbit", "ingress_burst": "1mbit", "egress_rate": 8_000_001},
    "mtu": 1400,
    "promisc": True,
    "routes": [{"destination": "default", "gateway": "172.20.0.9", "table": 100}, {"destination": "10.0.0.0/8", "type": "blackhole", "metric": 5}],
    "sysctls": ["net.ipv4.conf.IFNAME.rp_filter=2"],
    "txqlen": "500",
}


def problems(network: dict[str, Any], endpoint: dict[str, Any]) -> list[tuple[str, str]]:
    declaration, found = parse_declaration({"front": {"ipam": IPAM, **network}}, {"web": {"networks": {"front": endpoint}}})
    return [(one.path, one.message) for one in [*found, *check_declaration(declaration)]]


def test_every_key_is_read_and_written() -> None:
    declaration, found = parse_declaration({"front": {"ipam": IPAM}}, {"web": {"networks": {"front": ALL}}})
    assert [*found, *check_declaration(declaration)] == []
    assert declaration.sandboxes["web"].endpoints[0].tuning == Tuning(
        Bandwidth(10_000_000, 1_000_000, 8_000_000),
        1400,
        True,
        (
            FixedRoute(IPv4Network("0.0.0.0/0"), table=100, gateway=IPv4Address("172.20.0.9")),
            FixedRoute(IPv4Network("10.0.0.0/8"), 5, type="blackhole"),
        ),
        (("net.ipv4.conf.IFNAME.rp_filter", "2"),),
        500,
    )
    options = declaration_options(declaration)
    front: Any = options["sandboxes"]["web"]["networks"]["front"]  # type: ignore[index]
    assert front["bandwidth"] == {"ingress_rate": "10mbit", "ingress_burst": "1mbit", "egress_rate": "8mbit"}
    assert parse_declaration(options["networks"], options["sandboxes"]) == (declaration, [])


def test_an_endpoint_has_the_last_word() -> None:
    network = Tuning(Bandwidth(8000, 16000, 24000), 1400, True, (FixedRoute(IPv4Network("10.0.0.0/8")),), (("a", "1"), ("b", "1")), 5)
    other = FixedRoute(IPv4Network("10.0.0.0/8"), type="blackhole")
    endpoint = Tuning(Bandwidth(80000), promisc=False, routes=(other, FixedRoute(IPv4Network("10.0.0.0/8"), 5)), sysctls=(("b", "2"),), txqlen=0)
    assert over(network, endpoint) == Tuning(Bandwidth(80000, None, 24000), 1400, False, endpoint.routes, (("a", "1"), ("b", "2")), 0)
    assert over(network, Tuning()) == network


def test_docker_s_own_key_for_sysctls() -> None:
    opts = {"com.docker.network.endpoint.sysctls": "net.ipv4.conf.IFNAME.rp_filter=2, net.ipv6.neigh.IFNAME.gc_stale_time=9"}
    declaration, found = parse_declaration({"front": {}}, {"web": {"networks": {"front": {"driver_opts": opts}}}})
    assert found == []
    assert dict(declaration.sandboxes["web"].endpoints[0].tuning.sysctls) == {"net.ipv4.conf.IFNAME.rp_filter": "2", "net.ipv6.neigh.IFNAME.gc_stale_time": "9"}


AT = "cnm_sandboxes.web.networks.front"
REFUSED: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    ({}, {"bandwidth": {"ingress_rate": "10mb"}}, f"{AT}.bandwidth.ingress_rate", "with a unit as in 100kbit"),
    ({}, {"bandwidth": {"ingress_rate": 1000}}, f"{AT}.bandwidth.ingress_rate", "from 8kbit to 1000gbit"),
    ({}, {"bandwidth": {"egress_burst": "1mbit"}}, f"{AT}.bandwidth.egress_burst", "a burst needs its rate"),
    ({}, {"bandwidth": {"egress_rate": "1mbit", "egress_burst": 8000}}, f"{AT}.bandwidth.egress_burst", "12112 bits are the least"),
    ({}, {"bandwidth": {"egress_rate": "1mbit", "egress_burst": "8mbit"}}, f"{AT}.bandwidth.egress_burst", "in 4 seconds"),
    ({"bandwidth": {"rate": 1}}, {}, "cnm_networks.front.bandwidth.rate", "there is no key 'rate' here"),
    ({"mtu": 1400}, {"mtu": 1500}, f"{AT}.mtu", "larger than that of network front, 1400"),
    ({"enable_ipv6": True}, {"mtu": 1000}, f"{AT}.mtu", "IPv6 needs an MTU of at least 1280"),
    ({}, {"txqlen": -1}, f"{AT}.txqlen", "a number from 0"),
    ({}, {"sysctls": {"net.ipv4.ip_forward": 1}}, f"{AT}.sysctls.net.ipv4.ip_forward", "with IFNAME as it stands"),
    ({}, {"sysctls": {"net.ipv4.conf.eth0.rp_filter": 1}}, f"{AT}.sysctls.net.ipv4.conf.eth0.rp_filter", "with IFNAME as it stands"),
    ({}, {"routes": [{"gateway": "172.20.0.9"}]}, f"{AT}.routes[0].destination", "'destination' is missing"),
    ({}, {"routes": [{"destination": "10.0.0.0/8", "gateway": "10.9.9.9"}]}, f"{AT}.routes[0]", "the gateway is no address of network front, 172.20.0.0/24"),
    ({}, {"routes": [{"destination": "10.0.0.0/8", "gateway": "fd00::1"}]}, f"{AT}.routes[0].gateway", "the gateway is IPv6 and the destination IPv4"),
    ({}, {"routes": [{"destination": "10.0.0.0/8", "type": "blackhole", "gateway": "172.20.0.9"}]}, f"{AT}.routes[0].gateway", "leads nowhere"),
    ({}, {"routes": [{"destination": "10.0.0.0/8"}, {"destination": "10.0.0.0/8", "type": "blackhole"}]}, f"{AT}.routes[1]", "two routes have this"),
    ({}, {"routes": [{"destination": "fd00::/64"}]}, f"{AT}.routes[0]", "network front has no IPv6"),
    ({}, {"routes": [{"destination": "default", "gateway": "172.20.0.9"}]}, AT, "the sandbox has a route to this destination by network front"),
]


def test_every_driver_has_rates_but_for_what_goes_into_a_sandbox_of_l3s() -> None:
    rates = {"bandwidth": {"ingress_rate": "10mbit", "egress_rate": "10mbit"}}
    for network in ({}, *({"driver": "macvlan", "parent": "eth1", "mode": mode} for mode in ("bridge", "private", "vepa", "passthru")), {"driver": "ipvlan"}):
        assert problems(network, rates) == [] == problems({**network, **rates}, {})
    l3s = {"driver": "ipvlan", "parent": "eth1", "mode": "l3s"}
    found = problems(l3s, rates) + problems({**l3s, **rates}, {"bandwidth": {"egress_rate": "1mbit"}})
    assert [path for path, _message in found] == [f"{AT}.bandwidth.ingress_rate", "cnm_networks.front.bandwidth.ingress_rate"]
    assert all("passes no queue of its interface" in message for _path, message in found)


@pytest.mark.parametrize(("driver", "most"), [("bridge", 1500), ("overlay", 1450)])
def test_an_mtu_beyond_that_of_a_network_that_declares_none(driver: str, most: int) -> None:
    """Only where the host is known: on a fleet it follows the underlay, which may well carry more."""
    for mtu, wrong in ((most, 0), (most + 1, 1)):
        networks = {"front": {"driver": driver, **({"vni": 256} if driver == "overlay" else {}), "ipam": {"config": [{"subnet": "172.20.0.0/24"}]}}}
        declaration, found = parse_declaration(networks, {"web": {"networks": {"front": {"ipv4_address": "172.20.0.2", "mtu": mtu}}}})
        assert found == [] == [one for one in check_declaration(declaration) if "mtu" in one.path]
        told = [one for one in check_resolved(declaration) if one.path == f"{AT}.mtu"]
        assert len(told) == wrong and all(f"larger than that of network front, {most}" in one.message for one in told)


@pytest.mark.parametrize(("network", "endpoint", "path", "words"), REFUSED)
def test_what_cannot_be_is_refused_with_its_place(network: dict[str, Any], endpoint: dict[str, Any], path: str, words: str) -> None:
    found = problems(network, endpoint)
    assert [at for at, _message in found] == [path]
    assert words in found[0][1]
