# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a topology that is given alone, without a ledger, is completed with."""

from __future__ import annotations

from ansible_collections.mooring.cnm.plugins.module_utils.model.complete import complete_topology


def test_a_gateway_that_is_left_out_is_the_first_address() -> None:
    networks = {
        "front": {"ipam": {"config": [{"subnet": "172.20.0.0/24"}]}},
        "six": {"enable_ipv6": True, "ipam": {"config": [{"subnet": "10.9.0.0/31"}, {"subnet": "fd09::/64"}]}},
    }
    declaration, problems = complete_topology({"networks": networks, "sandboxes": {}})
    assert problems == []
    gateways = {name: [str(one.gateway) for one in network.subnets] for name, network in declaration.networks.items()}
    assert gateways == {"front": ["172.20.0.1"], "six": ["10.9.0.0", "fd09::1"]}


def test_where_nobody_has_to_be_the_gateway_nobody_is() -> None:
    lan = {"driver": "macvlan", "parent": "eth0", "ipam": {"config": [{"subnet": "172.20.0.0/24"}]}}
    declaration, problems = complete_topology({"networks": {"lan": lan}, "sandboxes": {}})
    assert (problems, declaration.networks["lan"].subnets[0].gateway) == ([], None)
