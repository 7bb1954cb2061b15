# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbook site: check mode says what a run does, a second run changes nothing, and part of a fleet can be worked on."""

from __future__ import annotations

import pytest

from .conftest import HOSTS, NETWORKS, SANDBOXES, Fleet

NOTHING = dict.fromkeys(HOSTS, 0)


def test_check_mode_says_what_a_run_does_and_does_nothing(fleet: Fleet) -> None:
    before = fleet.traces()
    predicted = fleet.play("mooring.cnm.site", "--check", "--diff", "--limit", "node1")
    assert predicted.status == 0, predicted.text
    assert fleet.traces() == before
    assert not fleet.ledger.exists()
    done = fleet.play("mooring.cnm.site", "--diff", "--limit", "node1")
    assert done.status == 0, done.text
    assert predicted.said_in("Plan the fleet") == done.said_in("Plan the fleet")
    assert predicted.said_in("Converge") == done.said_in("Converge")
    assert "create namespace web" in done.said_in("Converge")
    assert fleet.traces("node2") == {"node2": before["node2"]}


def test_a_second_run_changes_nothing(fleet: Fleet) -> None:
    first = fleet.play("mooring.cnm.site")
    assert first.status == 0, first.text
    assert first.changed["node2"] > 0
    traces, ledger = fleet.traces(), fleet.ledger.read_text()
    second = fleet.play("mooring.cnm.site", "--diff")
    assert second.status == 0, second.text
    assert second.changed == NOTHING
    assert fleet.traces() == traces
    assert fleet.ledger.read_text() == ledger


def test_a_change_is_predicted_too(fleet: Fleet) -> None:
    sandboxes = {**SANDBOXES, "web": {**SANDBOXES["web"], "ports": ["8080:8000"], "sysctls": {"net.core.somaxconn": 100}}}
    fleet.declare("host_vars/node1", cnm_sandboxes=sandboxes, cnm_networks={**NETWORKS, "back": {"internal": True, "icc": False}})
    before = fleet.traces()
    predicted = fleet.play("mooring.cnm.site", "--check", "--diff")
    assert fleet.traces() == before
    done = fleet.play("mooring.cnm.site", "--diff")
    assert predicted.said_in("Converge") == done.said_in("Converge")
    assert "change sysctl" in done.said_in("Converge")
    assert done.changed["node2"] == 0


@pytest.mark.parametrize(("words", "name"), [(("-e", "cnm_hosts=node1"), "one"), (("--limit", "node1"), "two")])
def test_work_on_some_hosts_leaves_the_others_what_they_have(fleet: Fleet, words: tuple[str, ...], name: str) -> None:
    fleet.declare("host_vars/node1")
    fleet.declare(cnm_sandboxes__more={name: {"networks": ["back"]}})
    stands, given = fleet.traces("node2"), fleet.given("node2")
    run = fleet.play("mooring.cnm.site", *words)
    assert run.status == 0, run.text
    assert fleet.host("node1").file(f"/run/netns/{name}").exists
    assert "node2" not in run.changed
    assert fleet.traces("node2") == stands
    assert fleet.given("node2") == given


def test_a_host_that_is_down_does_not_hold_up_the_others(fleet: Fleet) -> None:
    fleet.declare()
    given = fleet.given("node2")
    fleet.power("absent", "node2")
    run = fleet.play("mooring.cnm.site")
    assert run.status != 0
    assert "could not be reached or failed: node2." in run.said_in("Name the hosts that are stale")
    assert not fleet.host("node1").file("/run/netns/two").exists
    assert fleet.given("node2") == given
    fleet.host("node1").check_output("ip -netns web route delete default")
    drift = fleet.play("mooring.cnm.drift")
    assert drift.status == 4, "what could not be looked at outweighs what was found"
    assert "1 host of 1 drifted: node1. Not looked at, since they could not be reached or failed: node2" in drift.text
    fleet.host("node1").check_output("ip -netns web route add default via 172.20.0.1 dev eth1 proto 206")
    fleet.power("present", "node2")
    again = fleet.play("mooring.cnm.site")
    assert again.status == 0, again.text
    assert again.changed["node1"] == 0
    assert fleet.host("node2").file("/run/netns/web").exists
    assert fleet.given("node2") == given


def test_a_host_that_fails_is_put_back_and_named_and_the_others_are_proven(fleet: Fleet) -> None:
    """Nothing can be written below /etc/netns of node2; what it had is put back, and the proof is about node1."""
    fleet.declare()
    fleet.play("mooring.cnm.site")
    before = fleet.traces("node2")
    fleet.declare(cnm_sandboxes={**SANDBOXES, "db": {**SANDBOXES["db"], "extra_hosts": {"registry": "192.0.2.9"}}}, cnm_verify="full")
    fleet.host("node2").check_output("mount --bind /etc/netns /etc/netns && mount -o remount,bind,ro /etc/netns")
    try:
        run = fleet.play("mooring.cnm.site")
        assert fleet.traces("node2") == before
    finally:
        fleet.host("node2").check_output("umount /etc/netns")
    assert run.status == 2
    assert "Could not write file /etc/netns/db/hosts: Read-only file system (EROFS). What stood before was put back." in run.text
    assert "unproven: 0" in run.text and "✘ node" not in run.text
    assert "could not be reached or failed: node2." in run.said_in("Name the hosts that are stale")


def test_networks_of_the_drivers_host_and_none(fleet: Fleet) -> None:
    fleet.declare(
        cnm_networks={"outside": {"driver": "host"}, "nowhere": {"driver": "none"}},
        cnm_sandboxes={"a": {"networks": ["outside"]}, "b": {"networks": ["nowhere"]}},
    )
    run = fleet.play("mooring.cnm.site")
    assert run.status == 0, run.text
    assert fleet.host("node1").check_output("ip -n b -brief link | wc -l") == "1"
    assert not fleet.host("node1").file("/run/netns/a").exists
