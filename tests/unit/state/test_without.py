# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left to put back where somebody else has taken a name."""

from __future__ import annotations

from ansible_collections.mooring.cnm.plugins.module_utils.state.lost import without
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import Address, Link, Namespace, Object, Sysctl

BRIDGE = Link("", "br0", "bridge")
PORT = Link("", "port", "veth", master="br0", peer=("web", "eth0"), port=(("isolated", True),))
END = Link("web", "eth0", "veth", peer=("", "port"))
ALL: list[Object] = [
    BRIDGE,
    PORT,
    END,
    Namespace("web"),
    Address("", "br0", "10.0.0.1/24"),
    Address("web", "eth0", "10.0.0.2/24"),
    Sysctl("", "net/ipv4/conf/br0/route_localnet", "1"),
]


def left(*taken: Object) -> dict[str, Object]:
    return {"/".join(key): one for key, one in without({one.key: one for one in ALL}, taken).items()}


def test_all_is_left_where_nothing_was_taken() -> None:
    assert list(left().values()) == ALL


def test_a_port_of_a_bridge_that_was_taken_is_left_where_it_is() -> None:
    found = left(BRIDGE)
    assert list(found) == ["link//port", "link/web/eth0", "namespace/web", "address/web/eth0/10.0.0.2/24"]
    assert found["link//port"] == Link("", "port", "veth", peer=("web", "eth0"))


def test_what_rests_on_a_namespace_that_was_taken_goes_with_it() -> None:
    assert list(left(Namespace("web"))) == ["link//br0", "address//br0/10.0.0.1/24", "sysctl//net/ipv4/conf/br0/route_localnet"]
