# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What templates in an inventory come to: as in a task on the host, and told with host and variable where they come to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager
from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.planned import planned


def plan(folder: Path, variables: dict[str, Any], **hosts: dict[str, Any]) -> dict[str, Any]:
    """The plan of an inventory, where only the first host takes part in the play."""
    (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": variables}}))
    loader = DataLoader()
    inventory = InventoryManager(loader=loader, sources=[str(folder / "hosts.yml")])
    manager = VariableManager(loader=loader, inventory=inventory)
    manager.set_nonpersistent_facts(next(iter(hosts)), {"look": {"reserved": {}}})
    given = {"hostvars": HostVars(inventory, manager, loader), "groups": {"all": list(hosts)}, "ansible_play_hosts": [next(iter(hosts))]}

    def template(one: dict[str, Any], held: Mapping[str, Any]) -> Mapping[str, Any]:
        filled_in: dict[str, Any] = Templar(loader=loader, variables=dict(held)).template(one)
        return filled_in

    return planned(given, "look", allocate=True, check_mode=True, parent=str(folder), template=template)


def test_a_template_refers_to_other_hosts_and_leaves_out(tmp_path: Path) -> None:
    subnet = "10.{{ groups['all'] | map('extract', hostvars, 'rack') | sum }}.{{ rack }}.0/24"
    network = {"mtu": "{{ size | default(omit) }}", "ipam": {"config": [{"subnet": subnet}]}}
    done = plan(tmp_path, {"cnm_networks": {"front": network}, "cnm_underlay_mtu": "{{ wire | default(omit) }}"}, a={"rack": 3, "size": 1400}, b={"rack": 4})
    assert done["problems"] == []
    found = {host: networks["front"] for host, networks in done["networks"].items()}
    assert {host: one["ipam"]["config"][0]["subnet"] for host, one in found.items()} == {"a": "10.7.3.0/24", "b": "10.7.4.0/24"}
    assert {host: one.get("mtu") for host, one in found.items()} == {"a": 1400, "b": None}


def test_what_cannot_be_filled_in_is_told_with_host_and_variable_and_nothing_that_follows_from_it(tmp_path: Path) -> None:
    declared = {"cnm_networks__own": {"front": {"mtu": "{{ size }}"}}, "cnm_sandboxes": {"web": {"networks": ["front"]}}, "cnm_fleet": "{{ name }}"}
    done = plan(tmp_path, declared, a={"size": 1400, "name": "shop"}, b={"name": "shop"}, c={"size": 1400})
    assert done["failed"] and done["msg"].splitlines() == [
        "2 problems in the declaration. No host was changed.",
        "b: cnm_networks__own: it cannot be filled in: 'size' is undefined",
        "c: cnm_fleet: it cannot be filled in: 'name' is undefined",
    ]
