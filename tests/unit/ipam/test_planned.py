# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole plan, from the variables of hosts to the ledger and the files, and that the ledger is not gone through again for every host."""

from __future__ import annotations

import gc
import json
from collections.abc import ItemsView, Iterator
from pathlib import Path
from typing import Any

from ansible_collections.mooring.cnm.plugins.module_utils.ipam.fleet import HostInput, plan_fleet
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.ledger import Ledger
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.pools import Stock
from ansible_collections.mooring.cnm.plugins.module_utils.proof.plan import WHOLE, file_of
from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.planned import planned
from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.slices import at_their_places, host_file, network_file, read_slice

NETWORKS: dict[str, Any] = {"front": {}, "backbone": {"driver": "overlay"}}
SANDBOXES: dict[str, Any] = {"web": {"networks": ["front"], "ports": ["80"]}, "db": {"networks": ["backbone"]}}


class HostVars(dict[str, dict[str, Any]]):
    """As much of Ansible's as a plan asks for."""

    def raw_get(self, host: str) -> dict[str, Any]:
        return self[host]


def variables(folder: Path, *hosts: str, **more: Any) -> dict[str, Any]:
    held = {
        host: {
            "cnm_networks": NETWORKS,
            "cnm_sandboxes": SANDBOXES,
            "cnm_ledger": str(folder / "ledger.yml"),
            "ansible_host": f"198.18.0.{at}",
            "look": {"reserved": {"ports": []}},
            **more,
        }
        for at, host in enumerate(hosts, 1)
    }
    return {"hostvars": HostVars(held), "groups": {"all": list(hosts)}, "ansible_play_hosts": list(hosts)}


def run(folder: Path, given: dict[str, Any], check_mode: bool = False) -> dict[str, Any]:
    return planned(given, "look", allocate=True, check_mode=check_mode, parent=str(folder))


def test_one_file_for_each_host_and_each_network_of_the_fleet(tmp_path: Path) -> None:
    done = run(tmp_path, variables(tmp_path, "a", "b"))
    expected = {WHOLE, network_file("backbone"), *(name(host) for host in ("a", "b") for name in (host_file, file_of))}
    assert {one.name for one in Path(done["plan"]).iterdir()} == expected
    slice_of_a = read_slice(done["plan"], "a")
    told = {name: {key: value for key, value in one.items() if key != "mtu"} for name, one in slice_of_a["networks"].items()}
    assert told == done["networks"]["a"] and set(slice_of_a["peers"]["backbone"]) == {"b"}
    rows = json.loads((Path(done["plan"]) / WHOLE).read_text())["rows"]
    sent = [json.loads((Path(done["plan"]) / file_of(host)).read_text())["probes"] for host in ("a", "b")]
    assert sorted(row["id"] for row in rows) == sorted(probe["id"] for part in sent for probe in part)


def test_what_a_host_tells_is_told_where_it_stands_in_the_variables(tmp_path: Path) -> None:
    drop = {"in_interface": "eth0", "action": "drop"}
    more = {"cnm_networks__more": {"a.b": None}, "cnm_sandboxes__more": {"app": {"networks": ["a.b"]}}, "cnm_docker_user": [drop], "cnm_docker_user__x": [drop]}
    done = run(tmp_path, variables(tmp_path, "a", **more))
    told = {
        "cnm_networks.a.b.mtu": "cnm_networks__more.a.b.mtu",
        "cnm_networks.front.parent": "cnm_networks.front.parent",
        "cnm_sandboxes.app": "cnm_sandboxes__more.app",
        "cnm_sandboxes.web.ports[0]": "cnm_sandboxes.web.ports[0]",
        "cnm_docker_user[0].source_set": "cnm_docker_user__x[0].source_set",
        "cnm_docker_user[1].source_set": "cnm_docker_user[0].source_set",
        "cnm_underlay_address": "cnm_underlay_address",
    }
    found = at_their_places([{"path": path, "message": "m", "value": "v"} for path in told], done["plan"], "a")
    assert found == [{"path": path, "message": "m", "value": "v"} for path in told.values()]
    assert at_their_places([], "nowhere", "a") == []
    assert read_slice(done["plan"], "a").keys() >= {"networks", "docker_user"} and "places" not in read_slice(done["plan"], "a")


