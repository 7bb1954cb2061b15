#!/bin/sh
# All that the kernel tells of the links of the host and of its sandboxes. Each line begins with a number that stays while the thing is the same one.
ip -oneline -details link
for name in web app; do
    stat --dereference --format='%i: %n' "/run/netns/$name"
    ip -netns "$name" -oneline -details link
done
