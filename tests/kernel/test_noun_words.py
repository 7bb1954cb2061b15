# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the options of the kernel modules may be written, and which of their values the kernel takes."""

from __future__ import annotations

import pytest
from ansible_collections.mooring.cnm.tests.kernel.nouns import Tasks


@pytest.fixture
def tasks(host, capsys: pytest.CaptureFixture[str]) -> Tasks:
    return Tasks(host, capsys)


def test_a_namespace_by_its_path(tasks: Tasks) -> None:
    tasks.done("netns", name="web")
    path = "/run/netns/web"
    assert tasks.done("bridge", name="lone0", netns=path, addresses=["192.0.2.1/24"])[0] == "create bridge lone0 in web"
    assert tasks.done("veth", name="v0", netns="web", master="lone0", peer={"name": "v1", "netns": f"/var{path}"})[0].startswith("create veth v0 in web with")
    assert "192.0.2.1/24" in tasks.host.sh("ip -n web address show lone0")


def test_a_number_that_the_kernel_does_not_take_is_refused(tasks: Tasks) -> None:
    assert tasks.refused("bridge", name="b0", priority=70000, stp=True, forward_delay=15, mtu=20, routes=[{"destination": "default", "metric": -1}]) == [
        "mtu: a number from 68 to 65535 is expected",
        "priority: a number from 0 to 65535 is expected",
        "forward_delay: a number of hundredths of a second from 200 to 3000 is expected",
        "routes[0].metric: a number from 0 to 4294967295 is expected",
    ]
    assert tasks.refused("vxlan", name="x0", id=7, port=0, ttl=256) == [
        "port: a number from 1 to 65535 is expected",
        "ttl: a number from 0 to 255 is expected",
    ]
    assert tasks.done("bridge", name="b0", forward_delay=0, ageing=0, priority=0)[0] == "create bridge b0"


def test_the_zone_of_a_link_is_refused_wherever_an_address_stands(tasks: Tasks) -> None:
    """Python reads it as a part of the address, and the kernel would be given the address without it."""
    route = {"destination": "fe80::1%up0/128", "gateway": "fe80::1%up0"}
    found = tasks.refused("bridge", name="b0", addresses=["fe80::2%up0/64", "2001:db8::2%up0/64"], routes=[route])
    found += tasks.refused("vxlan", name="x0", id=7, local="fe80::2%up0", group="ff02::7%up0")
    found += tasks.refused("vxlan_peers", name="x0", macs=[{"mac_address": "02:00:00:00:00:01", "vtep": "fe80::2%up0"}])
    places = ["addresses[0]", "addresses[1]", "routes[0].gateway", "routes[0].destination", "local", "group", "macs[0].vtep"]
    assert sorted(found) == sorted(f"{place}: an address without '%' is expected: the zone of a link means nothing here" for place in places)


def test_who_has_the_whole_parent_keeps_others_off_and_the_other_way_round(tasks: Tasks) -> None:
    """Wherever it is, in check mode too; and where there are several names for one namespace, nobody is in his own way."""
    tasks.host.sh("ip link add up0 type veth peer name up1; ip netns add a; ip netns add b; touch /run/netns/c; mount --bind /run/netns/b /run/netns/c")
    words = "parent: the macvlan m0 in {} rests on it, and mode passthru takes the whole interface: remove that first, or choose another parent"
    tasks.done("macvlan", name="m0", netns="b", parent="up0", mode="bridge")
    assert tasks.refused("macvlan", check=True, name="m0", netns="a", parent="up0", mode="passthru") in ([words.format("b")], [words.format("c")])
    tasks.done("macvlan", name="m0", netns="a", parent="up0", mode="private")
    assert tasks.refused("macvlan", name="m0", netns="b", mode="passthru") == [words.format("a")]
    tasks.done("macvlan", name="m0", netns="a", state="absent")
    for netns in "bc":
        tasks.done("macvlan", name="m0", netns=netns, mode="bridge")
        tasks.done("macvlan", name="m0", netns=netns, mode="passthru")
    for check in (True, False):
        assert tasks.refused("macvlan", check=check, name="m1", parent="up0", mode="bridge") in ([words.format("b")], [words.format("c")])
    tasks.done("macvlan", name="m1", parent="up1", mode="bridge")
