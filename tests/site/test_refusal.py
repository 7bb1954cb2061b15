# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot work is refused before any host is changed, all of it at once."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from .conftest import NETWORKS, Fleet


@pytest.fixture(autouse=True)
def untouched(fleet: Fleet) -> Iterator[None]:
    """No test of this file may leave a trace on any host, nor anything in the ledger."""
    fleet.declare()
    before = fleet.traces()
    yield
    assert fleet.traces() == before
    assert not fleet.ledger.exists()
    for path in fleet.folder.glob("host_vars/*"):
        path.unlink()


def refused_by_hosts(fleet: Fleet) -> str:
    """What playbook site says, which must fail, where the plan itself is good, so that there is a ledger: that is taken away."""
    try:
        run = fleet.play("mooring.cnm.site")
    finally:
        fleet.ledger.unlink(missing_ok=True)
    assert run.status == 2
    return run.text


def test_every_mistake_of_the_inventory_is_told_with_its_place(fleet: Fleet) -> None:
    fleet.declare(cnm_networks={**NETWORKS, "wide": {"internl": True}, "bits": {"ipam": {"config": [{"subnet": "172.21.0.1/24"}]}}})
    fleet.declare("host_vars/node2", cnm_sandboxes__more={"late": {"networks": ["nowhere"], "ports": ["99999:80"]}})
    run = fleet.play("mooring.cnm.site")
    assert run.status == 2
    for place in ("cnm_networks.wide.internl", "cnm_networks.bits.ipam.config[0].subnet", "node2: cnm_sandboxes__more.late.ports[0]"):
        assert place in run.text
    assert "'internal'" in run.text  # the nearest known key
    assert "No host was changed" in run.text


def test_what_only_one_host_knows_stops_all(fleet: Fleet) -> None:
    """On node2 somebody has a bridge of the name that the fleet wants."""
    fleet.declare(cnm_networks={**NETWORKS, "front": {**NETWORKS["front"], "bridge_name": "br-app"}})
    fleet.host("node2").check_output("ip link add br-app type bridge")
    try:
        said = refused_by_hosts(fleet)
    finally:
        fleet.host("node2").check_output("ip link delete br-app")
    assert "1 problem on 1 host. No host was changed." in said
    assert "node2: cnm_networks.front: the bridge br-app" in said


def test_an_underlay_address_that_the_host_does_not_have(fleet: Fleet) -> None:
    """Only node2 itself knows that, and node1 is left alone too."""
    fleet.declare(cnm_networks={**NETWORKS, "ov": {"driver": "overlay"}}, cnm_sandboxes={"box": {"networks": ["ov", "front"]}})
    fleet.declare("host_vars/node2", cnm_underlay_address="198.18.9.9")
    said = refused_by_hosts(fleet)
    assert "1 problem on 1 host. No host was changed." in said
    assert "node2: cnm_underlay_address: the host has no such address, and overlays send from it: give one of its own" in said


def test_what_hosts_know_of_networks_and_of_the_policy_is_told_at_once_where_it_stands(fleet: Fleet) -> None:
    fleet.declare(cnm_sandboxes__more={"far": {"networks": ["front"], "ports": ["198.18.9.9:81:80"]}})
    fleet.declare("host_vars/node1", cnm_docker_user__more=[{"source_set": "nope", "action": "drop"}])
    said = refused_by_hosts(fleet)
    assert "2 problems on 2 hosts. No host was changed." in said
    assert "node1, node2: cnm_sandboxes__more.far.ports: the host has no such address: give one of its own, or none (given: 198.18.9.9)" in said
    assert "node1: cnm_docker_user__more[0].source_set: there is no ipset of this name" in said


def test_a_port_that_a_process_has(fleet: Fleet) -> None:
    listen = "import socket, time; s = socket.create_server(('', 8080)); time.sleep(60)"
    pid = fleet.host("node1").check_output(f'python3 -c "{listen}" >/dev/null 2>&1 & echo $!')
    fleet.host("node1").check_output("for try in $(seq 50); do ss -Hltn | grep -q :8080 && exit; sleep 0.1; done; exit 1")
    try:
        run = fleet.play("mooring.cnm.site")
    finally:
        fleet.host("node1").check_output(f"kill {pid}")
    assert run.status == 2
    assert "1 problem in the declaration" in run.text
    assert "node1: cnm_sandboxes.web.ports: python3 listens on tcp port 8080" in run.text


