#!/bin/sh
# All that a fleet could leave on a host. An address of eth0 is tentative at first, which is not the fleet's doing.
ip -oneline link
ip -oneline address | sed 's/ tentative//'
ip route
find /run/netns /etc/netns -mindepth 1 2>/dev/null
for table in mangle filter nat; do
    iptables --table "$table" --list-rules
done
