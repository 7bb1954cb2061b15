# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host itself brings: what others use there, tools that are missing, names that are taken, two runs at once, many objects."""

from __future__ import annotations

import itertools
import os
import socket

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.firewall import run as firewall
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.reserved import has_address, read_ports, read_reserved
from ansible_collections.mooring.cnm.plugins.module_utils.model.host_checks import check_against_host
from ansible_collections.mooring.cnm.plugins.module_utils.state.fault import Fault
from ansible_collections.mooring.cnm.plugins.module_utils.state.tag import link_name
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same, dump
from ansible_collections.mooring.cnm.tests.kernel.topologies import BACK, DB, FRONT, WEB, changed, clear, declare, endpoint, network, run, sandbox
from ansible_collections.mooring.cnm.tests.kernel.trouble import failing_at

DECLARED = declare(FRONT, BACK, WEB, DB)
BR = link_name("b", "default", "front")


def test_what_others_use_is_reserved_and_what_is_ours_is_not(host) -> None:
    host.sh("ip link add wan type veth peer name far && ip addr add 198.51.100.1/24 dev wan && ip link set wan mtu 1400 up && ip link set far up")
    host.sh("sysctl -qw net.ipv4.ip_local_port_range='40000 40009' net.ipv4.ip_local_reserved_ports=40000-40003,40005")
    host.sh("ip address add fd17::1/64 dev wan nodad && ip route add fd18::/64 via fd17::2")
    host.sh("ip route add default via 198.51.100.9 && ip route add 10.7.0.0/16 via 198.51.100.9 && printf 'nameserver 192.0.2.53\\n' > /etc/resolv.conf")
    run(DECLARED)
    run(declare(network("other", "172.30.0.0/24")), fleet="blue")
    with socket.create_server(("127.0.0.1", 8080)):
        assert [(one["protocol"], one["host_ip"], one["port"]) for one in read_ports()] == [("tcp", "127.0.0.1", 8080)]
    with socket.create_server(("fd17::1", 8081), family=socket.AF_INET6), socket.create_server(("::", 8082), family=socket.AF_INET6, dualstack_ipv6=True):
        assert [(one["host_ip"], one["port"]) for one in read_ports()] == [("::", 8082), ("fd17::1", 8081)]
    reserved = read_reserved("default")
    # 10.7.0.0/16 is beyond a gateway.
    assert reserved["prefixes"] == ["172.30.0.0/24", "198.51.100.0/24", "fd17::/64"]
    assert (reserved["port_range"], reserved["reserved_ports"]) == ([40000, 40009], [[40000, 40003], [40005, 40005]])
    assert (reserved["resolvers"], reserved["underlay_address"], reserved["underlay_mtu"]) == (["192.0.2.53"], "198.51.100.1", 1400)


def test_an_address_is_the_hosts_own_where_it_takes_packets_for_it(host) -> None:
    host.sh("ip addr add 198.51.100.1/24 dev lo && ip addr add 2001:db8::1/64 dev lo && ip route add local 203.0.113.0/24 dev lo")
    asked = ("127.0.0.2", "198.51.100.1", "203.0.113.7", "2001:db8::1", "192.0.2.2", "2001:db9::2")
    assert [has_address(one) for one in asked] == [True, True, True, True, False, False]
    host.sh("sysctl -qw net.ipv4.ip_nonlocal_bind=1")  # as where an address moves between hosts
    assert has_address("192.0.2.2")


def test_what_somebody_took_the_mark_from_is_still_ours(host) -> None:
    run(DECLARED)
    host.sh(f"ip link set {BR} alias ''")
    assert check_against_host(DECLARED, read_reserved("default")) == []
    assert len(run(DECLARED).ops) == 1


def test_without_iptables_nothing_is_left_half_done(host, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = dump(host)
    monkeypatch.setattr(firewall, "find_tool", lambda *_which: None)
    with pytest.raises(Fault) as raised:
        run(DECLARED, firewall="iptables")
    assert str(raised.value).startswith("Could not write the firewall rules: iptables-restore is not installed in its nft form. Install the package iptables")
    monkeypatch.undo()
    check_same(empty, lambda: dump(host))


def test_without_iptables_nftables_is_used(host) -> None:
    host.sh("rm /etc/alternatives/iptables-save /etc/alternatives/iptables-restore")
    assert "create table inet cnm-default (9 rules)" in run(DECLARED).ops
    assert not run(DECLARED).ops


def test_a_readable_name_that_somebody_else_has_is_told_by_the_kernel(host) -> None:
    host.sh("ip link add theirs type bridge && ip link property add dev theirs altname cnm+default+front")
    before = dump(host)
    with pytest.raises(Fault) as raised:
        run(DECLARED)
    assert f"Could not create bridge {BR} (front): " in str(raised.value)
    assert "(EEXIST)" in str(raised.value)
    check_same(before, lambda: dump(host))


def test_our_chain_that_somebody_else_uses_cannot_go(host) -> None:
    run(DECLARED)
    before = dump(host)
    host.sh("iptables -A INPUT -j CNM-FORWARD")
    with pytest.raises(Fault) as raised:
        clear()
    assert str(raised.value).startswith("Could not write the firewall rules: ")
    host.sh("iptables -D INPUT -j CNM-FORWARD")
    assert run(DECLARED).ops == ()
    assert [one["ifname"] for one in dump(host)["web"][0]] == [one["ifname"] for one in before["web"][0]]


def test_two_runs_at_once_work_one_after_the_other(host) -> None:
    goals = [DECLARED, changed(DECLARED, without="web"), declare(FRONT)]
    children = []
    for goal in itertools.islice(itertools.cycle(goals), 6):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                run(goal)
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * len(children)
    assert () in [run(goal, check=True).ops for goal in goals]


def test_more_objects_than_one_message_buffer_takes(host) -> None:
    many = declare(network("front", "172.20.0.0/22"), *(sandbox(f"s{at}", endpoint("front", f"172.20.{at // 200}.{at % 200 + 2}")) for at in range(150)))
    empty = dump(host)
    run(many)
    assert run(many).ops == ()
    host.sh("for one in $(ip -br link | grep -o '^cnmv[0-9a-f]*' | head -100); do ip link set $one mtu 1300; done")
    assert len(run(many).ops) == 100  # the bridge's own MTU was set, so it does not follow its ports
    assert run(many).ops == ()
    clear()
    check_same(empty, lambda: dump(host))


def test_no_descriptor_is_left_open(host) -> None:
    """A socket or a namespace that is kept would keep what was removed, too; whether a run ends well or not."""
    goals = [DECLARED, changed(DECLARED, without="web"), declare()]
    run(DECLARED)
    before = sorted(os.listdir("/proc/self/fd"))
    for goal in goals:
        for check in (True, False):
            run(goal, check=check)
    with failing_at(3), pytest.raises(Fault):
        run(DECLARED)
    assert sorted(os.listdir("/proc/self/fd")) == before
