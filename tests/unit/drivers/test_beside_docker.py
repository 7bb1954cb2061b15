# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is closed between networks of ours and those that Docker has, or will have."""

from __future__ import annotations

from ansible_collections.mooring.cnm.plugins.module_utils.drivers.beside_docker import rules
from ansible_collections.mooring.cnm.plugins.module_utils.firewall.text import rule_text
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Network

NETWORKS = (Network("front"), Network("back"), Network("own", bridge_name="br-own"), Network("lan", driver="macvlan"))


def texts(bridges: list[str], isolating: list[tuple[str, str]]) -> list[str]:
    """In the order in which they are asked; a rule that several networks have stands once."""
    placed = sorted(rules(NETWORKS, bridges, isolating), key=lambda one: (one[0], one[1]))
    return list(dict.fromkeys(f"{place.table} {rule_text(place.name, rule)}" for place, _rank, rule in placed))


def test_without_docker_there_is_nothing() -> None:
    assert texts([], []) == []


def test_what_docker_has_is_closed_before_anybody_accepts_and_what_it_makes_later_by_its_own_chain() -> None:
    assert texts(["docker0"], [("ipv4", "STAGE-2"), ("ipv6", "STAGE-2")]) == [
        "filter -A FORWARD -o cnmb+ -j ACCEPT",
        "filter -A FORWARD -i cnmb+ -m conntrack --ctstate DNAT -j ACCEPT",
        "filter -A FORWARD -o br-own -j ACCEPT",
        "filter -A FORWARD -i br-own -m conntrack --ctstate DNAT -j ACCEPT",
        "filter -A FORWARD -i cnmb+ -m conntrack --ctstate NEW -j STAGE-2",
        "filter -A FORWARD -i br-own -m conntrack --ctstate NEW -j STAGE-2",
        "mangle -A FORWARD -i cnmb+ -o docker0 -j DROP",
        "mangle -A FORWARD -i br-own -o docker0 -j DROP",
    ]


def test_a_bridge_of_ours_that_docker_knows_is_not_closed_to_ours() -> None:
    assert texts(["br-own", "cnmb0123456789a"], []) == []