@pytest.mark.parametrize(("line", "said"), [("serial: 1", "The play has 'serial'"), ("strategy: free", "The strategy 'free'")])
def test_a_plan_in_parts(fleet: Fleet, line: str, said: str) -> None:
    playbook = fleet.folder.parent / "parts.yml"
    playbook.write_text(f"- hosts: all\n  gather_facts: false\n  {line}\n  roles: [mooring.cnm.topology]\n")
    run = fleet.play(str(playbook))
    assert run.status != 0
    assert said in run.text


def test_an_inventory_without_a_folder_needs_cnm_ledger(fleet: Fleet) -> None:
    variables = {"ansible_connection": "mooring.cnm.lab", "ansible_python_interpreter": "/usr/bin/python3", "cnm_lab_name": fleet.lab}
    run = fleet.play("mooring.cnm.site", "-e", json.dumps({**variables, "cnm_networks": {}}), inventory="node1,")
    assert run.status != 0
    assert "Set cnm_ledger to the path of a file" in run.text


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"cnm_network": {}}, "node2: cnm_network: there is no variable of this name: did you mean 'cnm_networks'?"),
        ({"cnm_adress_pools__more": []}, "node2: cnm_adress_pools__more: there is no variable of this name"),
        ({"cnm_firewall": "pf"}, "it is auto, iptables or nftables"),
    ],
)
def test_a_variable_that_nobody_reads(fleet: Fleet, variables: dict[str, object], said: str) -> None:
    fleet.declare("host_vars/node2" if "cnm_firewall" not in variables else "host_vars/node1", **variables)
    run = fleet.play("mooring.cnm.site")
    assert run.status == 2
    assert said in run.text


def test_a_pattern_of_hosts_that_selects_nobody_is_no_success(fleet: Fleet) -> None:
    run = fleet.play("mooring.cnm.drift", "-e", "cnm_hosts=web1")
    assert run.status != 0
    assert "cnm_hosts selects no host of the inventory" in run.text


def test_teardown_takes_no_misspelt_variable_for_all_hosts(fleet: Fleet) -> None:
    run = fleet.play("mooring.cnm.teardown", "-e", "cnm_host=node1")
    assert run.status == 2
    assert "cnm_host: there is no variable of this name: did you mean 'cnm_hosts'?" in run.text
    assert "TASK [mooring.cnm.topology : Remove the fleet's objects] " not in run.text


def test_two_names_for_one_machine(fleet: Fleet) -> None:
    """Here both look at node1; in an inventory, both have its address."""
    look = {"mooring.cnm.topology_info": {"gather": ["reserved"]}, "delegate_to": "node1", "register": "host__look"}
    playbook = fleet.folder.parent / "twins.yml"
    playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [look, {"mooring.cnm.fleet_plan": {}, "run_once": True}]}]))
    run = fleet.play(str(playbook))
    assert run.status == 2
    assert "1 problem in the declaration" in run.text
    assert "node2: inventory_hostname: this is the same machine as node1: keep one of the two names" in run.text


def test_what_a_playbook_of_ones_own_sets(fleet: Fleet) -> None:
    playbook = fleet.folder.parent / "own.yml"
    playbook.write_text(json.dumps([{"import_playbook": "mooring.cnm.site", "vars": {"cnm_fleet": "other", "cnm_hosts": "node1"}}]))
    run = fleet.play(str(playbook))
    assert run.status == 2
    assert "1 problem in the declaration" in run.text and "cnm_fleet: the playbook sets it" in run.text
    assert "node2" not in run.changed


def test_a_fleet_that_declares_nothing(fleet: Fleet) -> None:
    (fleet.folder / "group_vars" / "all.json").write_text(json.dumps({"cnm_lab_name": fleet.lab}))
    run = fleet.play("mooring.cnm.site")
    assert run.status == 2
    assert "no host declares cnm_networks or cnm_sandboxes" in run.text


def test_what_a_whole_group_has_is_told_once(fleet: Fleet) -> None:
    fleet.declare(cnm_networks={**NETWORKS, "wide": {"mtu": 5}})
    run = fleet.play("mooring.cnm.site")
    assert "1 problem in the declaration" in run.text
    assert "node1, node2: cnm_networks.wide.mtu" in run.text
