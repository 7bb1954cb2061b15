# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv6 on bridge networks: from nothing to addresses, routes and names, repaired, described, and off again."""

from __future__ import annotations

import json

from ansible_collections.mooring.cnm.plugins.module_utils.drivers.describe import describe
from ansible_collections.mooring.cnm.plugins.module_utils.model.checks import check_declaration, check_resolved
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration
from ansible_collections.mooring.cnm.plugins.module_utils.model.options import declaration_options
from ansible_collections.mooring.cnm.plugins.module_utils.model.parse import parse_declaration
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same, dump
from ansible_collections.mooring.cnm.tests.kernel.topologies import clear, run

NETWORKS = {
    "dual": {"enable_ipv6": True, "ipam": {"config": [{"subnet": "10.9.0.0/24", "gateway": "10.9.0.1"}, {"subnet": "fd09::/64", "gateway": "fd09::1"}]}},
    "six": {"enable_ipv4": False, "enable_ipv6": True, "ipam": {"config": [{"subnet": "fd06::/64", "gateway": "fd06::1"}]}},
    "four": {"ipam": {"config": [{"subnet": "10.4.0.0/24", "gateway": "10.4.0.1"}]}},
    "inner": {
        "internal": True,
        "enable_ipv6": True,
        "ipam": {"config": [{"subnet": "10.8.0.0/24", "gateway": "10.8.0.1"}, {"subnet": "fd08::/64", "gateway": "fd08::1"}]},
    },
}
SANDBOXES = {
    "web": {"networks": {"dual": {"ipv4_address": "10.9.0.2", "ipv6_address": "fd09::2", "aliases": ["www"]}, "four": {"ipv4_address": "10.4.0.2"}}},
    "db": {"networks": {"dual": {"ipv4_address": "10.9.0.3", "ipv6_address": "fd09::3"}, "inner": {"ipv4_address": "10.8.0.3", "ipv6_address": "fd08::3"}}},
    "only": {"networks": {"six": {"ipv6_address": "fd06::2"}}},
    "old": {"networks": {"four": {"ipv4_address": "10.4.0.3"}}},
}


def declared(networks: object = None, sandboxes: object = None) -> Declaration:
    declaration, problems = parse_declaration(NETWORKS if networks is None else networks, SANDBOXES if sandboxes is None else sandboxes)
    assert [*problems, *check_declaration(declaration), *check_resolved(declaration)] == []
    return declaration


def test_from_nothing_to_both_families_and_back(host) -> None:
    empty = dump(host)
    predicted = run(declared(), check=True)
    done = run(declared())
    assert done.ops == predicted.ops
    assert run(declared()).ops == run(declared(), check=True).ops == ()
    for target in ("fd09::3", "fd09::1", "10.9.0.3"):
        assert host.succeeds(f"ip netns exec web ping -c1 -W1 {target}"), target
    assert host.succeeds("ip netns exec db ping -c1 -W1 www -6")
    assert host.succeeds("ip netns exec only ping -c1 -W1 fd06::1")
    assert host.succeeds("ip netns exec db ping -c1 -W1 fd08::1")
    assert host.succeeds("ping -c1 -W1 fd06::2")
    assert not host.succeeds("ip netns exec only ping -c1 -W1 fd09::2")
    assert "tentative" not in host.sh("ip -n web -6 address show scope global; ip -6 address show scope global")
    again, problems = parse_declaration(
        *(json.loads(json.dumps(declaration_options(describe(done.after, "default"))))[key] for key in ("networks", "sandboxes"))
    )
    assert problems == []
    assert run(again).ops == ()
    clear()
    check_same(empty, lambda: dump(host))


def test_a_bridge_loses_ipv6_as_its_first_port_is_too_small_for_it(host) -> None:
    """A bridge whose MTU follows its ports would have no IPv6 any more when its addresses are to be removed."""
    small = {**NETWORKS["four"], "driver_opts": {"com.docker.network.driver.mtu": "1000"}}
    one = declared({"net": NETWORKS["dual"]}, {})
    two = declared({"net": small}, {"web": {"networks": {"net": {"ipv4_address": "10.4.0.2"}}}})
    for declaration in (one, two, one):
        predicted = run(declaration, check=True)
        assert run(declaration).ops == predicted.ops
        assert run(declaration).ops == ()


def test_a_bridge_that_loses_ipv6_keeps_no_address_of_the_kernels_making(host) -> None:
    run(declared())
    bridge = host.sh("ip -6 -o address show to fd09::1").split()[1]
    # As the kernel makes it, but now: it waits for a port to have a carrier.
    host.sh(f"ip address replace fe80::9/64 dev {bridge} scope link nodad")
    four = {"dual": {"bridge_name": bridge, "ipam": {"config": [{"subnet": "10.9.0.0/24", "gateway": "10.9.0.1"}]}}}
    run(declared(four, {"web": {"networks": {"dual": {"ipv4_address": "10.9.0.2"}}}}))
    assert host.sh(f"ip -6 -o address show dev {bridge}") == ""
    run(declared())
    assert host.succeeds("ip netns exec only ping -c1 -W1 fd06::1") and host.succeeds("ip netns exec web ping -c1 -W1 fd09::1")
    clear()
