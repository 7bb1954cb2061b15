# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a declaration means on its host: the objects of bridge networks and of sandboxes."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.setting import setting_name, setting_path
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration, Endpoint, Network, Port, Sandbox, Subnet
from ansible_collections.mooring.cnm.plugins.module_utils.state.chain import Chain, Jump
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import Address, File, HostState, Link, Namespace, Object, Route
from ansible_collections.mooring.cnm.plugins.module_utils.state.tag import read_tag

FRONT = Network("front", subnets=(Subnet(IPv4Network("172.20.0.0/24"), IPv4Address("172.20.0.1")),), bridge_name="br0")
WEB = Sandbox("web", endpoints=(Endpoint("front", IPv4Address("172.20.0.10"), aliases=("www",)),), ports=(Port(8080, 80),))


def state(*parts: Network | Sandbox, fleet: str = "default") -> HostState:
    networks = {one.name: one for one in parts if isinstance(one, Network)}
    return host_state(Declaration(networks, {one.name: one for one in parts if isinstance(one, Sandbox)}), fleet)


def rules(wanted: HostState, table: str, chain: str) -> list[str]:
    """The rules of a chain, in short: target and what is set."""
    one = wanted.objects.get(("chain", "ipv4", "nft", table, chain))
    if not isinstance(one, Chain):
        return []
    return [" ".join(str(value) for value in (rule.in_interface, rule.out_interface, *rule.states, rule.to, rule.target) if value) for rule in one.rules]


def of_kind(wanted: HostState, kind: type[Object]) -> list[Object]:
    return [one for one in wanted.objects.values() if isinstance(one, kind)]


LET_IN = ["ESTABLISHED RELATED RETURN", "DNAT RETURN"]
GUARDS = {
    "open": ({}, [*LET_IN, "!br0 br0 DROP"]),
    "icc off": ({"icc": False}, ["br0 br0 DROP", *LET_IN, "!br0 br0 DROP"]),
    "internal": ({"internal": True}, ["br0 !br0 DROP", "!br0 br0 DROP", *LET_IN]),
    "internal, icc off": ({"internal": True, "icc": False}, ["br0 !br0 DROP", "!br0 br0 DROP", "br0 br0 DROP", *LET_IN]),
}


@pytest.mark.parametrize("name", GUARDS)
def test_the_guard_of_a_network(name: str) -> None:
    options, expected = GUARDS[name]
    assert rules(state(replace(FRONT, **options)), "mangle", "CNM-FORWARD") == expected


def test_what_any_network_forbids_comes_before_what_is_let_in() -> None:
    back = replace(FRONT, name="back", bridge_name="br1", internal=True)
    found = rules(state(FRONT, back), "mangle", "CNM-FORWARD")
    assert found[2:4] == LET_IN
    assert found[:2] == ["br1 !br1 DROP", "!br1 br1 DROP"]


def test_addresses_are_hidden_only_where_that_is_asked_for() -> None:
    assert rules(state(FRONT), "nat", "CNM-POSTROUTING") == ["!br0 MASQUERADE"]
    assert rules(state(replace(FRONT, masquerade=False)), "nat", "CNM-POSTROUTING") == []
    assert rules(state(replace(FRONT, internal=True)), "nat", "CNM-POSTROUTING") == []


def test_a_port_of_one_address_comes_before_that_of_all() -> None:
    ports = (Port(80, 80), Port(81, 80, "tcp", IPv4Address("192.0.2.1")), Port(82, 80))
    chain = state(FRONT, replace(WEB, ports=ports)).objects[("chain", "ipv4", "nft", "nat", "CNM-PORTS")]
    assert isinstance(chain, Chain)
    assert [(rule.destination, rule.port) for rule in chain.rules] == [("192.0.2.1", 81), (None, 80), (None, 82)]


def test_without_networks_there_is_no_firewall() -> None:
    assert not [one for one in state(Sandbox("web", "none")).objects.values() if isinstance(one, (Chain, Jump))]


