# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody else changed is found by name and repaired in place, while a connection goes on."""

from __future__ import annotations

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.describe import describe
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.veth_pair import port_name
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Port
from ansible_collections.mooring.cnm.plugins.module_utils.state.tag import link_name
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same, dump, inode
from ansible_collections.mooring.cnm.tests.kernel.topologies import BACK, BATCH, CACHE, DB, FRONT, declare, endpoint, run, sandbox

WEB = sandbox("web", endpoint("back", "172.21.0.2"), endpoint("front", "172.20.0.2", aliases=("www",)), ports=(Port(8080, 80), Port(53, 53, "udp")))
DECLARED = declare(FRONT, BACK, WEB, DB, CACHE, BATCH)
CONNECTION = ("web", "db", "172.20.0.3")
BR, BACK_BR = link_name("b", "default", "front"), link_name("b", "default", "back")
WEB_PORT, DB_PORT = port_name("default", "front", "web"), port_name("default", "front", "db")
BATCH_TTL = "/proc/sys/net/ipv4/ip_default_ttl"

# What is done to the host, and the steps that put it right again.
DRIFTS = {
    "MTU of the host's end": (f"ip link set {WEB_PORT} mtu 1300", [f"change veth {WEB_PORT} (front/web): mtu from 1300 to 1500"]),
    "MTU of the sandbox's end": ("ip -n web link set eth1 mtu 1300", ["change veth eth1 in web (front/web): mtu from 1300 to 1500"]),
    "MTU of the bridge": (f"ip link set {BR} mtu 1300", [f"change bridge {BR} (front): mtu from 1300 to 1500"]),
    "chain flushed": ("iptables -t mangle -F CNM-FORWARD", ["change chain CNM-FORWARD of table mangle (ipv4): +6 -0 rules"]),
    "rule removed": ("iptables -t nat -D CNM-PORTS 1", ["change chain CNM-PORTS of table nat (ipv4): +1 -0 rules"]),
    "rule changed": (
        "iptables -t nat -R CNM-PORTS 1 -d 10.0.0.0/8 -p tcp --dport 81 -j DNAT --to-destination 172.20.0.99:82",
        ["change chain CNM-PORTS of table nat (ipv4): +1 -1 rules"],
    ),
    "rule added": ('iptables -I CNM-FORWARD -m comment --comment "don\'t" -j ACCEPT', ["change chain CNM-FORWARD of table filter (ipv4): +0 -1 rules"]),
    "rules in another order": (
        f"iptables -t mangle -D CNM-FORWARD 1; iptables -t mangle -A CNM-FORWARD -i {BACK_BR} ! -o {BACK_BR} -j DROP",
        ["change chain CNM-FORWARD of table mangle (ipv4): order of the rules"],
    ),
    "jump deleted": ("iptables -t mangle -F FORWARD", ["create jump from FORWARD to CNM-FORWARD in table mangle (ipv4)"]),
    "jump duplicated": (
        'iptables -t mangle -A FORWARD -m comment --comment "cnm:default" -j CNM-FORWARD',
        ["change jump from FORWARD to CNM-FORWARD in table mangle (ipv4)"],
    ),
    "jump without its conditions": (
        'iptables -t nat -R PREROUTING 1 -m comment --comment "cnm:default" -j CNM-PORTS',
        ["change jump from PREROUTING to CNM-PORTS in table nat (ipv4)"],
    ),
    "jump without its conditions beside ours": (
        'iptables -t nat -I PREROUTING -m comment --comment "cnm:default" -j CNM-PORTS',
        ["change jump from PREROUTING to CNM-PORTS in table nat (ipv4)"],
    ),
    "chain deleted": (
        "iptables -t nat -F OUTPUT; iptables -t nat -F PREROUTING; iptables -t nat -F CNM-PORTS; iptables -t nat -X CNM-PORTS",
        [
            "create chain CNM-PORTS of table nat (ipv4, 2 rules)",
            "create jump from OUTPUT to CNM-PORTS in table nat (ipv4)",
            "create jump from PREROUTING to CNM-PORTS in table nat (ipv4)",
            "forget connections to udp port 53 (ipv4)",
        ],
    ),
    "address removed from the bridge": (f"ip addr del 172.20.0.1/24 dev {BR}", [f"add address 172.20.0.1/24 on {BR}"]),
    "stray address on the bridge": (f"ip addr add 172.20.0.99/24 dev {BR}", [f"remove address 172.20.0.99/24 on {BR}"]),
    "stray IPv6 address on the bridge": (f"ip addr add fd00:9::1/64 dev {BR} nodad", [f"remove address fd00:9::1/64 on {BR}"]),
    "stray address before the declared one": (
        f"ip addr flush dev {BR}; ip addr add 172.20.0.99/24 dev {BR}; ip addr add 172.20.0.1/24 dev {BR}",
        [f"remove address 172.20.0.99/24 on {BR}", f"add address 172.20.0.1/24 on {BR}"],
    ),
    "stray address before the declared one, which takes its place": (
        f"sysctl -qw net.ipv4.conf.{BR}.promote_secondaries=1; ip addr flush dev {BR};"
        f"ip addr add 172.20.0.99/24 dev {BR}; ip addr add 172.20.0.1/24 brd + dev {BR}",
        [f"remove address 172.20.0.99/24 on {BR}", f"add address 172.20.0.1/24 on {BR}"],
    ),
    "address removed from the sandbox": (
        "ip -n web addr flush dev eth1",
        ["add address 172.20.0.2/24 on eth1 in web", "add route default via 172.20.0.1 dev eth1 in web"],
    ),
    "stray address in the sandbox": ("ip -n web addr add 10.9.9.9/32 dev eth1", ["remove address 10.9.9.9/32 on eth1 in web"]),
    "address of the sandbox replaced": (
        "ip -n web addr flush dev eth1; ip -n web addr add 172.20.0.99/24 dev eth1; ip -n web route add default via 172.20.0.1",
        ["remove address 172.20.0.99/24 on eth1 in web", "add address 172.20.0.2/24 on eth1 in web", "add route default via 172.20.0.1 dev eth1 in web"],
    ),
    "default route deleted": ("ip -n web route del default", ["add route default via 172.20.0.1 dev eth1 in web"]),
    "default route replaced": (
        "ip -n web route replace default via 172.21.0.1",
        ["remove route default via 172.21.0.1 dev eth0 in web", "add route default via 172.20.0.1 dev eth1 in web"],
    ),
    "default route to nowhere": (
        "ip -n web route replace blackhole default",
        ["remove route blackhole default in web", "add route default via 172.20.0.1 dev eth1 in web"],
    ),
    "second default route": ("ip -n web route append default via 172.20.0.9", ["remove route default via 172.20.0.9 dev eth1 in web"]),
    "sandbox's link down": (
        "ip -n web link set eth1 down",
        ["change veth eth1 in web (front/web): up from no to yes", "add route default via 172.20.0.1 dev eth1 in web"],
    ),
    "host's link down": (f"ip link set {WEB_PORT} down", [f"change veth {WEB_PORT} (front/web): up from no to yes"]),
    "bridge down": (f"ip link set {BR} down", [f"change bridge {BR} (front): up from no to yes"]),
    "lo of the sandbox down": ("ip -n web link set lo down", ["change namespace web: up from no to yes"]),
    "MAC of the sandbox's end": (
        "ip -n web link set eth1 address 06:00:00:00:00:99",
        ["change veth eth1 in web (front/web): mac from 06:00:00:00:00:99 to 02:42:ac:14:00:02"],
    ),
    "MAC of the bridge": (f"ip link set {BR} address 06:00:00:00:00:99", [f"change bridge {BR} (front): mac from 06:00:00:00:00:99 to 02:42:ac:14:00:01"]),
    "port out of the bridge": (
        f"ip link set {WEB_PORT} nomaster",
        [f"change veth {WEB_PORT} (front/web): master from none to {BR}, hairpin from none to yes, isolated from none to no"],
    ),
    "port in another bridge": (
        f"ip link set {WEB_PORT} master {BACK_BR}",
        [f"change veth {WEB_PORT} (front/web): master from {BACK_BR} to {BR}, hairpin from no to yes"],
    ),
    "isolation of a port": (
        f"bridge link set dev {port_name('default', 'back', 'web')} isolated off",
        [f"change veth {port_name('default', 'back', 'web')} (back/web): isolated from no to yes"],
    ),
    "IPv6 link-local address": (f"ip link set {BR} addrgenmode eui64", [f"change bridge {BR} (front): ipv6_link_local from yes to no"]),
    "declared sysctl": (f"ip netns exec batch sh -c 'echo 64 > {BATCH_TTL}'", ["change sysctl net/ipv4/ip_default_ttl from 64 to 63 in batch"]),
    "ip_forward": ("echo 0 > /proc/sys/net/ipv4/ip_forward", ["change sysctl net/ipv4/ip_forward from 0 to 1"]),
    "route_localnet": (
        f"echo 0 > /proc/sys/net/ipv4/conf/{BR}/route_localnet",
        [f"change sysctl net/ipv4/conf/{BR}/route_localnet from 0 to 1"],
    ),
    "hosts file changed": ("echo 192.0.2.1 stray >> /etc/netns/web/hosts", ["change file /etc/netns/web/hosts: +0 -1 lines"]),
    "hosts file removed": ("rm /etc/netns/web/hosts", ["write file /etc/netns/web/hosts"]),
    "resolv.conf changed": (
        "printf 'nameserver\\nnameserver ::1\\nnameserver x\\n' >> /etc/netns/db/resolv.conf",
        ["change file /etc/netns/db/resolv.conf: +0 -3 lines"],
    ),
    "resolv.conf removed": ("rm /etc/netns/db/resolv.conf", ["write file /etc/netns/db/resolv.conf"]),
    "sandbox's link renamed": (
        "ip -n web link set eth1 name wan0",
        ["rename veth wan0 in web (front/web) to eth1", "add route default via 172.20.0.1 dev eth1 in web"],
    ),
    "sandbox's links exchanged": (
        "ip -n web link set eth0 name x; ip -n web link set eth1 name eth0; ip -n web link set x name eth1",
        [
            "rename veth eth1 in web (back/web) to eth1.cnm0",
            "rename veth eth0 in web (front/web) to eth1",
            "rename veth eth1.cnm0 in web (back/web) to eth0",
            "add route default via 172.20.0.1 dev eth1 in web",
        ],
    ),
    "host's link renamed": (f"ip link set {WEB_PORT} name stray0", [f"rename veth stray0 (front/web) to {WEB_PORT}"]),
    "bridge renamed": (
        f"ip link set {BR} name stray0",
        [f"rename bridge stray0 (front) to {BR}", f"set sysctl net/ipv4/conf/{BR}/route_localnet = 1"],
    ),
    "alias of the bridge": (f"ip link set {BR} alias ''", [f"change bridge {BR} (front): tag from none to cnm:default:front::bridge"]),
    "alias of the host's link": (f"ip link set {WEB_PORT} alias ''", [f"change veth {WEB_PORT} (front/web): tag from none to cnm:default:front:web:port"]),
    "alias of the sandbox's link": (
        "ip -n web link set eth1 alias ''",
        ["change veth eth1 in web (front/web): tag from none to cnm:default:front:web:endpoint"],
    ),
    "group of the bridge": (f"ip link set {BR} group 0", [f"change bridge {BR} (front): tag from none to cnm:default:front::bridge"]),
    "readable name": (f"ip link property del dev {BR} altname cnm+default+front", [f"change bridge {BR} (front): altname from none to cnm+default+front"]),
    "other name of a namespace": (
        "umount /run/netns/cache && rm /run/netns/cache",
        ["create namespace cache as another name of web"],
    ),
    "other name of a namespace, half": ("umount /run/netns/cache", ["create namespace cache as another name of web"]),
}
# What is gone is not repaired in place; its neighbours are left as they are.
LOSSES = {
    "bridge deleted": (
        f"ip link del {BR}",
        [
            f"create bridge {BR} (front)",
            f"set sysctl net/ipv4/conf/{BR}/route_localnet = 1",
            f"add address 172.20.0.1/24 on {BR}",
            f"change veth {WEB_PORT} (front/web): master from none to {BR}, hairpin from none to yes, isolated from none to no",
            f"change veth {DB_PORT} (front/db): master from none to {BR}, hairpin from none to no, isolated from none to no",
        ],
    ),
    "veth deleted": (
        f"ip link del {WEB_PORT}",
        [
            f"create veth {WEB_PORT} (front/web) with veth eth1 in web (front/web)",
            "add address 172.20.0.2/24 on eth1 in web",
            "change veth eth1 in web (front/web): up from no to yes",
            "add route default via 172.20.0.1 dev eth1 in web",
        ],
    ),
    "namespace deleted": (
        "ip netns del batch",
        [
            "create namespace batch",
            "set sysctl net/ipv4/conf/all/arp_notify = 1 in batch",
            "set sysctl net/ipv4/ip_default_ttl = 63 in batch",
            "set sysctl net/ipv6/conf/all/disable_ipv6 = 1 in batch",
        ],
    ),
    "namespace unmounted": (
        "umount /run/netns/batch",
        [
            "create namespace batch",
            "set sysctl net/ipv4/conf/all/arp_notify = 1 in batch",
            "set sysctl net/ipv4/ip_default_ttl = 63 in batch",
            "set sysctl net/ipv6/conf/all/disable_ipv6 = 1 in batch",
        ],
    ),
}


