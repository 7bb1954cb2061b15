# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules for the kernel's nouns, where this machine's kernel may lack what they make. What all share is in tests/kernel/test_nouns.py."""

from __future__ import annotations

import pytest
from ansible_collections.mooring.cnm.tests.kernel.examples import check_examples
from ansible_collections.mooring.cnm.tests.kernel.nouns import Tasks
from ansible_collections.mooring.cnm.tests.kernel.test_noun_options import ON_CARD, Case, check_option

PING = "ip netns exec a ping -c1 -W1 192.0.2.3"


@pytest.fixture
def tasks(host, capsys: pytest.CaptureFixture[str]) -> Tasks:
    """A host with a card and two namespaces."""
    host.sh("ip link add up0 type veth peer name up1 && ip link set up1 up && ip link set up0 up && ip netns add a && ip netns add b")
    return Tasks(host, capsys)


def test_an_ipvlan_in_each_mode_and_flag_beside_its_like(tasks: Tasks) -> None:
    """One of them stands for both: the kernel has one mode and one flag for all on a parent."""
    a = {"name": "eth0", "netns": "a"}
    tasks.host.sh("ip link add b0 link up0 netns b type ipvlan mode l2 && ip -n b address add 192.0.2.3/24 dev b0 && ip -n b link set b0 up")
    assert tasks.done("ipvlan", **a, parent="up0", mode="l2", addresses=["192.0.2.2/24"])[0] == "create ipvlan eth0 in a"
    kept = tasks.host.sh("ip -n a -o link show eth0").split()[0]
    assert tasks.host.succeeds(PING)
    assert tasks.done("ipvlan", **a, flag="private") == ["change ipvlan eth0 in a: flag from bridge to private"]
    assert not tasks.host.succeeds(PING)
    assert tasks.done("ipvlan", **a, flag="bridge", mode="l3") == ["change ipvlan eth0 in a: flag from private to bridge, mode from l2 to l3"]
    assert tasks.host.succeeds(PING) and "mode l3 bridge" in tasks.host.sh("ip -n b -d link show b0")
    ops = tasks.done("ipvlan", **a, mode="l3s", mtu=1400, routes=[{"destination": "default"}])
    assert ops == ["change ipvlan eth0 in a: mtu from 1500 to 1400, mode from l3 to l3s", "add route default dev eth0 in a"]
    assert tasks.host.succeeds(PING) and tasks.host.sh("ip -n a -o link show eth0").split()[0] == kept
    assert tasks.done("ipvlan", **a, parent="up1")[:2] == ["remove ipvlan eth0 in a", "create ipvlan eth0 in a"]
    after = tasks.once("ipvlan", **a)["after"]
    assert (after["parent"], after["mode"], after["addresses"], after["routes"]) == ("up1", "l3s", ["192.0.2.2/24"], [{"destination": "default"}])
    assert tasks.done("ipvlan", **a, state="absent") == ["remove ipvlan eth0 in a"]


EITHER = ", and the kernel has either macvlan or ipvlan on an interface"
ONE_WAY = " with mode l2 and flag bridge, and the kernel has one of each for all of ipvlan on an interface"
NO_ROOM = (
    ("macvlan mode bridge", "ipvlan", {"mode": "l2"}, EITHER),
    ("ipvlan mode l2", "macvlan", {"mode": "passthru"}, EITHER),
    # The kernel would not refuse these: it would give the others mode l3, which it gives to one without a mode, and this flag.
    ("ipvlan mode l2", "ipvlan", {}, ONE_WAY),
    ("ipvlan mode l2", "ipvlan", {"mode": "l2", "flag": "vepa"}, ONE_WAY),
)


def test_what_keeps_it_from_its_parent_is_told_before_anything_is_done(tasks: Tasks) -> None:
    for theirs, module, options, words in NO_ROOM:
        tasks.host.sh(f"ip link add b0 link up0 netns b type {theirs}")
        stands = tasks.host.sh("ip -n a -o link; ip -n b -o -d link show b0")
        for check in (True, False):
            result = tasks.once(module, check=check, name="eth0", netns="a", parent="up0", **options)
            told = f"the {theirs.split()[0]} b0 in b rests on it{words}: remove that first, or choose another parent"
            assert result["problems"] == [{"host": "", "path": "parent", "value": "up0", "message": told}]
        assert tasks.host.sh("ip -n a -o link; ip -n b -o -d link show b0") == stands
        tasks.host.sh("ip -n b link del b0")
    assert tasks.once("ipvlan", name="eth0", netns="a", parent="up0")["changed"]


def test_the_examples(host, capsys: pytest.CaptureFixture[str]) -> None:
    check_examples(Tasks(host, capsys), "ipvlan")


OPTIONS = {
    "vlan_filtering": Case(
        *("bridge", {}, {"vlan_filtering": True}, " vlan_filtering 1 "),
        *({"vlan_filtering": False}, ["change bridge x0 in a: vlan_filtering from yes to no"], " vlan_filtering 0 "),
    ),
    # The kernel takes an ipvlan as a port of no bridge.
    "master": Case(
        *("ipvlan", ON_CARD, {"master": "vrf0"}, " master vrf0 "),
        *({"master": ""}, ["change ipvlan x0 in a: master from vrf0 to none"], " ipvlan ", "vrf0 type vrf table 10"),
    ),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_is_set_shown_and_changed(host, capsys: pytest.CaptureFixture[str], option: str) -> None:
    check_option(Tasks(host, capsys), OPTIONS[option])
