# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever stands in the other variables, in option ``peers`` or as the name of a host is used or refused with its place: nothing hostile passes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.vault import EncryptedString
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.policy_rules import places, policy_state
from ansible_collections.mooring.cnm.plugins.module_utils.firewall.text import parse_save, rule_text
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.fleet import plan_fleet
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.ledger import Ledger
from ansible_collections.mooring.cnm.plugins.module_utils.model.checks import check_declaration, check_resolved
from ansible_collections.mooring.cnm.plugins.module_utils.model.peers import parse_topology
from ansible_collections.mooring.cnm.plugins.module_utils.model.policy import PolicyRule, parse_policy
from ansible_collections.mooring.cnm.plugins.module_utils.model.problem import Problem
from ansible_collections.mooring.cnm.plugins.module_utils.state.inset import Inset
from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.inventory import Fleet, read_fleet
from ansible_collections.mooring.cnm.plugins.plugin_utils.fleet.slices import host_file, plan_files, read_slice, with_mtus
from ansible_collections.mooring.cnm.tests.unit.hostile.mutations import OTHERS, STRINGS
from ansible_collections.mooring.cnm.tests.unit.hostile.outputs import check_outputs
from ansible_collections.mooring.cnm.tests.unit.hostile.places import leads_somewhere

# A zone of an address may be any text.
VALUES = (*STRINGS, *OTHERS, "fe80::1%; flush ruleset", "fe80::1%a\nb", "192.0.2.7%x")
OVERLAY = {"driver": "overlay", "ipam": {"config": [{"subnet": "10.0.0.0/24", "gateway": "10.0.0.1"}]}}
DECLARED = {"cnm_networks": {"ov": OVERLAY, "pooled": {"driver": "overlay"}}, "cnm_sandboxes": {"web": {"networks": ["ov", "pooled"]}}}
RESERVED = {"reserved": {"underlay_address": "192.0.2.7", "underlay_mtu": 1500}}
NUMBERS = {"cnm_vni_base": 2**24 - 1, "cnm_vxlan_port": 65535}


class HostVars(dict[str, Any]):
    """The variables of hosts, as a task has them."""

    raw_get = dict.__getitem__


def fleet_of(folder: Path, host: str = "node1", **more: Any) -> Fleet:
    """A host with an overlay, and another one on it."""
    hosts = {name: {"inventory_dir": str(folder), "look": RESERVED, **DECLARED, **more} for name in (host, "other")}
    return read_fleet({"hostvars": HostVars(hosts), "groups": {"all": list(hosts)}, "ansible_play_hosts": list(hosts)}, "look")


def check_problems(problems: list[Problem], given: dict[str, Any]) -> None:
    for one in problems:
        assert all(text.isprintable() and len(text) < 1500 for text in one.as_dict().values()), one
        assert one.message and leads_somewhere(one.path, given), one


def check_planned(fleet: Fleet, folder: Path, given: dict[str, Any]) -> None:
    """What is laid down for each host and read there is planned, or was refused with its place."""
    plan = plan_fleet(fleet.hosts, Ledger(), fleet.stock, fleet.name, True)
    check_problems(list(plan.problems), {**DECLARED, **given})
    if plan.problems:
        return
    for name, part in plan_files(fleet, with_mtus(plan.declarations, fleet.underlay), fleet.underlay).items():
        assert "/" not in name and name.isprintable() and len(name) < 256
        (folder / name).write_text(json.dumps(part))
    for host in fleet.hosts:
        declaration, problems = parse_topology(read_slice(str(folder), host))
        problems = problems or [*check_declaration(declaration), *check_resolved(declaration)]
        check_problems(problems, {"cnm_underlay_address": "", **DECLARED, **given})
        if not problems:
            check_outputs(host_state(declaration, fleet.name))


@pytest.mark.parametrize("name", ["cnm_docker_user", "cnm_overlay_pool", "cnm_underlay_address", *NUMBERS])
def test_a_variable_is_used_or_refused_with_its_place(name: str, tmp_path: Path) -> None:
    for value in VALUES:
        fleet = fleet_of(tmp_path, **{name: value})
        # A text alone is short for the base of a pool.
        written = {"base": value} if name == "cnm_overlay_pool" and isinstance(value, str) else value
        check_problems(fleet.problems, {name: written})
        assert all(one.path.startswith(name) for one in fleet.problems), fleet.problems
        if name in NUMBERS:
            number = int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,9}", value) else value
            fits = isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= NUMBERS[name]
            assert bool(fleet.problems) is not fits, value
        if not fleet.problems:
            check_planned(fleet, tmp_path, {name: value})


def test_a_number_may_be_text_as_an_extra_variable_is(tmp_path: Path) -> None:
    fleet = fleet_of(tmp_path, cnm_vni_base="300", cnm_vxlan_port="4790", cnm_underlay_mtu="1450")
    assert (fleet.problems, fleet.vxlan_port, fleet.underlay["node1"].mtu) == ([], 4790, 1450)
    networks = plan_fleet(fleet.hosts, Ledger(), fleet.stock, fleet.name, True).declarations["node1"].networks
    assert (networks["ov"].vnis, networks["pooled"].vnis) == ((300,), (301,))


