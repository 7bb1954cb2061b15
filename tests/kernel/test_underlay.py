# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts whose own firewall drops what is for them let in the datagrams of their overlays: from the other hosts, from nobody else, and no longer than needed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from .conftest import Host
from .elsewhere import FarHost, hosts_on_a_wire
from .test_overlay import NETNS, ONE_EACH, options, pings

LEGACY = "for v in '' -save -restore; do ln -sf /usr/sbin/{ipt}-legacy$v /etc/alternatives/{ipt}$v; done; "
# What closes a host to UDP, and the family of the underlay.
FIREWALLS = {
    "a policy": (4, "{ipt} -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT; {ipt} -P INPUT DROP"),
    "a policy, legacy": (6, LEGACY + "{ipt} -A INPUT -p icmpv6 -j ACCEPT; {ipt} -P INPUT DROP"),
    "a chain that rejects": (4, "{ipt} -N guard; {ipt} -A guard -p udp -j REJECT; {ipt} -A INPUT -i eth0 -g guard"),
    "a table of nftables": (4, "nft 'table inet theirs { chain in { type filter hook input priority 0; policy drop; iif lo accept; }; }'"),
    "a table that rejects": (
        6,
        "nft 'table ip6 theirs { chain no { udp dport vmap { 4789 : drop }; }; chain in { type filter hook input priority 0; jump no; }; }'",
    ),
}
TAKE_AWAY = """
for chain in 'ip filter CNM-INPUT' 'ip6 filter CNM-INPUT'; do nft flush chain $chain; done 2>/dev/null
for t in iptables ip6tables; do $t-legacy -F CNM-INPUT; done 2>/dev/null
for chain in 'inet theirs in' 'ip6 theirs in'; do
  for handle in $(nft -a list chain $chain | sed -n 's/.*cnm:default.*handle //p'); do nft delete rule $chain handle $handle; done
done 2>/dev/null
true
"""
REOPEN = """
nft flush ruleset
for t in iptables ip6tables; do
  $t-legacy -F; $t-legacy -P INPUT ACCEPT
  for v in '' -save -restore; do ln -sf /usr/sbin/$t-nft$v /etc/alternatives/$t$v; done
done
"""
EVERYTHING = "for t in iptables ip6tables ip6tables-legacy; do $t-save -t filter; done; for f in inet ip6; do nft -s list table $f theirs; done"
# One broadcast frame in VNI 256 for the VTEP at the other end.
SEND = """
import socket, sys
frame = b"\\xff" * 6 + bytes.fromhex("024209090909") + b"\\x88\\xb5" + bytes(46)
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
socket.socket(family, socket.SOCK_DGRAM).sendto(bytes.fromhex("0800000000010000") + frame, (sys.argv[1], 4789))
"""


@pytest.fixture(scope="module")
def three(shared_host: Host) -> Iterator[dict[str, FarHost]]:
    """a and b have an overlay, and c is on the same wire."""
    with hosts_on_a_wire("a", "b", "c") as found:
        yield found


def pair_of(three: dict[str, FarHost]) -> dict[str, FarHost]:
    return {name: three[name] for name in ("a", "b")}


def at_input(host: FarHost) -> tuple[list[str], list[str]]:
    """The rules and policies of a host by which what is for it goes: those of others, and ours."""
    lines = [line.strip().partition(" [")[0] for line in host.sh(EVERYTHING, check=False).splitlines()]
    found = [line for line in lines if line and line[0] not in "#*:" or line.startswith(":INPUT")]
    ours = [line for line in found if "CNM-INPUT" in line or line.endswith('comment "cnm:default"')]
    return [line for line in found if line not in ours and "CNM-" not in line], ours


def is_let_in(host: FarHost, other: FarHost, family: int) -> bool:
    """Whether a datagram of an overlay from another host comes through to the host's vxlan0, which learns nothing from it."""

    def received() -> int:
        (link,) = json.loads(host.sh(f"ip -n {NETNS} -j -s link show vxlan0"))
        return int(link["stats64"]["rx"]["packets"])

    before = received()
    other.sh(f"python3 -c '{SEND}' {host.address if family == 4 else host.address6}")
    return received() > before


@pytest.mark.parametrize("firewall", FIREWALLS)
def test_the_other_hosts_come_in_and_nobody_else(three: dict[str, FarHost], firewall: str) -> None:
    family, close = FIREWALLS[firewall]
    three["a"].sh(REOPEN)
    pair = {name: three[name] for name in ("a", "b")}
    a, b, c = three.values()
    wanted = options(pair, "a", ONE_EACH, family)
    for name, one in pair.items():
        one.topology(options(pair, name, ONE_EACH, family))
    assert is_let_in(a, c, family)  # the control: nothing of ours keeps anybody out
    a.sh(close.replace("{ipt}", "iptables" if family == 4 else "ip6tables"))
    theirs, none = at_input(a)
    assert none == []
    assert not is_let_in(a, b, family)

    # what is needed, as it was told beforehand, and once
    said = a.topology(wanted, check=True)["ops"]
    assert said != [] and at_input(a) == (theirs, [])
    assert a.topology(wanted)["ops"] == said
    assert a.topology(wanted)["ops"] == []
    assert pings(a, "bbox1", "10.0.0.3") and is_let_in(a, b, family) and not is_let_in(a, c, family)

    assert at_input(a)[0] == theirs

    # somebody takes it away
    a.sh(TAKE_AWAY)
    assert not is_let_in(a, b, family)
    assert len(a.topology(wanted)["ops"]) == 1 and a.topology(wanted)["ops"] == []
    assert pings(a, "bbox1", "10.0.0.3") and not is_let_in(a, c, family)

    # nobody is over there any more
    a.topology(options(pair, "a", {"a": ONE_EACH["a"]}, family))
    assert at_input(a) == (theirs, [])
