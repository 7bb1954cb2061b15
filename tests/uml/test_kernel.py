# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the other tests here rest on: a kernel that has every kind of link that the collection makes."""

from __future__ import annotations

import pytest

LINKS = {
    "802.1q": "link add link wire name one type vlan id 40",
    "bridge": "link add one type bridge vlan_filtering 1",
    "dummy": "link add one type dummy",
    "ipvlan l2": "link add link wire name one type ipvlan mode l2 private",
    "ipvlan l3": "link add link wire name one type ipvlan mode l3 vepa",
    "ipvlan l3s": "link add link wire name one type ipvlan mode l3s bridge",
    "macvlan": "link add link wire name one type macvlan mode passthru",
    "vxlan": "link add one type vxlan id 256 dstport 4789 local 192.0.2.1 nolearning",
}


@pytest.mark.parametrize("made", LINKS.values(), ids=LINKS)
def test_the_kernel_has(host, made: str) -> None:
    host.sh("ip link add wire up type veth peer name far")
    host.sh(f"ip {made} && ip link set one up && ip link del one")
