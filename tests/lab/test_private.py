# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one host does is seen by nobody else, whatever its first process is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import RealLab, two_hosts


@pytest.fixture(scope="module", params=["reaper", "systemd"])
def pair(request: pytest.FixtureRequest) -> Iterator[RealLab]:
    """Each promise is kept with either first process."""
    yield from two_hosts(request.param)


def machine(command: str) -> str:
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False).stdout


def test_hosts_reach_each_other(pair: RealLab) -> None:
    for address in ("198.18.0.2", "fd00:198:18::2"):
        assert pair.host(1).run_expect([0], f"ping -c 1 -W 2 {address}")


def test_a_full_frame_passes_and_no_larger_one(pair: RealLab) -> None:
    pair.host(1).run_expect([0], "ping -c 1 -W 2 -M do -s 1472 198.18.0.2")
    pair.host(1).run_expect([1], "ping -c 1 -W 2 -M do -s 1473 198.18.0.2")


def test_there_is_no_way_out(pair: RealLab) -> None:
    host = pair.host(1)
    assert host.check_output("ip route").strip() == "198.18.0.0/16 dev eth0 proto kernel scope link src 198.18.0.1"
    assert "Network is unreachable" in host.run("ping -c 1 192.0.2.1").stderr
    assert "198.18." not in machine("ip address; ip route")


def test_named_namespaces_are_the_hosts_own(pair: RealLab) -> None:
    one, other = pair.host(1), pair.host(2)
    one.check_output("ip netns add blue")
    try:
        one.check_output("ip link add v0 type veth peer name v1 netns blue")
        assert one.check_output("ip -n blue -br link show v1")
        assert other.check_output("ip netns list") == ""
        assert "v0" not in machine("ip -br link")
        assert not os.path.exists("/run/netns/blue")
        assert "netns/blue" not in Path("/proc/self/mountinfo").read_text()
    finally:
        one.check_output("ip netns del blue")


def test_a_named_namespace_is_seen_by_processes_that_ran_before_it(pair: RealLab) -> None:
    """As on a machine with systemd, where /run is a shared mount."""
    host = pair.host(1)
    # `ip netns exec` gives its process a mount namespace of its own, before there is a second named namespace
    script = "ip netns add first; ip netns exec first sh -c 'until [ -e /run/go ]; do sleep 0.02; done; ip netns exec second echo seen' &"
    out = host.check_output(f"{script} sleep 0.3; ip netns add second; touch /run/go; wait; rm /run/go; ip netns del first; ip netns del second")
    assert out == "seen"


@pytest.mark.parametrize("tool", ["iptables-nft", "iptables-legacy", "ip6tables-nft"])
def test_firewall_rules_are_the_hosts_own(pair: RealLab, tool: str) -> None:
    pair.host(1).run_expect([0], f"{tool} -w -N LABTEST")
    assert "-N LABTEST" in pair.host(1).check_output(f"{tool} -w -S")
    assert "LABTEST" not in pair.host(2).check_output(f"{tool} -w -S")


def test_files_are_the_hosts_own(pair: RealLab) -> None:
    for path in ("/etc/labtest", "/run/labtest", "/tmp/labtest", "/var/lib/labtest", "/usr/bin/labtest"):
        pair.host(1).check_output("touch %s", path)
        assert not pair.host(2).file(path).exists
        assert not os.path.exists(path)


def test_the_disks_of_the_hosts_are_hidden(pair: RealLab) -> None:
    assert pair.host(2).check_output("ls -A /var/lib/cnm-lab") == ""


def test_identity(pair: RealLab) -> None:
    one, other = pair.host(1), pair.host(2)
    assert (one.check_output("hostname"), other.check_output("hostname")) == ("node1", "node2")
    assert os.uname().nodename == machine("hostname").strip() != "node1"
    for path in ("/etc/machine-id", "/proc/sys/kernel/random/boot_id"):
        assert len({one.file(path).content, other.file(path).content, Path(path).read_bytes()}) == 3, path
    assert one.check_output("getent hosts node1").split()[0] == "127.0.1.1"
    assert "nameserver" not in one.file("/etc/resolv.conf").content_string


def test_processes_are_the_hosts_own(pair: RealLab) -> None:
    services = {"systemd-journal", "dbus-daemon", "systemd-logind"} if pair.init == "systemd" else set()
    first, *others = pair.host(1).check_output("ps -e -o comm=").split()
    assert first == {"reaper": "sleep", "systemd": "systemd"}[str(pair.init)]
    assert set(others) <= {"sh", "ps", *services}


def test_links_are_the_hosts_own(pair: RealLab) -> None:
    assert sorted(pair.host(1).check_output("ls /sys/class/net").split()) == ["eth0", "lo"]


def test_control_groups_are_the_hosts_own(pair: RealLab) -> None:
    paths = {line.rpartition(":")[2] for line in pair.host(1).check_output("cat /proc/1/cgroup").splitlines()}
    assert paths == ({"/"} if pair.init == "reaper" else {"/", "/init.scope"})


def test_network_settings_are_the_hosts_own(pair: RealLab) -> None:
    before = Path("/proc/sys/net/ipv4/ip_forward").read_text()
    pair.host(1).check_output("sysctl -w net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=2")
    assert pair.host(2).check_output("sysctl -n net.ipv4.ip_forward net.ipv4.conf.all.rp_filter").split() == ["0", "0"]
    assert Path("/proc/sys/net/ipv4/ip_forward").read_text() == before


@pytest.mark.parametrize("path", ["/proc/sys/vm/swappiness", "/proc/sys/kernel/printk", "/proc/sys/fs/file-max", "/sys/class/net/lo/mtu"])
def test_the_machines_settings_are_read_only(pair: RealLab, path: str) -> None:
    # Written back as it is, so that a lab that lets it through does no harm to the machine.
    done = pair.host(1).run('now=$(cat %s) && echo "$now" > %s', path, path)
    assert done.rc != 0 and ("Read-only" in done.stderr or "Permission denied" in done.stderr)


def test_ipv4_settings_are_those_of_a_fresh_host_whatever_the_machines_are() -> None:
    """A lab made from within a namespace whose settings are not the kernel's own; those of the machine itself stay alone."""
    program = (
        "import os, sys; from ansible_collections.mooring.cnm.plugins.module_utils.lab import root, syscalls as s;"
        "s.unshare(s.CLONE_NEWNET);"
        "w = lambda path, text: open('/proc/sys/net/ipv4/' + path, 'w').write(text);"
        "[w(path, '1') for path in ('ip_forward', 'conf/all/rp_filter', 'conf/default/arp_notify', 'conf/lo/route_localnet')];"
        "root._reset_network();"
        "print(*[open('/proc/sys/net/ipv4/conf/' + path).read().strip() for path in"
        " ('all/forwarding', 'default/forwarding', 'all/rp_filter', 'default/arp_notify', 'lo/route_localnet',"
        " 'all/accept_redirects', 'all/accept_source_route', 'default/accept_source_route')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "0", "0", "0", "0", "1", "0", "1"]


def test_orphans_are_reaped(pair: RealLab) -> None:
    host = pair.host(1)
    host.check_output("sh -c '(sleep 0.1 &)'; (true &); sleep 0.3")
    assert "Z" not in host.check_output("ps -e -o stat=")
