# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others have on a host already."""

from __future__ import annotations

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
