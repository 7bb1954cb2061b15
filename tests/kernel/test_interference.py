# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody else is at work on the host in the middle of a run: takes names, takes links away, holds a namespace, leaves no space."""

from __future__ import annotations

import functools
import itertools
import os
import re
import subprocess
from unittest.mock import patch

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.mooring.cnm.plugins.module_utils import converge
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.veth_pair import port_name
from ansible_collections.mooring.cnm.plugins.module_utils.kernel import apply as kernel_apply
from ansible_collections.mooring.cnm.plugins.module_utils.kernel import bind
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration
from ansible_collections.mooring.cnm.plugins.module_utils.state.fault import Fault
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import HostState
from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.ledger_file import LedgerFile
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same, inode
from ansible_collections.mooring.cnm.tests.kernel.topologies import NOTHING, changed, clear, declare, endpoint, network, run, sandbox
from ansible_collections.mooring.cnm.tests.kernel.trouble import at_step
from ansible_collections.mooring.cnm.tests.kernel.whole import lasting, whole

FRONT = network("front", "172.20.0.0/24", bridge_name="br0")
WEB = sandbox("web", endpoint("front", "172.20.0.2"))
SMALL = declare(FRONT, WEB)
LARGE = changed(SMALL, network("back", "172.21.0.0/24", bridge_name="br1"), sandbox("db", endpoint("front", "172.20.0.3"), endpoint("back", "172.21.0.3")))
PORT, DB_PORT = port_name("default", "front", "web"), port_name("default", "front", "db")

# What somebody makes between our look at the host and our work, and what is said.
MADE_MEANWHILE = {
    "bridge": ("ip link add br1 type bridge", "bridge br1 (back): something with this name", [("", "br1")]),
    "link of a port's name": (f"ip link add {DB_PORT} type bridge", f"veth {DB_PORT} (front/db) with veth eth1 in db", [("", DB_PORT)]),
    "namespace": ("ip netns add db", "namespace db: something with this name", [("db", "lo")]),
    "file in the place of a namespace": ("echo mine > /run/netns/db", "namespace db: something with this name", []),
    "hosts file": ("mkdir -p /etc/netns/db && echo mine > /etc/netns/db/hosts", "file /etc/netns/db/hosts: something with this name", []),
}


@pytest.mark.parametrize("what", MADE_MEANWHILE)
def test_what_somebody_makes_meanwhile_is_left_as_it_is(host, what: str) -> None:
    command, said, again = MADE_MEANWHILE[what]
    run(SMALL)
    pictures = []

    def apply_late(ops) -> None:
        if not pictures:
            host.sh(command)
            pictures.append(whole(host))
        apply(ops)

    apply = kernel_apply.apply
    with patch.object(kernel_apply, "apply", apply_late), pytest.raises(Fault, match=r".*What stood before was put back\.") as raised:
        run(LARGE)
    assert said in str(raised.value)
    check_same(lasting(pictures[0], again), lambda: lasting(whole(host), again))
    assert run(LARGE).clashes


def test_a_name_that_somebody_took_meanwhile_is_not_put_back(host) -> None:
    """Our bridge goes, somebody makes one of its name, and the run fails: all but that bridge is put back."""
    run(LARGE)
    before = whole(host)

    def taken(call, arguments, _which) -> None:
        call(*arguments)
        host.sh("ip link add br1 type bridge")
        raise OSError(5, "injected")

    with at_step(3, taken), pytest.raises(Fault) as raised:
        run(SMALL)
    assert "What stood before was put back, but for bridge br1: somebody else has made another one." in str(raised.value)
    after = whole(host)
    assert after["namespaces"] == before["namespaces"]
    assert host.sh("ip -br link show master br1") == ""
    assert run(LARGE).clashes
    host.sh("ip link del br1")
    run(LARGE)
    assert run(LARGE).ops == ()


def test_a_namespace_whose_name_somebody_took_meanwhile_is_not_put_back(host) -> None:
    """Nor is theirs taken away, with all that is in it."""
    run(LARGE)

    def taken(call, arguments, _which) -> None:
        call(*arguments)
        host.sh("ip netns add db && ip -n db link add theirs type bridge")
        raise OSError(5, "injected")

    with at_step(0, taken, doors=((bind, "unbind"),)), pytest.raises(Fault) as raised:
        run(SMALL)
    assert "What stood before was put back, but for namespace db: somebody else has made another one." in str(raised.value)
    assert "theirs" in host.sh("ip -n db -br link")
    assert run(LARGE).clashes
    host.sh("ip netns del db")
    run(LARGE)
    assert run(LARGE).ops == ()


def test_a_namespace_that_somebody_put_in_the_place_of_ours_is_not_removed(host) -> None:
    """Ours was to go, and they were faster."""
    run(LARGE)

    def replaced(call, arguments, _which) -> None:
        host.sh("ip netns del db && ip netns add db && ip -n db link add theirs type bridge")
        call(*arguments)

    with at_step(0, replaced):
        run(SMALL)
    assert "theirs" in host.sh("ip -n db -br link")
    assert run(SMALL).ops == ()


