# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a power cut a host comes back to what it was, without controller and without Ansible."""

from __future__ import annotations

import re
import time

import pytest

from .conftest import SANDBOXES, UNIT, Fleet, difference, dump

# A service of the user, in a sandbox and with its names.
ANSWER = """\
import socketserver
class Answer(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(open("/etc/hosts", "rb").read())
socketserver.TCPServer(("", 80), Answer).serve_forever()
"""
WEB = f"""\
[Unit]
Requires={UNIT}
After={UNIT}
[Service]
NetworkNamespacePath=/run/netns/web
BindReadOnlyPaths=/etc/netns/web/hosts:/etc/hosts /etc/netns/web/resolv.conf:/etc/resolv.conf
ExecStart=/usr/bin/python3 /usr/local/bin/answer
[Install]
WantedBy=multi-user.target
"""

OVER = "in 'cnm+default+over'"
# How a line of the dump begins, and what else is in it.
HAS_TO_BE_THERE = [
    (f"{OVER} forwarding", '"mac": "02:42:0a:00:09:03"', '"dst": "198.18.0.2"'),
    (f"{OVER} neighbour", '"dst": "10.0.9.3"', '"lladdr": "02:42:0a:00:09:03"'),
    (f"{OVER} neighbour", '"dst": "fd00:9::3"', '"lladdr": "02:42:0a:00:09:03"'),
    ("in 'app'", '"info_kind": "macvlan"'),
    ("iptables", "-s 172.21.0.0/24", "MASQUERADE"),
    ("ip6tables", "-s fd00:21::/64", "MASQUERADE"),
    ("table ip6 nat {", "fd00:21::/64"),
]


def journal(fleet: Fleet, name: str) -> list[str]:
    """What the unit said since the host's last boot."""
    return fleet.host(name).check_output("journalctl --boot --identifier=mooring-cnm --output=cat --no-pager").splitlines()


def test_what_is_compared_has_all_there_is(made: Fleet) -> None:
    """Of each kind one that has to be there: a comparison of nothing with nothing finds no difference."""
    lines = dump(made.host("node1"))
    for begin, *words in HAS_TO_BE_THERE:
        assert any(line.startswith(begin) and all(word in line for word in words) for line in lines), (begin, *words)


