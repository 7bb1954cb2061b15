# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's state stands for, in the words of the declaration."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.describe import describe
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.hosts_file import read_hosts, read_nameservers
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.inspect import inspect_networks
from ansible_collections.mooring.cnm.plugins.module_utils.model.checks import check_declaration, check_resolved
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration, Endpoint, Network, Sandbox, Subnet
from ansible_collections.mooring.cnm.plugins.module_utils.model.options import declaration_options
from ansible_collections.mooring.cnm.plugins.module_utils.model.parse import parse_declaration
from ansible_collections.mooring.cnm.plugins.module_utils.model.resolve import namespace_owners
from ansible_collections.mooring.cnm.plugins.module_utils.model.tuning import Tuning
from ansible_collections.mooring.cnm.plugins.module_utils.state.chain import Chain
from ansible_collections.mooring.cnm.plugins.module_utils.state.fit import fitted
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import File, HostState, Link
from ansible_collections.mooring.cnm.plugins.module_utils.state.plan import plan
from ansible_collections.mooring.cnm.plugins.module_utils.state.rule import Rule
from ansible_collections.mooring.cnm.tests.unit.drivers.declarations import declarations
from ansible_collections.mooring.cnm.tests.unit.state.pictures import FLEET, drifted, seen, ways
from hypothesis import example, given
from hypothesis import strategies as st


@given(declarations())
def test_the_declarations_of_these_tests_are_valid(declaration: Declaration) -> None:
    assert [*check_declaration(declaration), *check_resolved(declaration)] == []


def _in_one_sandbox(*networks: tuple[tuple[int, ...], int]) -> Declaration:
    """A sandbox in a network of each of these families and priorities."""
    subnets = [(Subnet(IPv4Network(f"10.0.{at}.0/24")), Subnet(IPv6Network(f"fd00:{at}::/64"))) for at in range(len(networks))]
    declared = Declaration()
    legs = []
    for at, (families, priority) in enumerate(networks):
        its = tuple(replace(one, gateway=one.subnet[1]) for one in subnets[at] if one.subnet.version in families)
        declared.networks[f"n{at}"] = Network(f"n{at}", subnets=its, enable_ipv4=4 in families, enable_ipv6=6 in families)
        addresses = {f"ipv{one.subnet.version}_address": one.subnet[9] for one in its}
        legs.append(Endpoint(f"n{at}", gw_priority=priority, **addresses))
    declared.sandboxes["web"] = Sandbox("web", endpoints=tuple(legs))
    return declared


@given(declarations())
@example(_in_one_sandbox(((4, 6), -1), ((4,), 1), ((4, 6), 0)))  # each family's default route is where neither would be by itself
def test_what_is_described_and_declared_again_changes_nothing(declaration: Declaration) -> None:
    wanted = host_state(declaration, FLEET)
    stands = seen(wanted, wanted)
    options = json.loads(json.dumps(declaration_options(describe(stands, FLEET))))
    again, problems = parse_declaration(options["networks"], options["sandboxes"])
    assert problems == []
    assert [*check_declaration(again), *check_resolved(again)] == []
    assert plan(stands, host_state(again, FLEET)).ops == ()
    assert declaration_options(describe(seen(host_state(again, FLEET), wanted), FLEET)) == options


@given(declarations())
def test_the_description_names_all_that_leaves_a_trace(declaration: Declaration) -> None:
    wanted = host_state(declaration, FLEET)
    found = describe(seen(wanted, wanted), FLEET)
    owners = {name: declaration.sandboxes.get(owner or "") for name, owner in namespace_owners(declaration).items()}
    assert set(found.networks) == set(declaration.networks)
    assert set(found.sandboxes) == {name for name, owner in owners.items() if owner is not None and owner.mode != "host"}
    for name, one in found.sandboxes.items():
        assert (one.ports, one.dns, one.extra_hosts) == tuple(getattr(declaration.sandboxes[name], key) for key in ("ports", "dns", "extra_hosts"))


