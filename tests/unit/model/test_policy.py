# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy of DOCKER-USER as data: what is read, what is refused, and that what comes out goes in again."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.policy_rules import places, policy_of, policy_state
from ansible_collections.mooring.cnm.plugins.module_utils.firewall.text import parse_save, rule_text
from ansible_collections.mooring.cnm.plugins.module_utils.model.policy import ACTIONS, PROTOCOLS_WITH_PORTS, STATES, parse_policy, rule_options
from ansible_collections.mooring.cnm.plugins.module_utils.model.policy_values import read_rate
from ansible_collections.mooring.cnm.plugins.module_utils.state.inset import Inset
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import HostState
from hypothesis import given
from hypothesis import strategies as st

# What is wrong, and the paths that are told.
WRONG: list[tuple[Any, list[str]]] = [
    ({"action": "drop"}, [""]),
    (["drop"], ["[0]"]),
    ([{}], ["[0]"]),
    ([{"acton": "drop"}], ["[0].acton", "[0]"]),
    ([{"action": "deny"}], ["[0].action"]),
    ([{"action": "drop", "source": "192.168.1.1/24"}], ["[0].source[0]"]),
    ([{"action": "drop", "source": "999.0.0.0/8", "published": 70000, "limit": "often"}], ["[0].limit", "[0].published[0]", "[0].source[0]"]),
    ([{"action": "drop", "source": ["!192.0.2.1", "192.0.2.2"]}], ["[0].source"]),
    ([{"action": "drop", "source": "192.0.2.1", "destination": "2001:db8::1"}], ["[0]"]),
    ([{"action": "drop", "source": "192.0.2.1", "family": "ipv6"}], ["[0]"]),
    ([{"action": "drop", "source": "192.0.2.9-192.0.2.1"}], ["[0].source[0]"]),
    ([{"action": "drop", "source": "0.0.0.0/0"}], ["[0].source[0]"]),
    ([{"action": "drop", "protocol": "icmp", "published": 80}], ["[0].protocol"]),
    ([{"action": "drop", "limit_burst": 3}], ["[0].limit_burst"]),
    ([{"action": "drop", "reject_with": "tcp-reset", "protocol": "tcp"}], ["[0].reject_with"]),
    ([{"action": "reject", "reject_with": "tcp-reset"}], ["[0].reject_with"]),
    ([{"raw": "-j DROP", "source": "192.0.2.1"}], ["[0]"]),
    ([{"raw": "-A FORWARD -j DROP"}], ["[0].raw"]),
    ([{"raw": "-j DROP\nCOMMIT"}], ["[0].raw"]),
    ([{"action": "drop", "in_interface": "eth0; reboot"}], ["[0].in_interface[0]"]),
    ([{"action": "drop", "comment": "x" * 151}], ["[0].comment"]),
    ([{"action": "drop"}, {"log": "x" * 30}, {"action": 7}], ["[1].log", "[2].action"]),
]


@pytest.mark.parametrize(("raw", "paths"), WRONG, ids=str)
def test_what_is_wrong_is_told_all_at_once_with_its_path(raw: Any, paths: list[str]) -> None:
    _policy, problems = parse_policy(raw)
    assert sorted(one.path for one in problems) == sorted(f"cnm_docker_user{path}" for path in paths)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=9))
def test_nothing_makes_the_reader_fail(raw: object) -> None:
    parse_policy(raw)
    parse_policy([{name: raw for name in ("source", "published", "limit", "log", "raw", "family", "ctstate", "comment")}])


RATES = {
    "10/second": "10/sec",
    "60/minute": "1/sec",
    "7/minute": "7/min",
    "60/hour": "1/min",
    "5/min": "5/min",
    "7/s": "7/sec",
    "24/day": "1/hour",
    "3000/sec": "3333/sec",
}


@pytest.mark.parametrize("rate", RATES)
def test_a_rate_is_what_iptables_prints(rate: str) -> None:
    """Seen with iptables 1.8.9: the kernel keeps the time between two packets in steps of 0.1 ms."""
    assert read_rate(rate) == RATES[rate] == read_rate(RATES[rate])


ADDRESSES = st.sampled_from(["192.0.2.1", "192.0.2.0/24", "192.0.2.1-192.0.2.9", "2001:db8::1", "2001:db8::/32"])
PORTS = st.sampled_from([80, "443", "5000-5005"])
ENTRIES = st.fixed_dictionaries(
    {"action": st.sampled_from(ACTIONS)},
    optional={
        "source": st.lists(ADDRESSES, max_size=3) | ADDRESSES.map("!{}".format),
        "destination": ADDRESSES,
        "source_set": st.sampled_from(["office", "!office"]),
        "in_interface": st.sampled_from(["eth0", "!eth0", "docker+"]) | st.just(["eth0", "eth1"]),
        "out_interface": st.just("br-1"),
        "protocol": st.sampled_from(PROTOCOLS_WITH_PORTS),
        "published": PORTS | st.lists(PORTS, max_size=2),
        "host_ip": st.just("198.51.100.2"),
        "target": PORTS,
        "ctstate": st.lists(st.sampled_from(STATES)),
        "limit": st.sampled_from(sorted(RATES)),
        "log": st.just(True) | st.just("seen: "),
        "comment": st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), min_size=1, max_size=20),
        "family": st.sampled_from(["ipv4", "ipv6", "both"]),
    },
)
POLICIES = st.lists(ENTRIES, max_size=4).filter(lambda entries: not parse_policy(entries)[1])


def state_of(entries: list[dict[str, Any]]) -> HostState:
    policy, problems = parse_policy(entries)
    assert not problems
    return policy_state(policy, "default", places("default", backends=("iptables",)), {})


@given(POLICIES)
def test_what_stands_is_told_so_that_it_can_be_declared_again(entries: list[dict[str, Any]]) -> None:
    stands = state_of(entries)
    told = [rule_options(entry) for entry in policy_of(stands)]
    assert state_of(told) == stands
    assert [rule_options(entry) for entry in policy_of(state_of(told))] == told


@given(POLICIES)
def test_every_rule_of_a_policy_is_read_back(entries: list[dict[str, Any]]) -> None:
    for one in state_of(entries).objects.values():
        for rule in one.rules if isinstance(one, Inset) else ():
            assert parse_save(f"*filter\n{rule_text('DOCKER-USER', rule)}\nCOMMIT")["filter"] == {"DOCKER-USER": (rule,)}
