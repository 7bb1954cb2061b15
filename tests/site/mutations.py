# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be done to one sandbox of a host: the commands, and how drift names what is wrong then.

{name}: the sandbox, {net}: its network, {gateway}: that of the network, {link}: the host's end, {port}: its readable name.
"""

from __future__ import annotations

from random import Random

# Each of them leaves links and namespaces as they are.
IN_PLACE = {
    "MTU": ("ip -n {name} link set eth0 mtu 1300", "change veth eth0 in {name} ({net}/{name}): mtu from 1300 to 1500"),
    "MTU of the host's end": ("ip link set {port} mtu 1300", "({net}/{name}): mtu from 1300 to 1500"),
    "address": ("ip -n {name} address flush dev eth0", "add address {address}/16 on eth0 in {name}"),
    "stray address": ("ip -n {name} address add 10.9.9.9/32 dev eth0", "remove address 10.9.9.9/32 on eth0 in {name}"),
    "stray IPv6 address": ("ip address add fd00:9::1/128 dev {port} nodad", "remove address fd00:9::1/128 on {link}"),
    "default route": ("ip -n {name} route delete default", "add route default via {gateway} dev eth0 in {name}"),
    "another default route": ("ip -n {name} route replace default dev eth0", "remove route default dev eth0 in {name}"),
    "down": ("ip -n {name} link set eth0 down", "change veth eth0 in {name} ({net}/{name}): up from no to yes"),
    "host's end down": ("ip link set {port} down", "({net}/{name}): up from no to yes"),
    "lo down": ("ip -n {name} link set lo down", "change namespace {name}: up from no to yes"),
    "MAC": ("ip -n {name} link set eth0 address 06:00:00:00:00:99", "change veth eth0 in {name} ({net}/{name}): mac from 06:00:00:00:00:99"),
    "out of the bridge": ("ip link set {port} nomaster", "({net}/{name}): master from none to cnmb"),
    "isolated": ("bridge link set dev {port} isolated on", "({net}/{name}): isolated from yes to no"),
    "hairpin": ("bridge link set dev {port} hairpin on", "({net}/{name}): hairpin from yes to no"),
    "link-local addresses": ("ip link set {port} addrgenmode eui64", "({net}/{name}): ipv6_link_local from yes to no"),
    "name": ("ip -n {name} link set eth0 name wan0", "rename veth wan0 in {name} ({net}/{name}) to eth0"),
    "name of the host's end": ("ip link set {port} name {name}-x", "rename veth {name}-x ({net}/{name}) to cnmv"),
    "alias": ("ip -n {name} link set eth0 alias ''", "change veth eth0 in {name} ({net}/{name}): tag from none"),
    "alias of the host's end": ("ip link set {port} alias ''", "({net}/{name}): tag from none to cnm:default:{net}:{name}:port"),
    "readable name": ("ip link property del dev {port} altname {port}", "({net}/{name}): altname from none to {port}"),
    "sysctl": ("ip netns exec {name} sysctl -qw net.ipv4.ip_default_ttl=9", "change sysctl net/ipv4/ip_default_ttl from 9 to 63 in {name}"),
    "setting of ours": ("ip netns exec {name} sysctl -qw net.ipv4.conf.all.arp_notify=0", "change sysctl net/ipv4/conf/all/arp_notify from 0 to 1 in {name}"),
    "names file": ("echo 192.0.2.1 stray >>/etc/netns/{name}/hosts", "change file /etc/netns/{name}/hosts: +0 -1 lines"),
    "no names file": ("rm /etc/netns/{name}/hosts", "write file /etc/netns/{name}/hosts"),
}
# What may be done to the networks themselves, each on one of its own, and to the rules: {net}, {bridge}: its link, {gateway}, {subnet}.
OF_NETWORKS = {
    "MTU of the bridge": ("ip link set {bridge} mtu 1300", "change bridge {bridge} ({net}): mtu from 1300 to 1500"),
    "bridge down": ("ip link set {bridge} down", "change bridge {bridge} ({net}): up from no to yes"),
    "address of the bridge": ("ip address delete {gateway}/16 dev {bridge}", "add address {gateway}/16 on {bridge}"),
}
OF_RULES = {
    "masquerading": (
        "iptables -w -t nat -D $(iptables -w -t nat -S CNM-POSTROUTING | grep -m1 -e '-s {subnet}.*MASQUERADE' | sed 's/^-A //')",
        "change chain CNM-POSTROUTING of table nat (ipv4): ",
    ),
    "published port": (
        "iptables -w -t nat -D $(iptables -w -t nat -S CNM-PORTS | grep -m1 -e '--dport 8080' | sed 's/^-A //')",
        "change chain CNM-PORTS of table nat (ipv4): ",
    ),
    "stray rule": ("iptables -w -I CNM-FORWARD -s 192.0.2.9 -j DROP", "change chain CNM-FORWARD of table filter (ipv4): "),
}
# What is gone is made again, and is another one then.
LOSSES = {
    "veth deleted": ("ip link delete {port}", "({net}/{name}) with veth eth0 in {name} ({net}/{name})"),
    "namespace deleted": ("ip netns delete {name}", "create namespace {name}"),
}


def chosen(places: list[dict[str, str]], random: Random) -> list[tuple[str, str]]:
    """(command, what drift says) for each of ``places``, one mutation of one sandbox each. Every kind comes at least once, losses at the end."""
    kinds = {**IN_PLACE, **LOSSES}
    names = [*IN_PLACE, *random.choices(list(IN_PLACE), k=len(places) - len(kinds))]
    random.shuffle(names)
    return [tuple(text.format(**place) for text in kinds[name]) for place, name in zip(places, [*names, *LOSSES], strict=True)]