def test_the_host_is_as_it_was(made: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    host, before = made.host("node1"), dump(made.host("node1"))
    begin = time.monotonic()
    assert made.power("rebooted", "node1")["warnings"] == []
    took_s = time.monotonic() - begin
    assert not difference(before, dump(host))
    # and the other host, of which it was told by its slice alone, is reached over the tunnel and the wire that they share
    for address in ("10.0.9.3", "fd00:9::3", "192.0.2.3"):
        host.check_output(f"ip netns exec app ping -q -c 1 -W 2 {address}")
    # the journal has what was done, and how long it took
    *steps, last = journal(made, "node1")
    with capsys.disabled():
        print(f"\npower cut to multi-user.target in {took_s:.2f} s; {last}")
    assert "create namespace web" in steps and "create namespace cache as another name of web" in steps
    assert last.startswith(f"This host is as /etc/mooring-cnm/default.json declares it: {len(steps)} changes in ")
    # before the network was said to be there
    times = host.check_output(f"systemctl show --property=ActiveEnterTimestampMonotonic --value {UNIT} network.target").split()
    assert 0 < int(times[0]) <= int(times[1])
    # to start it again is to converge again
    host.check_output("systemctl restart %s", UNIT)
    assert re.fullmatch(r".*: 0 changes in \d\.\d\d s\.", journal(made, "node1")[-1])
    host.check_output("ip -n web link delete eth0")
    host.check_output("systemctl restart %s", UNIT)
    assert not difference(before, dump(host))
    # and Ansible finds nothing to do
    assert made.play().changed == {0}


def test_a_service_starts_in_its_sandbox(made: Fleet) -> None:
    host = made.host("node1")
    host.check_output("printf %s > /usr/local/bin/answer; printf %s > /etc/systemd/system/web.service; systemctl enable web", ANSWER, WEB)
    assert made.power("rebooted", "node1")["warnings"] == []
    fetch = "until bash -c 'cat < /dev/tcp/198.18.0.1/8080' 2>/dev/null; do sleep 0.05; done"
    names = made.host("node2").check_output("timeout 10 sh -c %s", fetch)
    assert "172.20.0.10" in names and "www" in names
    host.check_output("systemctl disable --now web && rm /etc/systemd/system/web.service && systemctl daemon-reload")


def test_a_run_brings_the_slice_up_to_date(fleet: Fleet) -> None:
    fleet.declare(cnm_sandboxes={name: one for name, one in SANDBOXES.items() if name != "db"})
    done = fleet.play("--diff")
    assert done.status == 0 and done.steps("node1") == ["write /etc/mooring-cnm/default.json", f"start {UNIT}"]
    fleet.power("rebooted", "node1")
    assert fleet.host("node1").check_output("ls /run/netns").split() == ["app", "batch", "cache", "cnm+default+over", "web"]


def test_a_broken_slice_is_a_failed_unit_and_a_sentence(fleet: Fleet) -> None:
    host = fleet.host("node1")
    host.check_output('echo \'{"fleet": "default", "networks": {"front": {"driver": "bridg"}}}\' > /etc/mooring-cnm/default.json')
    [warning] = fleet.power("rebooted", "node1")["warnings"]
    assert UNIT in warning
    said = journal(fleet, "node1")
    assert said[0].startswith("Could not use the slice /etc/mooring-cnm/default.json: 1 of its values cannot be carried out, and nothing was changed:")
    assert "cnm_networks.front.driver" in said[1]
    assert host.check_output("journalctl --boot --priority=err --unit %s --output=cat --no-pager --grep 'Could not use'", UNIT)
    assert host.check_output("ls /run/netns 2>/dev/null || true") == ""
    host.check_output("echo '{' > /etc/mooring-cnm/default.json; systemctl restart %s || true", UNIT)
    assert "it is not JSON" in journal(fleet, "node1")[-1]
    host.check_output("rm /etc/mooring-cnm/default.json; systemctl restart %s || true", UNIT)
    assert "No such file or directory" in journal(fleet, "node1")[-1]


def test_what_others_made_stays_and_is_named(fleet: Fleet) -> None:
    host = fleet.host("node1")
    host.check_output("printf '[Unit]\\nBefore=%s\\n[Service]\\nType=oneshot\\nExecStart=ip netns add web\\n' > /etc/systemd/system/early.service", UNIT)
    host.check_output("mkdir -p /etc/systemd/system/%s.wants && ln -sf ../early.service /etc/systemd/system/%s.wants/", UNIT, UNIT)
    fleet.power("rebooted", "node1")
    [said] = journal(fleet, "node1")
    assert "were not made by this fleet: " in said and "namespace web" in said
    assert host.check_output("ls /run/netns") == "web"
    host.check_output("rm -r /etc/systemd/system/%s.wants /etc/systemd/system/early.service; ip netns del web", UNIT)


def test_a_firewall_that_starts_anew_takes_nothing_away(made: Fleet) -> None:
    host, before = made.host("node1"), dump(made.host("node1"))
    host.check_output("systemctl start nftables")  # it flushes all tables
    assert "CNM-FORWARD" not in host.check_output("iptables-save")
    host.check_output("systemctl restart nftables")
    # The firewall's own table, that of Debian's /etc/nftables.conf, is there besides.
    host.check_output("nft delete table inet filter")
    assert not difference(before, dump(host))


def test_nor_does_one_that_reads_its_rules_anew(made: Fleet) -> None:
    """As roles that manage a firewall have it do: its file begins with flush ruleset."""
    host, before = made.host("node1"), dump(made.host("node1"))
    back = f"iptables-save | grep -q CNM-FORWARD && systemctl show --property SubState --value {UNIT} | grep -qx exited"
    for verb in ("restart", "reload"):
        host.check_output(f"systemctl {verb} nftables && timeout 20 sh -c 'until {back}; do sleep 0.1; done'")
        host.check_output("nft delete table inet filter")
    assert not difference(before, dump(host))
