# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks on parents over a whole fleet: addresses of sandboxes and of the hosts themselves."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

from ansible_collections.mooring.cnm.plugins.module_utils.ipam.fleet import FleetPlan, HostInput, plan_fleet
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.ledger import Ledger, ledger_dict, read_ledger
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.pools import Stock


def lan(**more: Any) -> dict[str, Any]:
    return {"driver": "macvlan", "parent": "eth1", "ipam": {"config": [{"subnet": "10.0.0.0/29", "gateway": "10.0.0.1"}]}, **more}


def plan(hosts: dict[str, tuple[dict[str, Any], dict[str, Any]]], ledger: Ledger | None = None, allocate: bool = True) -> FleetPlan:
    given = {name: HostInput({"cnm_networks": networks}, {"cnm_sandboxes": sandboxes}, {"prefixes": []}) for name, (networks, sandboxes) in hosts.items()}
    return plan_fleet(given, ledger or Ledger(), Stock(), "default", allocate)


ON = {"networks": ["lan"]}
FLEET = {"one": ({"lan": lan(host_shim=True)}, {"a": ON}), "two": ({"lan": lan(parent="eth2", mtu=1400)}, {"a": ON, "b": ON})}


def test_each_host_and_each_sandbox_has_an_address_of_its_own_and_keeps_it() -> None:
    found = plan(FLEET)
    assert not found.problems
    shim = found.declarations["one"].networks["lan"].host_shim
    assert isinstance(shim, tuple) and found.declarations["two"].networks["lan"].host_shim is False
    given = [*shim, *(end.ipv4_address for one in found.declarations.values() for box in one.sandboxes.values() for end in box.endpoints)]
    assert len(set(given)) == 4 and IPv4Address("10.0.0.1") not in given
    assert set(ledger_dict(found.ledger)["endpoints"]["lan"]) == {"one/host", "one/a", "two/a", "two/b"}  # type: ignore[index]
    again = plan({**FLEET, "one": ({"lan": lan(host_shim=True)}, {})}, read_ledger(ledger_dict(found.ledger))[0])
    assert again.declarations["one"].networks["lan"].host_shim == shim
    assert plan(FLEET, found.ledger, allocate=False).declarations == found.declarations


def test_what_clashes_is_told_with_both_hosts() -> None:
    same = {"one": ({"lan": lan(host_shim="10.0.0.2")}, {}), "two": ({"lan": lan(host_shim="10.0.0.2")}, {})}
    assert [(one.host, one.path, one.message.split(" in network")[0]) for one in plan(same).problems] == [
        ("two", "cnm_networks.lan.host_shim", "host one itself has it")
    ]
    full = {"one": ({"lan": lan(host_shim=True)}, {name: ON for name in "abcde"})}
    assert [one.path for one in plan(full).problems] == ["cnm_networks.lan.host_shim"]
    other = {"one": ({"lan": lan()}, {}), "two": ({"lan": lan(mode="vepa")}, {})}
    assert [(one.host, one.path) for one in plan(other).problems] == [("two", "cnm_networks.lan.mode")]
    assert "one has none" in plan(other).problems[0].message


def test_a_network_of_each_host_gives_the_host_an_address_too() -> None:
    found = plan({"one": ({"lan": lan(host_shim=True, scope="host", ipam=None)}, {"a": ON})})
    assert not found.problems
    network = found.declarations["one"].networks["lan"]
    assert isinstance(network.host_shim, tuple) and len(network.host_shim) == 1
    assert network.host_shim[0] in network.subnets[0].subnet and network.subnets[0].gateway is None


def test_the_host_has_an_address_of_each_family_unless_it_chose() -> None:
    both = {"config": [{"subnet": "10.0.0.0/29"}, {"subnet": "fd00::/64"}]}
    for shim, families in ((True, [4, 6]), ("fd00::3", [6]), (["fd00::3", "10.0.0.3"], [4, 6]), ("10.0.0.3", [4])):
        found = plan({"one": ({"lan": lan(host_shim=shim, enable_ipv6=True, ipam=both)}, {"a": ON})})
        assert not found.problems
        given = found.declarations["one"].networks["lan"].host_shim
        assert isinstance(given, tuple) and [one.version for one in given] == families
        assert plan({"one": ({"lan": lan(host_shim=shim, enable_ipv6=True, ipam=both)}, {"a": ON})}, found.ledger, allocate=False) == found
    alone = plan({"one": ({"lan": lan(host_shim=True, enable_ipv4=False, enable_ipv6=True, ipam=None)}, {"a": ON})})
    assert not alone.problems and [one.version for one in alone.declarations["one"].networks["lan"].host_shim] == [6]  # type: ignore[union-attr]
