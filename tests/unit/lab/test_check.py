# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused, and in which words."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.lab.check import check_against_lab, check_names, check_roots, to_hosts
from ansible_collections.mooring.cnm.plugins.module_utils.lab.plan import Host, Lab, Seen

ADDRESS = IPv4Address("198.18.0.1")


def test_good_parameters_have_no_problem() -> None:
    hosts = [{"name": "web-1.example.org", "address": None}, {"name": "db_2", "address": "198.18.4.4"}]
    assert check_names("lab", hosts) == []
    assert check_against_lab("present", to_hosts({"hosts": hosts}, Lab("lab")) or (), Lab("lab")) == []


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-a", "ä", "a b", "a" * 64, "a\n"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    assert [problem.path for problem in check_names(name, [{"name": name}])] == ["name", "hosts[0].name"]


def test_all_problems_are_told_at_once() -> None:
    hosts = [{"name": "a"}, {"name": "a"}, {"name": "b", "address": "10.0.0.1"}]
    assert [(problem.path, problem.message) for problem in check_names("lab", hosts)] == [
        ("hosts[1].name", "The host a is named twice: name it once."),
        ("hosts[2].address", "b cannot have the address 10.0.0.1: give one inside 198.18.0.0/16, or none to have it derived from the name."),
    ]


def test_two_hosts_with_one_address_are_both_named() -> None:
    [problem] = check_against_lab("present", [Host("a", ADDRESS), Host("b", ADDRESS)], Lab("lab"))
    assert problem.message == "a and b would both have the address 198.18.0.1: give one of them another ansible_host inside 198.18.0.0/16."


def test_so_are_a_new_host_and_a_running_one() -> None:
    [problem] = check_against_lab("present", [Host("b", ADDRESS)], Lab("lab", True, (Seen("a", ADDRESS, True),)))
    assert (problem.host, problem.path, problem.message.split(" would")[0]) == ("b", "hosts[0].address", "a and b")


def test_the_address_of_a_host_that_ended_is_free() -> None:
    assert check_against_lab("present", [Host("b", ADDRESS)], Lab("lab", True, (Seen("a", ADDRESS, False),))) == []


def test_a_running_host_changes_its_address_by_a_reboot_only() -> None:
    lab, hosts = Lab("lab", True, (Seen("a", ADDRESS, True),)), [Host("a", IPv4Address("198.18.0.2"))]
    [problem] = check_against_lab("present", hosts, lab)
    assert problem.message == "a runs with the address 198.18.0.1 and not 198.18.0.2: reboot it to change that (cnm_lab_state: rebooted)."
    assert check_against_lab("rebooted", hosts, lab) == []


def test_what_is_left_out_stays_as_it_is() -> None:
    lab = Lab("lab", True, (Seen("a", ADDRESS, True, "systemd", "/srv/trixie"),))
    hosts = [{"name": "a"}, {"name": "b"}, {"name": "c", "init": "systemd", "root": "/srv/trixie/"}]
    described = [(host.name, host.init, host.root) for host in to_hosts({"hosts": hosts}, lab) or ()]
    assert described == [("a", "systemd", "/srv/trixie"), ("b", "reaper", "/"), ("c", "systemd", "/srv/trixie")]
    of_all = to_hosts({"hosts": hosts[:2], "init": "systemd", "root": "/srv/sid"}, Lab("lab")) or ()
    assert {(host.init, host.root) for host in of_all} == {("systemd", "/srv/sid")}
    assert to_hosts({"hosts": None}, lab) is None


def test_a_running_host_changes_its_first_process_by_a_reboot_only() -> None:
    lab, hosts = Lab("lab", True, (Seen("a", ADDRESS, True),)), [Host("a", ADDRESS, "systemd")]
    [problem] = check_against_lab("present", hosts, lab)
    assert problem.message == "a runs reaper and not systemd as its first process: reboot it to change that (cnm_lab_state: rebooted)."
    assert check_against_lab("rebooted", hosts, lab) == []


@pytest.mark.parametrize("running", [True, False])
def test_a_disk_stays_on_its_root(running: bool) -> None:
    lab = Lab("lab", True, (Seen("a", ADDRESS, running, root="/srv/trixie"),))
    [problem] = check_against_lab("rebooted", [Host("a", ADDRESS)], lab)
    assert problem.message == "the disk of a lies over /srv/trixie and not /: remove the host to change that (cnm_lab_state: absent)."


def test_a_root_must_be_one_that_a_host_can_start_on(tmp_path: Path) -> None:
    empty, small, whole = (tmp_path / name for name in ("empty", "small", "whole"))
    for program in (small / "usr/bin/sleep", whole / "usr/bin/sleep", whole / "usr/lib/systemd/systemd"):
        program.parent.mkdir(parents=True, exist_ok=True)
        program.touch()
    roots = ["relative", "/with space", "/a:b", str(empty), str(small), str(whole)]
    problems = check_roots([Host(f"host{index}", ADDRESS, "systemd", root) for index, root in enumerate(roots)])
    assert [problem.path for problem in problems] == [*(f"hosts[{index}].root" for index in range(4)), "hosts[4].init"]
    assert problems[3].message.startswith(f"host3 cannot lie over {empty}: there is no root file system in it.")
    assert problems[4].message.endswith(f"install the package systemd into {small}, or set cnm_lab_init to reaper.")
    assert check_roots([Host("a", ADDRESS, "reaper", str(small))]) == []