@given(st.data(), ways())
def test_whatever_was_done_to_a_host_can_be_described(data: Any, way: tuple[HostState, HostState]) -> None:
    declaration = describe(data.draw(drifted(way[0])), FLEET)
    json.dumps(declaration_options(declaration))
    json.dumps(inspect_networks(declaration, FLEET))


@pytest.mark.parametrize("driver", ["macvlan", "ipvlan"])
@pytest.mark.parametrize(
    "host_shim",
    [False, (IPv4Address("192.0.2.3"),), (IPv4Address("192.0.2.3"), IPv6Address("fd00::3")), (IPv6Address("fd00::3"),)],
    ids=["without shim", "with shim", "with both", "with IPv6 shim"],
)
@pytest.mark.parametrize(("parent", "mtu", "smaller"), [("wire", None, 1300), ("wire", 1350, 1300), (None, None, 1400), (None, 1400, 1300)])
def test_whose_the_mtu_is_on_a_parent(
    driver: str, host_shim: tuple[IPv4Address | IPv6Address, ...] | bool, parent: str | None, mtu: int | None, smaller: int
) -> None:
    """The parent's (here 1400), the network's or an endpoint's own."""
    subnets = Subnet(IPv4Network("192.0.2.0/24"), bare=True), Subnet(IPv6Network("fd00::/64"), bare=True)
    network = Network("lan", driver, "fleet", subnets=subnets, enable_ipv6=True, parent=parent, mtu=mtu, host_shim=host_shim)
    a = Sandbox("a", endpoints=(Endpoint("lan", IPv4Address("192.0.2.10"), ipv6_address=IPv6Address("fd00::a")),))
    b = Sandbox("b", endpoints=(Endpoint("lan", IPv4Address("192.0.2.11"), ipv6_address=IPv6Address("fd00::b"), tuning=Tuning(mtu=smaller)),))
    declared = Declaration({"lan": network}, {"a": a, "b": b})
    wire = Link("", "wire", "veth", None, mtu=1400)
    stands = fitted(host_state(declared, FLEET), HostState({wire.key: wire}))
    assert {one.mtu for key, one in stands.objects.items() if isinstance(one, Link) and one.netns == "b"} == {smaller}
    assert describe(HostState({**stands.objects, wire.key: wire}, stands.owned), FLEET) == declared


@pytest.mark.parametrize(
    "changes",
    [
        {"to": None},
        {"to": "172.20.0.10"},
        {"to": "172.20.0.10:80-90"},
        {"to": "172.20.0.10-172.20.0.20:80"},
        {"port": None},
        {"protocol": None},
        {"destination": "10.0.0.0/8"},
        {"destination": "!127.0.0.1"},
        {"target": "-A CNM-PORTS -j DROP", "to": None, "port": None},
    ],
)
def test_a_rule_of_another_form_publishes_nothing(changes: dict[str, Any]) -> None:
    rule = Rule("DNAT", protocol="tcp", port=8080, to="172.20.0.10:80")
    chain = Chain("ipv4", "nat", "CNM-PORTS", (replace(rule, **changes),))
    assert describe(HostState({chain.key: chain}, frozenset({chain.key})), FLEET) == Declaration()


@given(st.text(), st.text(st.sampled_from("# \n\tnameserver127.0.0.1:x")))
def test_no_file_makes_the_description_fail(first: str, second: str) -> None:
    for content in (first, second, f"# this sandbox\n{second}", f"# extra_hosts\n{second}"):
        read_hosts(content)
        read_nameservers(content)
        file = File("/etc/netns/web/resolv.conf", content)
        describe(HostState({file.key: file}, frozenset({file.key})), FLEET)


def test_a_resolv_conf_that_somebody_changed() -> None:
    content = "# nameserver 192.0.2.1\nnameserver 192.0.2.53\nnameserver\nnameserver ::1\nnameserver x\nnameserver 192.0.2.54 # two\noptions ndots:0\n"
    assert read_nameservers(content) == [IPv4Address("192.0.2.53"), IPv6Address("::1")]
