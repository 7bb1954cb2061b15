# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet whose rules are carried by nftables: proven, flushed, repaired, and moved to iptables."""

from __future__ import annotations

from .conftest import HOSTS, Fleet

WHO_CARRIES = "iptables-save | grep -c CNM-; nft list tables | grep -c 'inet cnm-default'; true"


def carried(fleet: Fleet) -> set[tuple[bool, bool]]:
    """Whether there are rules of ours in iptables, and in nftables, on the hosts."""
    found = [fleet.host(name).check_output(WHO_CARRIES).split() for name in HOSTS]
    return {(iptables != "0", nftables != "0") for iptables, nftables in found}


def test_nftables_carries_the_rules_and_hands_them_over(fleet: Fleet) -> None:
    fleet.declare(cnm_firewall="nftables", cnm_verify="full")
    site = fleet.play("mooring.cnm.site")
    assert site.status == 0, site.text
    assert "unproven: 0" in site.text and carried(fleet) == {(False, True)}
    fleet.host("node1").check_output("nft flush ruleset")
    drift = fleet.play("mooring.cnm.drift")
    assert drift.status == 2 and "create table inet cnm-default" in drift.text, drift.text
    fleet.declare(cnm_firewall="iptables", cnm_verify="full")
    moved = fleet.play("mooring.cnm.site")
    assert moved.status == 0, moved.text
    assert "unproven: 0" in moved.text and carried(fleet) == {(True, False)}
    assert fleet.play("mooring.cnm.drift").status == 0


def test_a_host_whose_own_chain_drops_is_named_before_anything_is_changed(fleet: Fleet) -> None:
    fleet.host("node2").check_output("nft 'add table inet theirs; add chain inet theirs forward { type filter hook forward priority 0; policy drop; }'")
    fleet.declare(cnm_firewall="nftables")
    before = carried(fleet)
    site = fleet.play("mooring.cnm.site")
    assert site.status == 2
    assert "node2: cnm_firewall: the chain forward of table inet theirs drops what is forwarded" in site.text and "No host was changed" in site.text
    assert carried(fleet) == before