@pytest.mark.parametrize("name", DRIFTS)
def test_drift_is_found_by_name_and_repaired_in_place(standing, name: str) -> None:
    host, connection = standing
    before = dump(host)
    command, steps = DRIFTS[name]
    host.sh(command)
    drifted = dump(host)
    predicted = run(DECLARED, check=True)
    assert list(predicted.ops) == steps
    describe(predicted.before, "default")
    check_same(drifted, lambda: dump(host))
    assert run(DECLARED).ops == predicted.ops
    assert run(DECLARED).ops == ()
    connection.check()
    check_same(before, lambda: dump(host), but=("files",))


@pytest.mark.parametrize("name", LOSSES)
def test_what_is_gone_is_made_again(standing, name: str) -> None:
    host, connection = standing
    command, steps = LOSSES[name]
    kept = [inode("db"), inode("web")]
    host.sh(command)
    predicted = run(DECLARED, check=True)
    assert list(predicted.ops) == steps
    assert run(DECLARED).ops == predicted.ops
    assert run(DECLARED).ops == ()
    assert [inode("db"), inode("web")] == kept
    connection.check()


def test_a_namespace_that_others_share_is_made_again_with_its_other_name(standing) -> None:
    host, _connection = standing
    before = dump(host)
    host.sh("umount /run/netns/web")
    predicted = run(DECLARED, check=True)
    assert {"create namespace web", "remove namespace cache", "create namespace cache as another name of web"} <= set(predicted.ops)
    assert run(DECLARED).ops == predicted.ops
    assert run(DECLARED).ops == ()
    assert inode("cache") == inode("web")
    assert before.keys() == dump(host).keys()
