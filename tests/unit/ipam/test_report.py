# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What many hosts said is one report: each problem once, with who has it, where it stands, and what was given."""

from __future__ import annotations

from ansible_collections.mooring.cnm.plugins.module_utils.model.problem import Problem
from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.report import declaration_report, drift_report, preflight_report, stale_report

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


def test_drift_is_told_beside_a_problem_of_another_host() -> None:
    said = {"node1": {"before": {}, "ops": ["create bridge b"]}, "node2": {"before": {}, "problems": [NO_VLANS]}, "node3": {"before": {}, "ops": []}}
    report = drift_report(said, ["node4"])
    assert report.failed and report.lines == ["", "node1 has drifted. To bring it back:", "  create bridge b"]
    assert report.summary.splitlines() == [
        "1 problem on 1 host. No host was changed.",
        "node2: cnm_networks.lan.parent: the kernel has no VLANs (given: eth0.40)",
        "1 host of 2 drifted: node1. Not looked at, since they could not be reached or failed: node4",
    ]
    alone = drift_report({"node2": said["node2"]})
    assert alone.failed and alone.summary == "\n".join(report.summary.splitlines()[:2])


def test_what_has_drifted_alike_is_told_once() -> None:
    flushed, link = ["change chain CNM-FORWARD"], ["create bridge b"]
    said = {"node1": {"before": {}, "ops": flushed}, "node2": {"before": {}, "ops": link}, "node3": {"before": {}, "ops": flushed}}
    assert drift_report(said).lines == [
        "",
        "node1, node3 have drifted alike. To bring each back:",
        "  change chain CNM-FORWARD",
        "node2 has drifted. To bring it back:",
        "  create bridge b",
        "3 hosts of 3 drifted: node1, node2, node3",
    ]


def test_in_check_mode_nothing_is_said_to_be_done() -> None:
    done, predicted = (stale_report(["node1"], 2, {"ov": ["node9"]}, check_mode) for check_mode in (False, True))
    assert "node1. The others are converged." in done.summary and "do not know yet what has changed on overlay ov: node9" in done.summary
    assert "node1. Nothing is predicted for these." in predicted.summary and "would not know what changes on overlay ov: node9" in predicted.summary
    assert not done.failed and not predicted.failed
