# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules as iptables-restore reads them and iptables-save prints them."""

from __future__ import annotations

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.firewall.lines import lines_of
from ansible_collections.mooring.cnm.plugins.module_utils.firewall.text import parse_save, restore_text, rule_text
from ansible_collections.mooring.cnm.plugins.module_utils.state.chain import Chain, Jump
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import HostState
from ansible_collections.mooring.cnm.plugins.module_utils.state.op import Op
from ansible_collections.mooring.cnm.plugins.module_utils.state.plan import plan
from ansible_collections.mooring.cnm.plugins.module_utils.state.rule import Rule
from ansible_collections.mooring.cnm.tests.unit.state.pictures import desired
from hypothesis import given
from hypothesis import strategies as st

# Each as iptables-save 1.8.9 prints it, in its legacy and its nft form, except where they differ: then one of them.
PRINTED = {
    '-A FORWARD -m comment --comment "cnm:default" -j CNM-FORWARD': Rule("CNM-FORWARD", comment="cnm:default"),
    "-A FORWARD -m comment --comment cnm -j CNM-FORWARD": Rule("CNM-FORWARD", comment="cnm"),
    '-A PREROUTING ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -m comment --comment "cnm:default" -j CNM-PORTS': Rule(
        "CNM-PORTS", destination="!127.0.0.0/8", local_destination=True, comment="cnm:default"
    ),
    "-A CNM-FORWARD -i br0 ! -o br0 -j DROP": Rule("DROP", in_interface="br0", out_interface="!br0"),
    "-A CNM-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j RETURN": Rule("RETURN", states=("DNAT", "ESTABLISHED", "RELATED")),
    "-A CNM-PORTS -d 127.0.0.1/32 -p tcp -m tcp --dport 8443 -j DNAT --to-destination 172.20.0.10:443": Rule(
        "DNAT", destination="127.0.0.1", protocol="tcp", port=8443, to="172.20.0.10:443"
    ),
    "-A CNM-POSTROUTING -s 172.20.0.0/24 ! -o br0 -j MASQUERADE": Rule("MASQUERADE", source="172.20.0.0/24", out_interface="!br0"),
    "-A X -s 10.0.0.0/8 -j SNAT --to-source 192.0.2.1": Rule("SNAT", source="10.0.0.0/8", to="192.0.2.1"),
    "-A X -p tcp -m tcp --dport 80:90 -j ACCEPT": Rule("ACCEPT", protocol="tcp", port="80:90"),
    "-A X -j REJECT --reject-with icmp-port-unreachable": Rule("REJECT", reject_with="icmp-port-unreachable"),
    '-A X -m limit --limit 5/min --limit-burst 9 -j LOG --log-prefix "it\'s \\"me\\" "': Rule("LOG", limit="5/min", burst="9", log_prefix='it\'s "me" '),
    "-A X ! -s 192.0.2.0/24 -p tcp -m conntrack --ctorigdst 198.51.100.2 --ctorigdstport 8080:8090 --ctdir ORIGINAL -j DROP": Rule(
        "DROP",
        source="!192.0.2.0/24",
        protocol="tcp",
        original_destination="198.51.100.2",
        original_port="8080:8090",
        direction="ORIGINAL",
    ),
    "-A X -m iprange ! --src-range 192.0.2.1-192.0.2.3 -m set --match-set office dst -j DROP": Rule(
        "DROP", source_range="!192.0.2.1-192.0.2.3", destination_set="office"
    ),
    r'-A X -m comment --comment "say \"it\'s\" \\ ours" -j ACCEPT': Rule("ACCEPT", comment='say "it\'s" \\ ours'),
}
# What says more than a rule of ours, or something else: kept as it is, never read as one of ours.
OTHERS = [
    "-A X -p tcp -m multiport --dports 80,443 -j ACCEPT",
    "-A X ! -i br0 -p tcp -m tcp ! --dport 80 -j DROP",
    "-A X -m addrtype ! --dst-type LOCAL -j DROP",
    "-A X -m addrtype --src-type LOCAL -j DROP",
    "-A X -m conntrack ! --ctstate DNAT -j DROP",
    "-A X -p tcp -m tcp --sport 80 -j ACCEPT",
    "-A X -p tcp -m tcp --dport 80 --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu",
    "-A X -j DNAT --to-destination 10.0.0.1:80 --random",
    "-A X -j MASQUERADE --random",
    "-A X -j LOG --log-prefix a --log-level 7",
    "-A X -m set --match-set office src,dst -j DROP",
    "-A X -m set --match-set office src -m set --match-set home src -j DROP",
    "-A X -m limit ! --limit 5/min -j DROP",
    "-A X -g OTHER",
    "-A X -m comment --comment only",
    '-A X -m string --string "a|\\"b" --algo bm -j DROP',
    "-A X -m recent --name it's --rsource -j DROP",
    '-A X -m recent --name a"b --rsource -j DROP',
    "-A X",
    "-A X !",
]