def test_the_second_plan_changes_nothing_and_check_mode_writes_nothing(tmp_path: Path) -> None:
    given = variables(tmp_path, "a", "b")
    predicted = run(tmp_path, given, check_mode=True)
    assert predicted["changed"] and not (tmp_path / "ledger.yml").exists()
    done = run(tmp_path, given)
    assert done["changed"] and done["diff"] == predicted["diff"]
    text = (tmp_path / "ledger.yml").read_text()
    again = run(tmp_path, given)
    assert not again["changed"] and again["networks"] == done["networks"] and (tmp_path / "ledger.yml").read_text() == text


def test_with_a_problem_nothing_is_written(tmp_path: Path) -> None:
    done = run(tmp_path, variables(tmp_path, "a", cnm_networks={"front": {"driver": "none such"}}))
    assert done["failed"] and done["problems"] and done["plan"] is None and list(tmp_path.iterdir()) == []


def test_what_the_playbook_sets_is_not_taken_for_the_fleets(tmp_path: Path) -> None:
    """The plan reads all hosts of the inventory, of which a playbook sees but its own: what it set was left out in silence."""
    given = variables(tmp_path, "a", "b")
    task = {**given, **given["hostvars"]["a"], "inventory_hostname": "a", "cnm_hosts": "a", "cnm_persist": True}
    assert run(tmp_path, task)["problems"] == []
    done = run(tmp_path, {**task, "cnm_networks": {}, "cnm_verify": "none"})
    assert [(one["host"], one["path"]) for one in done["problems"]] == [("", "cnm_networks"), ("", "cnm_verify")]
    assert "it is read in the inventory alone" in done["msg"]


def test_two_names_for_one_machine(tmp_path: Path) -> None:
    given = variables(tmp_path, "a", "b", "c", "d")
    for host, machine in {"a": "x/1", "b": "x/2", "c": "x/1"}.items():
        given["hostvars"][host]["look"] = {"reserved": {"machine": machine}}
    (problem,) = run(tmp_path, given)["problems"]
    assert (problem["host"], problem["path"]) == ("c", "inventory_hostname") and "the same machine as a" in problem["message"]


def test_hosts_that_the_ledger_forgets_are_told(tmp_path: Path) -> None:
    """Which may be meant, or the inventory is another one than before, or a part of it."""
    hosts = [f"h{number}" for number in range(6)]
    assert run(tmp_path, variables(tmp_path, *hosts))["warnings"] == []
    less = variables(tmp_path, *hosts[:2])
    predicted, drift = run(tmp_path, less, check_mode=True), planned(less, "look", allocate=False, check_mode=False, parent=str(tmp_path))
    (warning,) = predicted["warnings"]
    assert "for h2, h3, h4 and 1 more: the ledger frees what was given there" in warning
    assert drift["warnings"] == [] and not drift["changed"]
    assert run(tmp_path, less)["warnings"] == [warning] and run(tmp_path, less)["warnings"] == []


def test_a_ledger_that_is_not_there_where_networks_stand_is_told(tmp_path: Path) -> None:
    """As where it was lost, or its path is another one than before: addresses may move."""
    given = variables(tmp_path, "a", "b")
    assert run(tmp_path, given, check_mode=True)["warnings"] == []
    given["hostvars"]["b"]["look"] = {"reserved": {"standing": True}}
    (warning,) = run(tmp_path, given)["warnings"]
    assert warning.startswith(f"There is no ledger {tmp_path}/ledger.yml, and networks of this fleet stand on b: what was given there is chosen anew")
    assert run(tmp_path, given)["warnings"] == []


def test_the_collector_of_circles_is_at_work_again(tmp_path: Path) -> None:
    run(tmp_path, variables(tmp_path, "a"))
    assert gc.isenabled()


def test_the_ledger_is_not_gone_through_for_every_host() -> None:
    times = 0

    class Counted(dict[str, dict[str, int]]):
        def items(self) -> ItemsView[str, dict[str, int]]:
            nonlocal times
            times += 1
            return super().items()

        def __iter__(self) -> Iterator[str]:
            nonlocal times
            times += 1
            return super().__iter__()

    hosts = {f"h{at}": HostInput({"cnm_networks": NETWORKS}, {"cnm_sandboxes": SANDBOXES}, {}) for at in range(20)}
    first = plan_fleet(hosts, Ledger(), Stock(), "default", True)
    assert len(first.ledger.ports) == 20
    ledger = Ledger(first.ledger.networks, first.ledger.endpoints, first.ledger.ranges, first.ledger.seen, Counted(first.ledger.ports))
    again = plan_fleet(hosts, ledger, Stock(), "default", True)
    assert again.ledger.ports == first.ledger.ports and times < 5
