# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task of a kernel module that fails, or is killed, at any point: what stood before stands again, and the next task of its kind brings it about."""

from __future__ import annotations

import importlib.util
import itertools
import os
import re
import signal
from typing import Any
from unittest.mock import patch

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common import respawn
from ansible_collections.mooring.cnm.plugins.module_utils.kernel import alone
from ansible_collections.mooring.cnm.tests.kernel.nouns import Tasks, still
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same
from ansible_collections.mooring.cnm.tests.kernel.test_lock import another_run
from ansible_collections.mooring.cnm.tests.kernel.trouble import failing_at, killed_at
from ansible_collections.mooring.cnm.tests.kernel.whole import lasting, whole

# All by hand, so that nobody else's links are named by ours. A VNI is in the way until its link is gone.
BACK = """
for vxlan in "a link delete vx0" "b link delete vx1"; do ip -n $vxlan; done; ip -all netns delete
for name in up0 p1 p2 p3 port0 port9 zport lone1 lone2; do ip link delete $name; done
"""
GROUND = """
set -e
ip netns add a && ip netns add b
quiet="sysctl -qw net.ipv6.conf.default.addr_gen_mode=1"; $quiet && ip netns exec a $quiet && ip netns exec b $quiet
ip link add up0 type veth peer name up1 && ip link set up1 up && ip address add 198.18.9.1/24 dev up0 && ip link set up0 up
for n in 1 2 3; do ip link add p$n type veth peer name q$n; done
ip -n a link set lo up && ip -n b link add lone0 type bridge && ip -n b link set lone0 up
ip link add lone1 address 02:42:c0:00:02:02 type bridge ageing_time 5000 && ip link set lone1 up
ip address add 192.0.2.1/24 dev lone1 && ip route add 203.0.113.0/24 via 192.0.2.7
ip link set p1 master lone1 && ip link set p2 master lone1 && ip link set p2 type bridge_slave isolated on
ip link add zport netns b type veth peer name eth0 netns a && ip -n b link set zport master lone0 up && ip -n a link set eth0 up
ip -n a address add 192.0.2.66/24 dev eth0 && ip -n a route add default via 192.0.2.65 && ip link add port0 type veth peer name eth1 netns a
ip address add 192.0.2.129/26 dev port0 && ip link set port0 up && ip -n a link set eth1 up
ip link add vx0 netns a type vxlan id 9 dstport 4789 local 198.18.9.1 nolearning && ip -n a link set vx0 up && ip -n a address add 10.9.0.1/24 dev vx0
bridge -n a fdb append 00:00:00:00:00:00 dev vx0 dst 198.18.9.2 && bridge -n a fdb replace 02:42:0a:09:00:02 dev vx0 dst 198.18.9.2
ip -n a neigh replace 10.9.0.2 lladdr 02:42:0a:09:00:02 dev vx0 nud permanent protocol 206
"""
BRIDGE = {
    "mtu": 1400,
    "mac_address": "02:42:c0:00:02:01",
    "addresses": ["192.0.2.9/24", "2001:db8::1/64"],
    "routes": [{"destination": "198.51.100.0/24", "gateway": "192.0.2.2"}],
}
PEER = {"name": "eth9", "netns": "a", "addresses": ["192.0.2.200/25"], "routes": [{"destination": "198.51.100.0/24", "gateway": "192.0.2.201"}]}
AT = {"name": "vx0", "netns": "a"}
VX0 = [("a", "vx0")]
MACS = [{"mac_address": f"02:42:0a:09:00:{at:02}", "vtep": "198.18.9.3"} for at in (2, 3)]
# A task, and the links that it makes again.
TASKS: dict[str, tuple[str, dict[str, Any], list[tuple[str, str]]]] = {
    "a namespace comes": ("netns", {"name": "c"}, []),
    "a namespace goes": ("netns", {"name": "a", "state": "absent"}, [("", "port0"), ("a", "eth1"), ("b", "zport"), ("a", "eth0"), *VX0]),
    "a bridge comes": ("bridge", {"name": "lone2", "ports": [{"name": "p3", "hairpin": True}], "priority": 4096, **BRIDGE}, []),
    "a bridge changes": ("bridge", {"name": "lone1", "ports": [{"name": "p2"}, {"name": "p3", "isolated": True}], "ageing_time": 6000, **BRIDGE}, [("", "p1")]),
    "a bridge goes": ("bridge", {"name": "lone1", "state": "absent"}, []),
    "a pair comes": ("veth", {"name": "port9", "master": "lone1", "peer": PEER}, []),
    "a pair changes": ("veth", {"name": "zport", "netns": "b", "master": "", "mtu": 1400, "promisc": True, "peer": {**PEER, "name": "eth0"}}, []),
    "a pair moves": ("veth", {"name": "zport", "netns": "b", "peer": PEER}, [("b", "zport"), ("a", "eth0")]),
    "a macvlan comes": ("macvlan", {"name": "m0", "netns": "a", "parent": "up0", "mode": "private", "addresses": ["192.0.2.10/28"]}, []),
    "a tunnel comes": ("vxlan", {"name": "vx1", "netns": "b", "master": "lone0", "id": 10, "port": 4789, "local": "198.18.9.1", "learning": False}, []),
    "a tunnel is made anew": ("vxlan", {**AT, "id": 10, "ttl": 7, "mtu": 1300}, VX0),
    "peers change": ("vxlan_peers", {**AT, "flood": ["198.18.9.3"], "macs": MACS, "neighbours": [], "exclusive": True}, []),
}


