# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others made is never altered: in the way it is a problem, beside ours it survives byte for byte."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.clash import clash
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.veth_pair import port_name
from ansible_collections.mooring.cnm.plugins.module_utils.state.tag import link_name
from ansible_collections.mooring.cnm.tests.kernel.ground import FOREIGN
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same, dump, rules
from ansible_collections.mooring.cnm.tests.kernel.topologies import BACK, BATCH, CACHE, DB, FRONT, WEB, changed, clear, declare, endpoint, network, run, sandbox

NAMED = replace(FRONT, bridge_name="br0")
DECLARED = declare(NAMED, BACK, WEB, DB, CACHE, BATCH)
BACK_BR, PORT = link_name("b", "default", "back"), port_name("default", "front", "web")

# What stands where ours should, and what is said of it.
CLASHES = {
    "namespace": ("ip netns add web", "cnm_sandboxes.web", "namespace web"),
    "namespace by another name": ("ip netns add cache", "cnm_sandboxes.cache", "namespace cache"),
    "bridge of the derived name": (f"ip link add {BACK_BR} type bridge", "cnm_networks.back", f"bridge {BACK_BR}"),
    "link of the given name": ("ip link add br0 type veth", "cnm_networks.front", "veth br0"),
    "other name of a link": ("ip link add other type bridge && ip link property add dev other altname br0", "cnm_networks.front", "bridge br0"),
    "link of a port's name": (f"ip link add {PORT} type veth", "cnm_sandboxes.web", f"veth {PORT}"),
    "bridge of another fleet": (
        "ip link add br0 group 6516333 type bridge && ip link set br0 alias cnm:blue:front::bridge",
        "cnm_networks.front",
        "bridge br0",
    ),
    "hosts file": ("mkdir -p /etc/netns/web && echo 192.0.2.1 mine > /etc/netns/web/hosts", "/etc/netns/web/hosts", "file /etc/netns/web/hosts"),
    "folder of that name": ("mkdir -p /etc/netns/web/hosts", "/etc/netns/web/hosts", "file /etc/netns/web/hosts"),
    "symbolic link to nowhere": ("mkdir -p /etc/netns/web && ln -s /nowhere /etc/netns/web/hosts", "/etc/netns/web/hosts", "file /etc/netns/web/hosts"),
    "resolv.conf": ("mkdir -p /etc/netns/db && echo nameserver 192.0.2.1 > /etc/netns/db/resolv.conf", "/etc/netns/db/resolv.conf", "file /etc/netns/db"),
    "file in place of a namespace": ("mkdir -p /run/netns && echo mine > /run/netns/web", "cnm_sandboxes.web", "namespace web"),
}


@pytest.mark.parametrize("what", CLASHES)
def test_a_foreign_object_in_the_way_is_a_problem_and_nothing_is_changed(host, what: str) -> None:
    command, path, name = CLASHES[what]
    host.sh(command)
    before = dump(host)
    for check in (True, False):
        outcome = run(DECLARED, check)
        assert outcome.ops == ()
        problems = [clash(one, host_state(DECLARED, "default")) for one in outcome.clashes]
        assert [one.path for one in problems] == [path]
        assert problems[0].message.startswith(f"the {name}")
        assert "left alone" in problems[0].message
    check_same(before, lambda: dump(host))


@pytest.mark.parametrize("iptables", ["nft", "legacy"])
def test_what_others_made_survives_byte_for_byte(host, iptables: str) -> None:
    host.use_iptables(iptables)
    host.sh(FOREIGN)
    before, alone = dump(host), rules(host)
    steps = [DECLARED, changed(DECLARED, FRONT, without="batch"), DECLARED]
    for declaration in steps:
        run(declaration)
        assert run(declaration).ops == ()
        check_same(_of_others(before, before), lambda: _of_others(dump(host), before))
        assert [line for line in rules(host) if "CNM-" not in line and "cnm:default" not in line] == [line for line in alone if "cnm:default" not in line]
    clear()
    check_same(before, lambda: dump(host))


def test_two_fleets_on_one_host_do_not_see_each_other(host) -> None:
    front = network("front", "172.30.0.0/24", icc=False)
    blue = declare(front, sandbox("blue-web", endpoint("front", "172.30.0.2")))
    run(DECLARED)
    alone = dump(host)
    run(blue, fleet="blue")
    both = dump(host)
    assert run(DECLARED).ops == ()
    run(changed(DECLARED, without="batch"))
    run(DECLARED)
    assert run(blue, fleet="blue").ops == ()
    clear("blue")
    check_same({**alone, "namespaces": None}, lambda: dump(host), but=("namespaces", "batch", "files"))
    run(blue, fleet="blue")
    clear()
    assert run(blue, fleet="blue").ops == ()
    assert [line for line in dump(host)["rules"] if "172.30" in line] == [line for line in both["rules"] if "172.30" in line]
    clear("blue")


def test_a_sandbox_of_another_fleet_is_in_the_way(host) -> None:
    run(DECLARED)
    before = dump(host)
    outcome = run(declare(sandbox("web")), fleet="blue")
    assert [one.key for one in outcome.clashes] == [("file", "/etc/netns/web/hosts"), ("namespace", "web")]
    check_same(before, lambda: dump(host))


def _of_others(picture: dict, before: dict) -> dict:
    """The links, addresses and routes of the host that were there before, the other namespaces and files."""
    names = {one["ifname"] for one in before["host"][0]}
    links, addresses, routes, _routes6 = picture["host"]
    files = {path: content for path, content in picture["files"].items() if path in before["files"]}
    return {
        "links": [one for one in links if one["ifname"] in names],
        "addresses": [one for one in addresses if one["ifname"] in names],
        "routes": [one for one in routes if one.get("dev") in names],
        "files": files,
        "theirs": [picture["theirs"], picture["namespaces"]["theirs"]],
    }