VANISHING = ("ip link del br0", f"ip link del {PORT}", "ip netns del web", "ip -n web link del eth0")


@pytest.mark.parametrize("way", ["creation", "change", "removal"])
def test_what_vanishes_in_the_middle_of_a_run_is_told_and_made_again(host, way: str) -> None:
    """Before each step something else is gone, by turns."""
    start, goal = {"creation": (NOTHING, LARGE), "change": (SMALL, LARGE), "removal": (LARGE, NOTHING)}[way]
    failures = 0
    for number in itertools.count():
        run(start)
        with at_step(number, functools.partial(gone_before, host, VANISHING[number % len(VANISHING)])) as came:
            failures += fails(goal)
        if not came:
            break
        run(goal)
        assert run(goal, check=True).ops == ()
        if way == "creation":
            clear()
    assert (failures > 0) is (way != "removal")  # what goes meanwhile and was to go is missed by nobody


def gone_before(host, command: str, call, arguments, _which) -> None:
    host.sh(command, check=False)
    call(*arguments)


def fails(goal: Declaration) -> bool:
    try:
        run(goal)
    except Fault as fault:
        assert re.fullmatch(r"Could not [a-z]+ [^\n]+: [^\n]+\.( [A-Z][^\n]*\.)? What stood before was put back\.", str(fault)), str(fault)
        return True
    return False


def test_a_namespace_that_a_process_holds_goes_by_name(host) -> None:
    run(LARGE)
    with subprocess.Popen(["ip", "netns", "exec", "web", "sleep", "60"]) as process:
        while os.readlink(f"/proc/{process.pid}/ns/net") != f"net:[{inode('web')}]":
            assert process.poll() is None
        try:
            held = inode("web")
            assert "remove namespace web" in run(changed(LARGE, without="web")).ops
            assert not os.path.exists("/run/netns/web")
            assert run(changed(LARGE, without="web")).ops == ()
            run(LARGE)
            assert inode("web") != held
            clear()
            assert process.poll() is None
            assert os.readlink(f"/proc/{process.pid}/ns/net") == f"net:[{held}]"
            links = subprocess.run(["nsenter", "-t", str(process.pid), "-n", "ip", "-br", "link"], capture_output=True, text=True, check=True).stdout
            assert [line.split()[0] for line in links.splitlines()] == ["lo"]
        finally:
            process.terminate()


def test_a_removal_that_could_not_be_checked_is_put_back_whole(host) -> None:
    """All is removed, the last look at the host fails: the same namespaces have their names again, with all that was in them."""
    run(LARGE)
    host.sh("ip -n web link add mine type bridge && ip netns exec web sysctl -qw net.ipv4.ip_default_ttl=9")
    before, looks = whole(host), iter(range(9))

    def look(wanted, fleet):
        if next(looks) == 1:
            raise OSError(23, "injected")
        return converge.see(wanted, fleet)

    with pytest.raises(Fault) as raised:
        converge.converge(HostState(), "default", look)
    assert str(raised.value) == "Could not read after the change the host: the host has no free file handles (ENFILE). What stood before was put back."
    again = [("", "br0"), ("", "br1"), ("", PORT), ("", DB_PORT), ("", port_name("default", "back", "db")), ("web", "eth0"), ("db", "eth0"), ("db", "eth1")]
    check_same(lasting(before, again), lambda: lasting(whole(host), again))


def test_no_space_for_a_file_of_a_sandbox(host) -> None:
    run(SMALL)
    host.sh("mkdir -p /etc/netns && cp -a /etc/netns /run/saved && mount -t tmpfs -o size=16k,nr_inodes=8 none /etc/netns && cp -a /run/saved/. /etc/netns/")
    try:
        host.sh("dd if=/dev/zero of=/etc/netns/full bs=1k", check=False)
        before = whole(host)
        with pytest.raises(Fault) as raised:
            run(LARGE)
        assert re.fullmatch(
            r"Could not write file /etc/netns/\w+/hosts: there is no space left \(ENOSPC\)\. What stood before was put back\.", str(raised.value)
        )
        check_same(lasting(before, ()), lambda: lasting(whole(host), ()))
        host.sh("rm /etc/netns/full")
        run(LARGE)
        assert run(LARGE).ops == ()
    finally:
        host.sh("umount -l /etc/netns")


def test_a_ledger_on_a_full_disk_is_as_it_was(host) -> None:
    host.sh("mkdir /run/inventory && mount -t tmpfs -o size=16k none /run/inventory")
    ledger = LedgerFile("/run/inventory/.cnm-ledger.yml")
    ledger.write({"version": 1, "networks": {"front": 1}})
    old = host.sh(f"cat {ledger.path}; ls -ai /run/inventory")
    try:
        with pytest.raises(AnsibleActionFail) as raised:
            ledger.write({"version": 1, "networks": {f"network{number}": number for number in range(2000)}})
        assert raised.value.message == f"The ledger {ledger.path} cannot be written: No space left on device. No host was changed."
        assert host.sh(f"cat {ledger.path}; ls -ai /run/inventory") == old
    finally:
        host.sh("umount -l /run/inventory")