@pytest.fixture
def tasks(host, capsys: pytest.CaptureFixture[str]) -> Tasks:
    host.sh(GROUND)
    return Tasks(host, capsys)


@pytest.mark.parametrize("what", TASKS)
def test_what_fails_at_any_step_is_rolled_back(tasks: Tasks, what: str) -> None:
    module, options, again = TASKS[what]
    before = still(lasting(whole(tasks.host), again))
    ops = tasks.once(module, check=True, **options)["ops"]
    for number in itertools.count():
        with failing_at(number) as failed:
            result = tasks.once(module, **options)
        if not result.get("failed"):
            break
        assert failed, number
        assert re.fullmatch(r"Could not [a-z]+ [^\n]+: [^\n]+\. (Run again\. )?What stood before was put back\.", result["msg"]), result["msg"]
        check_same(before, lambda: still(lasting(whole(tasks.host), again)))
        assert tasks.once(module, check=True, **options)["ops"] == ops
    assert number > 0
    assert not failed


@pytest.mark.parametrize("what", TASKS)
def test_after_a_kill_at_any_step_the_next_task_brings_it_about(tasks: Tasks, what: str) -> None:
    module, options, _again = TASKS[what]
    for number in itertools.count():
        if not killed_at(number, lambda: tasks.once(module, **options)):
            break
        result = tasks.once(module, **options)
        assert not result.get("failed"), (number, result["msg"])
        assert tasks.once(module, **options)["ops"] == [], number
        tasks.host.sh(BACK + GROUND)
    assert number > 0


def test_a_link_that_was_to_go_is_not_taken_along_by_others(tasks: Tasks) -> None:
    """A run was killed while it removed a link, and then that link is wanted again."""
    for number in itertools.count():
        if not killed_at(number, lambda: tasks.once("bridge", name="lone1", state="absent")) or not tasks.host.succeeds("ip link show lone1"):
            break
        tasks.done("veth", name="port0", state="absent")
        assert tasks.host.succeeds("ip link show lone1")


def test_who_waits_for_another_run_says_so(tasks: Tasks) -> None:
    with another_run() as other:
        with patch.object(alone, "_PATIENCE_S", 0.1):
            (said,) = tasks.refused("bridge", name="lone1", ageing_time=6000)
        assert re.match(rf"Could not change this host for module bridge: another run is at work on this host, process {other} for fleet blue, since ", said)
        with patch.object(alone.time, "sleep", lambda _s: os.kill(other, signal.SIGKILL)), patch.object(AnsibleModule, "warn") as warn:
            assert tasks.once("bridge", name="lone1", ageing_time=6000)["changed"]
    assert re.match(rf"Waited [0-9.]+ s for another run on this host, process {other} for fleet blue", warn.call_args.args[0])


def test_pyroute2_is_asked_for_where_something_must_change(tasks: Tasks) -> None:
    """Under another interpreter that has it, the module goes on; without one it says what is missing."""
    found = importlib.util.find_spec
    with patch.object(importlib.util, "find_spec", lambda name, *more: None if name == "pyroute2" else found(name, *more)):
        assert tasks.once("bridge", name="lone1", ageing_time=5000)["ops"] == []
        with patch.object(respawn, "probe_interpreters_for_module", lambda *_asked: None):
            assert "(pyroute2)" in tasks.refused("bridge", name="lone1", ageing_time=6000)[0]
            assert "(pyroute2)" in tasks.refused("netns", name="c")[0]
        asked: list[str] = []
        with patch.object(respawn, "probe_interpreters_for_module", lambda *_asked: "/a/python3"), patch.object(respawn, "respawn_module", asked.append):
            tasks.once("bridge", name="lone1", ageing_time=6000)
        assert asked == ["/a/python3"]