@pytest.mark.parametrize("line", PRINTED)
def test_a_printed_rule_is_read(line: str) -> None:
    chain = line.split()[1]
    assert parse_save(f"*filter\n{line}\nCOMMIT\n") == {"filter": {chain: (PRINTED[line],)}}


@pytest.mark.parametrize("line", OTHERS)
def test_what_others_say_is_kept_under_its_own_text(line: str) -> None:
    ((rule,),) = parse_save(f"*filter\n{line}\nCOMMIT\n")["filter"].values()
    assert rule == Rule(target=line)
    assert rule_text("X", rule) == line
    assert rule_text("X", rule, "-D") == "-D" + line[2:]


@given(desired())
def test_every_rule_that_a_driver_makes_is_read_back(wanted: HostState) -> None:
    for one in wanted.objects.values():
        for rule in one.rules if isinstance(one, (Chain, Jump)) else ():
            name = one.name if isinstance(one, Chain) else one.chain
            assert parse_save(f"*{one.table}\n{rule_text(name, rule)}\nCOMMIT") == {one.table: {name: (rule,)}}


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1))
def test_any_comment_is_read_back(comment: str) -> None:
    rule = Rule("ACCEPT", comment=comment)
    assert parse_save(f"*filter\n{rule_text('X', rule)}")["filter"]["X"] == (rule,)


@given(st.text(st.characters(exclude_characters="\n")))
def test_no_rule_makes_the_reader_fail(text: str) -> None:
    assert len(parse_save(f"*filter\n:X - [0:0]\n-A X {text}\nCOMMIT\n")["filter"]["X"]) == 1


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
@given(start=desired(), goal=desired())
def test_a_table_is_changed_in_an_order_that_iptables_accepts(start: HostState, goal: HostState, family: str) -> None:
    """Nothing jumps to a chain that is not there, and none goes while something jumps to it."""
    stands, wanted = (_rules_of(state, family) for state in (start, goal))
    chains = {(one.table, one.name) for one in stands.objects.values() if isinstance(one, Chain)}
    jumps = [(one.table, one.target) for one in stands.objects.values() if isinstance(one, Jump)]
    for table, line in lines_of(plan(stands, wanted).ops):
        words = line.split()
        if line.startswith(":"):
            chains.add((table, words[0][1:]))
        elif words[0] == "-X":
            assert (table, words[1]) not in jumps
            chains.remove((table, words[1]))
        elif words[1].startswith("CNM-"):
            assert (table, words[1]) in chains
        elif words[0] == "-D":
            jumps.remove((table, words[-1]))
        else:
            assert (table, words[-1]) in chains
            jumps.append((table, words[-1]))
    assert sorted(jumps) == sorted((one.table, one.target) for one in wanted.objects.values() if isinstance(one, Jump))
    assert chains == {(one.table, one.name) for one in wanted.objects.values() if isinstance(one, Chain)}


def _rules_of(state: HostState, family: str) -> HostState:
    found = {key: one for key, one in state.objects.items() if isinstance(one, (Chain, Jump)) and one.family == family}
    return HostState(found, frozenset(found))


def test_one_restore_has_each_table_once() -> None:
    jump = Jump("ipv4", "nat", "OUTPUT", "CNM-PORTS", (Rule("CNM-PORTS", comment="cnm:default"),))
    doubled = Jump("ipv4", "nat", "OUTPUT", "CNM-PORTS", jump.rules * 2)
    chain = Chain("ipv4", "filter", "CNM-FORWARD", (Rule("ACCEPT", in_interface="br0"),))
    assert restore_text(lines_of([Op("change", doubled, jump), Op("create", None, chain)])) == (
        "*filter\n:CNM-FORWARD - [0:0]\n-A CNM-FORWARD -i br0 -j ACCEPT\nCOMMIT\n"
        '*nat\n-D OUTPUT -m comment --comment "cnm:default" -j CNM-PORTS\n-D OUTPUT -m comment --comment "cnm:default" -j CNM-PORTS\n'
        '-I OUTPUT -m comment --comment "cnm:default" -j CNM-PORTS\nCOMMIT\n'
    )