def test_a_fleet_variable_that_one_host_does_not_have(tmp_path: Path) -> None:
    hosts = HostVars({name: {"inventory_dir": str(tmp_path), **DECLARED} for name in ("node1", "node2")})
    hosts["node1"].update(cnm_verify="sample", cnm_address_pools=[])
    hosts["node2"].update(cnm_verify="sample", cnm_vni_base=300)
    problems = read_fleet({"hostvars": hosts, "groups": {"all": list(hosts)}, "ansible_play_hosts": []}, "look").problems
    assert [(one.host, one.path, one.message.rpartition("has ")[2], one.value) for one in problems] == [
        ("node2", "cnm_address_pools", "[]", "none"),
        ("node2", "cnm_vni_base", "none, which means 256", "300"),
    ]


def test_what_is_vaulted_is_read_as_what_it_says(tmp_path: Path) -> None:
    """Ansible decrypts where it templates, which is not done for what needs no template."""

    def decrypted(given: dict[str, Any], _held: Mapping[str, Any]) -> dict[str, Any]:
        assert list(given) == ["cnm_sandboxes"]
        return {"cnm_sandboxes": {"web": {"networks": ["ov"], "dns": ["192.0.2.53"]}}}

    sandboxes = {"web": {"networks": ["ov"], "dns": [EncryptedString(ciphertext="$ANSIBLE_VAULT;1.1;AES256")]}}
    hosts = HostVars({"node1": {"inventory_dir": str(tmp_path), "cnm_networks": {"ov": OVERLAY}, "cnm_sandboxes": sandboxes}})
    fleet = read_fleet({"hostvars": hosts, "groups": {"all": ["node1"]}, "ansible_play_hosts": ["node1"]}, "look", decrypted)
    assert fleet.hosts["node1"].sandboxes == {"cnm_sandboxes": {"web": {"networks": ["ov"], "dns": ["192.0.2.53"]}}}


def test_a_rule_of_a_policy_stays_one_rule() -> None:
    """Words for iptables are its author's own; all else is read back as what it was."""
    for key in PolicyRule.__dataclass_fields__.keys() - {"raw"}:
        for value in VALUES:
            given = [{"action": "drop", key: value}]
            policy, problems = parse_policy(given)
            check_problems(problems, {"cnm_docker_user": given})
            wanted = policy_state(policy, "default", places("default", backends=("iptables",)), {}) if not problems else None
            for one in wanted.objects.values() if wanted else ():
                for rule in one.rules if isinstance(one, Inset) else ():
                    text = rule_text("DOCKER-USER", rule)
                    assert len(text.splitlines()) == 1
                    assert parse_save(f"*filter\n{text}\nCOMMIT")["filter"] == {"DOCKER-USER": (rule,)}


def test_peers_are_used_or_refused_with_their_place() -> None:
    plain = {"underlay_address": "198.51.100.4", "sandboxes": {"far": "10.0.0.9"}}
    networks = {"ov": {**OVERLAY, "vni": 256}}
    for value in VALUES:
        name = value if isinstance(value, str) else "far"
        for peers in (
            value,
            {"ov": value},
            {name: {"other": plain}},
            {"ov": {name: plain}},
            {"ov": {"other": value}},
            *({"ov": {"other": {**plain, key: value}}} for key in ("underlay_address", "sandboxes", "more")),
            {"ov": {"other": {**plain, "sandboxes": {name: value}}}},
            *(
                {"ov": {"other": {**plain, "sandboxes": {name: {"ipv4_address": "10.0.0.9", key: value}}}}}
                for key in ("ipv4_address", "mac_address", "aliases")
            ),
            {"ov": {"other": {**plain, "sandboxes": {"far": {"ipv6_address": value}}}}},
        ):
            sandboxes = {"web": {"networks": {"ov": {"ipv4_address": "10.0.0.2"}}}}
            options = {"networks": networks, "sandboxes": sandboxes, "peers": peers, "host": "here", "underlay_address": "192.0.2.7"}
            declaration, problems = parse_topology(options)
            check_problems(problems, options)
            if not problems and not [*check_declaration(declaration), *check_resolved(declaration)]:
                check_outputs(host_state(declaration, "default"))


@pytest.mark.parametrize("value", ["fe80::1%; flush ruleset", "fe80::1%eth0", "", "node1", None, 7])
def test_the_module_refuses_what_is_no_address_of_the_underlay(value: Any) -> None:
    found, problems = parse_topology({"underlay_address": value, "networks": {"ov": {**OVERLAY, "vni": 256}}})
    assert [one.path for one in problems] == ([] if value is None else ["underlay_address"])
    assert found.networks["ov"].underlay_address in (None, ip_address("192.0.2.7"))


def test_a_host_may_be_called_anything(tmp_path: Path) -> None:
    for name in STRINGS:
        assert Path(host_file(name)).parent == Path(".")
        fleet = fleet_of(tmp_path, host=name)
        check_problems(fleet.problems, {"inventory_hostname": name})
        assert bool(fleet.problems) is (len(name) > 240)
        if not fleet.problems:
            check_planned(fleet, tmp_path, {})