def test_two_fleets_share_no_object_but_settings() -> None:
    """Names of sandboxes are names of the host's namespaces: two fleets must differ there, and in given bridges."""
    front = replace(FRONT, bridge_name=None)
    one, other = state(front, WEB), state(front, replace(WEB, name="web2"), fleet="blue")
    assert {key[0] for key in one.objects.keys() & other.objects.keys()} == {"sysctl"}
    assert all(tag.fleet == "blue" for tag in (read_tag(getattr(one, "tag", None)) for one in other.objects.values()) if tag)


def test_a_joined_sandbox_has_a_name_and_files_but_nothing_of_its_own() -> None:
    cache, deep = Sandbox("cache", "container", "web"), Sandbox("deep", "container", "cache")
    wanted = state(FRONT, WEB, cache, deep)
    assert {one.name: one.joins for one in of_kind(wanted, Namespace)} == {"web": "", "cache": "web", "deep": "web"}
    assert not [key for key in wanted.objects if key[0] in ("link", "address", "route") and key[1] in ("cache", "deep")]
    files = {one.path: one.content.splitlines()[1:] for one in of_kind(wanted, File)}
    assert files["/etc/netns/deep/hosts"] == files["/etc/netns/web/hosts"]


def test_the_namespace_of_the_host_is_left_alone() -> None:
    wanted = state(FRONT, Sandbox("agent", "host"), Sandbox("mate", "container", "agent"))
    assert not [one for one in wanted.objects.values() if isinstance(one, (Namespace, File))]


def test_the_way_out_and_the_ports_follow_the_priority() -> None:
    back = replace(FRONT, name="back", bridge_name="br1", subnets=(Subnet(IPv4Network("172.21.0.0/24"), IPv4Address("172.21.0.1")),))
    legs = (Endpoint("back", IPv4Address("172.21.0.10")), replace(WEB.endpoints[0], gw_priority=1))
    for endpoints, gateway in ((legs, "172.20.0.1"), ((legs[0], WEB.endpoints[0]), "172.21.0.1")):
        wanted = state(FRONT, back, replace(WEB, endpoints=endpoints))
        assert [one.gateway for one in of_kind(wanted, Route)] == [gateway]
        assert rules(wanted, "nat", "CNM-PORTS") == [f"{gateway}0:80 DNAT"]


def test_an_endpoint() -> None:
    wanted = state(replace(FRONT, mtu=1400, icc=False), WEB)
    near, far = sorted((one for one in of_kind(wanted, Link) if one.kind == "veth"), key=lambda one: one.netns)
    assert (near.netns, near.master, near.peer, near.mtu) == ("", "br0", ("web", "eth0"), 1400)
    assert dict(near.port)["isolated"] is True
    assert (far.netns, far.name, far.peer, far.mtu, far.mac) == ("web", "eth0", ("", near.name), 1400, "02:42:ac:14:00:0a")
    assert Address("web", "eth0", "172.20.0.10/24") in wanted.objects.values()


def test_a_network_of_one_address_is_written_as_iptables_writes_it() -> None:
    single = replace(FRONT, subnets=(Subnet(IPv4Network("172.20.0.1/32"), IPv4Address("172.20.0.1")),))
    chain = state(single).objects[("chain", "ipv4", "nft", "nat", "CNM-POSTROUTING")]
    assert isinstance(chain, Chain)
    assert chain.rules[0].source == "172.20.0.1"


def test_the_hosts_file_of_a_sandbox() -> None:
    wanted = state(FRONT, replace(WEB, extra_hosts=(("registry", "192.0.2.9"),)), Sandbox("db", endpoints=(Endpoint("front", IPv4Address("172.20.0.11")),)))
    file = wanted.objects[("file", "/etc/netns/web/hosts")]
    assert isinstance(file, File)
    assert file.content.startswith("# cnm:default::web:hosts ")
    assert {"127.0.0.1 localhost", "172.20.0.10 web www", "172.20.0.11 db", "192.0.2.9 registry"} <= set(file.content.splitlines())
    assert file.content.endswith("\n")


@pytest.mark.parametrize(
    ("name", "path"), [("net.ipv4.ip_forward", "net/ipv4/ip_forward"), ("net.ipv4.conf.eth0/40.rp_filter", "net/ipv4/conf/eth0.40/rp_filter")]
)
def test_a_setting_and_its_path(name: str, path: str) -> None:
    assert (setting_path(name), setting_name(path)) == (path, name)
