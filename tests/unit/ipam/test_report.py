# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What many hosts said is one report: each problem once, with who has it, where it stands, and what was given."""

from __future__ import annotations

from ansible_collections.mooring.cnm.plugins.module_utils.model.problem import Problem
from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.report import declaration_report, preflight_report

NO_VLANS = {"path": "cnm_networks.lan.parent", "message": "the kernel has no VLANs", "value": "eth0.40"}


def test_what_several_hosts_found_is_told_once_with_all_of_them_and_the_value() -> None:
    hosts = [f"node{number}" for number in range(1, 6)]
    said = {host: {"before": {}, "problems": [NO_VLANS]} for host in hosts}
    said["node5"]["problems"].append({"path": "cnm_networks.front", "message": "somebody has the bridge", "value": ""})  # type: ignore[attr-defined]
    assert preflight_report(said).summary.splitlines() == [
        "2 problems on 5 hosts. No host was changed.",
        "node1, node2, node3, node4, node5: cnm_networks.lan.parent: the kernel has no VLANs (given: eth0.40)",
        "node5: cnm_networks.front: somebody has the bridge",
    ]


def test_a_host_that_could_not_look_is_a_problem_of_its_own() -> None:
    report = preflight_report({"node1": {"msg": "it broke"}, "node2": {"before": {}}})
    assert report.failed and report.summary.splitlines()[1:] == ["node1: the host could not be looked at: it broke"]


def test_of_many_hosts_with_one_mistake_in_the_declaration_a_few_are_named() -> None:
    problems = [Problem(f"node{number}", "cnm_networks.a.mtu", "x", "a whole number is expected") for number in range(5)]
    assert declaration_report(problems).summary.splitlines() == [
        "1 problem in the declaration. No host was changed.",
        "node0, node1, node2 and 2 more: cnm_networks.a.mtu: a whole number is expected (given: x)",
    ]
