# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused, and in which words."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.lab.check import check_addresses, check_names, to_hosts
from ansible_collections.mooring.cnm.plugins.module_utils.lab.plan import Host, Lab, Seen

ADDRESS = IPv4Address("198.18.0.1")


def test_good_parameters_have_no_problem() -> None:
    hosts = [{"name": "web-1.example.org", "address": None}, {"name": "db_2", "address": "198.18.4.4"}]
    assert check_names("lab", "reaper", hosts) == []
    assert check_addresses("present", to_hosts(hosts), Lab("lab")) == []


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-a", "ä", "a b", "a" * 64, "a\n"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    assert [problem.path for problem in check_names(name, "reaper", [{"name": name}])] == ["name", "hosts[0].name"]


def test_all_problems_are_told_at_once() -> None:
    hosts = [{"name": "a"}, {"name": "a"}, {"name": "b", "address": "10.0.0.1"}]
    assert [(problem.path, problem.message) for problem in check_names("lab", "systemd", hosts)] == [
        ("init", "systemd as the first process of a lab host is not yet supported: use reaper."),
        ("hosts[1].name", "The host a is named twice: name it once."),
        ("hosts[2].address", "b cannot have the address 10.0.0.1: give one inside 198.18.0.0/16, or none to have it derived from the name."),
    ]


def test_two_hosts_with_one_address_are_both_named() -> None:
    [problem] = check_addresses("present", [Host("a", ADDRESS), Host("b", ADDRESS)], Lab("lab"))
    assert problem.message == "a and b would both have the address 198.18.0.1: give one of them another ansible_host inside 198.18.0.0/16."


def test_so_are_a_new_host_and_a_running_one() -> None:
    [problem] = check_addresses("present", [Host("b", ADDRESS)], Lab("lab", True, (Seen("a", ADDRESS, True),)))
    assert (problem.host, problem.path, problem.message.split(" would")[0]) == ("b", "hosts[0].address", "a and b")


def test_the_address_of_a_host_that_ended_is_free() -> None:
    assert check_addresses("present", [Host("b", ADDRESS)], Lab("lab", True, (Seen("a", ADDRESS, False),))) == []


def test_a_running_host_changes_its_address_by_a_reboot_only() -> None:
    lab, hosts = Lab("lab", True, (Seen("a", ADDRESS, True),)), [Host("a", IPv4Address("198.18.0.2"))]
    [problem] = check_addresses("present", hosts, lab)
    assert problem.message == "a runs with the address 198.18.0.1 and not 198.18.0.2: reboot it to change that (cnm_lab_state: rebooted)."
    assert check_addresses("rebooted", hosts, lab) == []
