#!/bin/sh
# What must not change while things change: the inode of each namespace, the index of each link of ours.
for name in web db proxy alice; do
    stat --dereference --format='%i %n' "/run/netns/$name"
    ip -netns "$name" -oneline link
done | sed -nE 's/^([0-9]+):.* alias (cnm:[^ \\]+).*/\1 \2/p; /netns/p'
ip -oneline link | sed -nE 's/^([0-9]+):.* alias (cnm:[^ \\]+).*/\1 \2/p'
