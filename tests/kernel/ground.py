# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others have on a host already."""

from __future__ import annotations

import random

# One of each kind, some with names and marks that look like ours.
FOREIGN = r"""
set -e
sysctl -qw net.ipv6.conf.default.dad_transmits=0
ip link add their-br type bridge && ip addr add 10.8.0.1/24 dev their-br && ip link set their-br up
ip netns add theirs && ip link add their0 type veth peer name eth0 netns theirs && ip link set their0 master their-br up alias 'cnm: not ours'
ip -n theirs addr add 10.8.0.2/24 dev eth0 && ip -n theirs link set eth0 addrgenmode none up && ip -n theirs route add default via 10.8.0.1
ip link add cnmbff type bridge && ip link add cnmbfe group 6516333 type bridge && ip link set cnmbfe alias cnm:blue:x::bridge
ip route add 10.7.0.0/16 via 10.8.0.2
mkdir -p /etc/netns/theirs /etc/netns/empty && echo 10.8.0.1 gw > /etc/netns/theirs/hosts && echo '# cnm:blue::theirs:hosts' > /etc/netns/empty/hosts
ln -s /proc/99999999/ns/net /run/netns/aaa-ended
touch /run/netns/aab-file
iptables -P FORWARD DROP
iptables -N THEIRS
iptables -A THEIRS -m comment --comment 'say "it'"'"'s" \ ours: cnm:default' -s 10.8.0.0/24 -m multiport -p tcp --dports 80,443 -j ACCEPT
iptables -A THEIRS -m comment --comment "$(printf 'caf\351')" -j RETURN
iptables -A FORWARD -j THEIRS
iptables -A FORWARD -m limit --limit 5/min -j LOG --log-prefix "it's "
iptables -t nat -A POSTROUTING -s 10.8.0.0/24 ! -o their-br -j MASQUERADE
iptables -t nat -A PREROUTING -p tcp --dport 2222 -j DNAT --to-destination 10.8.0.2:22
iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
iptables -t raw -A PREROUTING -i their-br -j NOTRACK
ip6tables -A INPUT -p icmpv6 -j ACCEPT
"""

# Marks that are nearly ours, or another fleet's.
_MARKS = (
    "",
    "cnm:blue:front:web:port",
    "cnm: default",
    "cnm:default",
    "cnm:default:front",
    "cnm:defaultx:front:web:port",
    "xcnm:default:front:web:port",
    "uplink",
)
_OTHERS_MARKS = ("cnm:blue:front::bridge", "cnm:defaultx::web:sandbox")
_CHAINS = ("THEIRS", "CNMX", "cnm-FORWARD", "XCNM-FORWARD", "CNM-FORWARD-deadbeef", "CNM-", "DOCKER-USER")
_COMMENTS = ("cnm:blue", "cnm: default", "cnm:default ", "CNM-FORWARD", 'it\'s \\\\ \\"quoted\\"', "caf\u00e9")
# Some are those of the declaration that comes: then they are in its way.
_NAMES = ("their0", "cnmbff", "cnmv123456789ab", "br-lan", "eth0", "web", "br00", "cnm+default", "cnmb", "x.y")
_SPACES = ("theirs", "web-old", "WEB", "cnm", "eth0")


_TABLES = (
    "ip route add blackhole 10.99.0.0/16 proto 206",
    "ip route add unreachable 10.98.0.0/16",
    "ip rule add fwmark 7 table 100",
    "ip rule add from 10.8.0.0/24 prohibit",
)
# The card that networks of ours may rest on, which has the address of their tunnels.
WIRE = """
ip link add wire type veth peer name far && ip link set far addrgenmode none up && ip link set wire addrgenmode none up
ip address add 198.51.100.3/24 dev wire
"""
# What may be on any link, in tables of others and in tunnels: some with the numbers that ours have.
_QUEUES = (
    "tc qdisc add dev {} root handle 636e: tbf rate 1mbit burst 100000 limit 225000",
    "tc qdisc add dev {} root handle 7: pfifo limit 9",
    "tc qdisc add dev {0} ingress && tc filter add dev {0} ingress protocol all pref 25454 u32 match u32 0 0 flowid 1:1",
)
_NFT_TABLES = ("theirs", "cnm", "cnm-blue", "cnm-defaultx", "cnm_default", "CNM-FORWARD")
_NFT = (
    "nft 'add table {0} {1}; add set {0} {1} CNM {{ type ipv4_addr; }}; add element {0} {1} CNM {{ 10.8.0.1 }};"
    ' add chain {0} {1} forward {{ type filter hook forward priority 7; }}; add rule {0} {1} forward ip saddr @CNM counter accept comment "cnm:blue"\''
)
_TUNNEL = (
    "ip link add {0} type vxlan id {1} dstport {2} local 127.0.0.1 nolearning && ip link set {0} alias '{3}' addrgenmode none up",
    "bridge fdb append 00:00:00:00:00:00 dev {0} dst 198.51.100.4 && bridge fdb replace 02:42:0a:01:00:1e dev {0} dst 198.51.100.4",
    "ip neigh replace 10.1.0.30 lladdr 02:42:0a:01:00:1e dev {0} nud permanent protocol 206",
)


