# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this kernel cannot make is known before anything is changed: a sentence with the module that it needs."""

from __future__ import annotations

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.kinds import MODULES
from ansible_collections.mooring.cnm.plugins.module_utils.kernel import kinds
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.kinds import missing_kinds
from ansible_collections.mooring.cnm.tests.kernel.nouns import Tasks
from ansible_collections.mooring.cnm.tests.kernel.on_wire import wire

MADE = {"ipvlan": "link wire type ipvlan", "macvlan": "link wire type macvlan", "vlan": "link wire type vlan id 7", "vxlan": "type vxlan id 7 dstport 4789"}
SUBNET = {"config": [{"subnet": "192.0.2.0/24"}]}


def test_what_is_missing_is_what_ip_cannot_make(host) -> None:
    """Here by what the kernel answers, on a machine with modules by what lies there. Nothing is made."""
    wire(host)
    before = host.sh("ip link")
    found = missing_kinds([(kind, MODULES[kind][0]) for kind in MODULES])
    assert missing_kinds([(kind, "-") for kind in MODULES]) == found
    assert host.sh("ip link") == before
    cannot = {kind for kind in MODULES if not host.succeeds(f"ip link add name one {MADE.get(kind, f'type {kind}')} && ip link del one")}
    assert set(found) == cannot
    assert missing_kinds([("nonesuch", "nonesuch")]) == ["nonesuch"]


def test_it_is_a_problem_with_a_place(host, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    wire(host)
    monkeypatch.setattr(kinds, "_is_known", lambda kind: kind not in ("ipvlan", "vlan", "dummy"))
    monkeypatch.setattr(kinds.os.path, "exists", lambda path: False if path.startswith("/sys/module") else True)
    monkeypatch.setattr(kinds, "_listed_modules", lambda: "kernel/drivers/net/macvlan.ko.xz:\n")
    networks = {
        "routed": {"driver": "ipvlan", "parent": "wire", "ipam": SUBNET},
        "alone": {"driver": "macvlan", "ipam": {"config": [{"subnet": "198.51.100.0/24"}]}},
        "tagged": {"driver": "macvlan", "parent": "wire.40"},
    }
    told = Tasks(host, capsys).refused("topology", networks=networks, sandboxes={"a": {"networks": {"routed": {"ipv4_address": "192.0.2.10"}}}})
    assert [one.split(", which a package")[0] for one in told] == [
        "cnm_networks.alone.parent: the kernel of this host has no dummy interfaces, which a network without a parent rests on:"
        " it needs its module dummy (CONFIG_DUMMY)",
        "cnm_networks.routed.driver: the kernel of this host has no ipvlan: it needs its module ipvlan (CONFIG_IPVLAN)",
        "cnm_networks.tagged.parent: the kernel of this host has no VLANs (802.1q): it needs its module 8021q (CONFIG_VLAN_8021Q)",
    ]