def random_ground(seed: int, links_wanted: list[str], spaces_wanted: list[str]) -> str:
    """A script of what others may have on a host. wanted: names of links and namespaces that are wanted later; each seed uses some of them, most none."""
    dice = random.Random(seed)
    links = list(dict.fromkeys(dice.sample(_NAMES, 5) + [name for name in links_wanted if dice.random() < 0.1 / len(links_wanted)]))
    spaces = list(dict.fromkeys(dice.sample(_SPACES, 3) + [name for name in spaces_wanted if dice.random() < 0.1 / len(spaces_wanted)]))
    lines = ["set -e", "sysctl -qw net.ipv6.conf.default.dad_transmits=0", "mkdir -p /etc/netns", WIRE]
    for name in spaces:
        lines += [f"ip netns add {name}", f"ip -n {name} link set lo {dice.choice(['up', 'down'])} alias '{dice.choice((*_MARKS, *_OTHERS_MARKS))}'"]
        if dice.random() < 0.5:
            line = dice.choice([f"# {mark} written by hand" for mark in (*_MARKS, *_OTHERS_MARKS)])
            lines.append(f"mkdir -p /etc/netns/{name} && echo '{line}' > /etc/netns/{name}/{dice.choice(['hosts', 'resolv.conf', 'other'])}")
    for at, name in enumerate(links):
        kind = dice.choice(
            ["bridge stp_state 1", "bridge stp_state 1 vlan_default_pvid 0", f"veth peer name e{at} netns {dice.choice(spaces)}", f"veth peer name peer{at}"]
        )
        mark = dice.choice(_MARKS)
        group = dice.choice([0, 5, 6516333]) if mark else 0  # our group without a mark is a link of ours that was not finished
        lines += [f"ip link add {name} group {group} type {kind}", f"ip link set {name} alias '{mark}' mtu {dice.choice([1300, 1500])} addrgenmode none"]
        lines.append(f"ip addr add 10.{at + 8}.0.1/24 dev {name} && ip link set {name} {dice.choice(['up', 'up', 'down'])}")
        lines += dice.sample(
            [
                f"ip link property add dev {name} altname cnm+blue+front{at}",
                f"ip neigh add 10.{at + 8}.0.9 lladdr 02:00:00:00:00:09 dev {name} nud permanent",
                f"ip addr add fd00:{at}::1/64 dev {name} nodad",
                f"sysctl -qw net.ipv4.conf.{name.replace('.', '/')}.rp_filter=2",
                f"ip link set {name} txqueuelen 7",
            ],
            2,
        )
        if lines[-3].endswith("up"):
            lines.append(f"ip route add 10.{at + 80}.0.0/16 dev {name} {dice.choice(['proto 206', 'table 100', 'metric 7', 'proto static'])} || true")
    lines += dice.sample(_TABLES, 2)
    for chain in dice.sample(_CHAINS, 3):
        table, builtin = dice.choice([("filter", "FORWARD"), ("mangle", "FORWARD"), ("nat", "POSTROUTING"), ("nat", "PREROUTING")])
        rule = f'-m comment --comment "{dice.choice(_COMMENTS)}" -s 10.8.0.0/16'
        lines += [
            f"iptables -w -t {table} -N {chain}",
            f"iptables -w -t {table} -A {chain} {rule} -j RETURN",
            f"iptables -w -t {table} -A {builtin} {rule} -j {chain}",
        ]
    lines.append(f"iptables -w -P FORWARD {dice.choice(['ACCEPT', 'DROP'])}")
    for chain in dice.sample(_CHAINS, 2):
        rule = f'-m comment --comment "{dice.choice(_COMMENTS)}" -s fd00:8::/64'
        lines += [
            f"ip6tables -w -N {chain}",
            f"ip6tables -w -A {chain} {rule} -j DROP",
            f"ip6tables -w -A {dice.choice(['INPUT', 'FORWARD'])} {rule} -j {chain}",
        ]
    lines += [line.format("vx.theirs", dice.choice([7, 1256]), dice.choice([4789, 8472]), dice.choice(_MARKS)) for line in _TUNNEL]
    lines.append(f"ip link add mac.theirs link {dice.choice(['wire', links[0]])} type macvlan mode {dice.choice(['bridge', 'private'])}")
    lines += [f"ip link set mac.theirs address 06:00:00:00:00:77 alias '{dice.choice(_MARKS)}' addrgenmode none"]
    lines += [line.format(dice.choice(links)) for line in dice.sample(_QUEUES, 1)] + [_QUEUES[0].format("vx.theirs")]
    lines += [_NFT.format(dice.choice(["ip", "inet"]), table) for table in dice.sample(_NFT_TABLES, 2)]
    return "\n".join(lines)
