# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to a lab, and in which order."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.lab.plan import Host, Lab, Seen, describe_lab, plan_lab, predict_lab
from hypothesis import given
from hypothesis import strategies as st

A, B, C = (Host(name, IPv4Address(f"198.18.0.{number}")) for number, name in enumerate("abc", 1))


def seen(*hosts: Host, running: bool = True) -> tuple[Seen, ...]:
    return tuple(Seen(host.name, host.address, running) for host in hosts)


def steps(state: str, lab: Lab, hosts: list[Host] | None) -> list[str]:
    return [str(op) for op in plan_lab(state, lab, hosts)]


def test_the_first_hosts_come_after_their_switch() -> None:
    assert steps("present", Lab("lab"), [A, B]) == [
        "create switch lab",
        "start host a at 198.18.0.1 and fd00:198:18::1",
        "start host b at 198.18.0.2 and fd00:198:18::2",
    ]


def test_running_hosts_are_left_alone() -> None:
    assert steps("present", Lab("lab", True, seen(A, B)), [A, B, C]) == ["start host c at 198.18.0.3 and fd00:198:18::3"]


def test_a_host_that_ended_is_started() -> None:
    assert steps("present", Lab("lab", True, seen(A, running=False)), [A]) == ["start host a at 198.18.0.1 and fd00:198:18::1"]


def test_hosts_that_lost_their_switch_are_started_anew() -> None:
    assert steps("present", Lab("lab", False, seen(A)), [A]) == ["stop host a", "create switch lab", "start host a at 198.18.0.1 and fd00:198:18::1"]


def test_what_is_not_the_rule_is_told() -> None:
    hosts = [Host("d", A.address, "systemd"), Host("e", B.address, "systemd", "/srv/trixie")]
    assert steps("present", Lab("lab", True), hosts) == [
        "start host d at 198.18.0.1 and fd00:198:18::1 with systemd",
        "start host e at 198.18.0.2 and fd00:198:18::2 with systemd on /srv/trixie",
    ]


def test_a_reboot_touches_only_those_that_are_named() -> None:
    assert steps("rebooted", Lab("lab", True, seen(A, B)), [B]) == ["stop host b", "start host b at 198.18.0.2 and fd00:198:18::2"]


def test_the_switch_goes_with_the_last_host() -> None:
    lab = Lab("lab", True, (*seen(A), *seen(B, running=False)))
    assert steps("absent", lab, [A]) == ["stop host a", "remove host a"]
    assert steps("absent", lab, None) == ["stop host a", "remove host a", "remove host b", "remove switch lab"]


def test_nothing_is_removed_from_nothing() -> None:
    assert steps("absent", Lab("lab"), None) == steps("absent", Lab("lab"), [A]) == []


def test_the_picture_has_the_running_hosts_of_those_named() -> None:
    lab = Lab("lab", True, (*seen(B, A), *seen(C, running=False)))
    assert describe_lab(lab, None) == {
        "hosts": [
            {"address": "198.18.0.1", "init": "reaper", "name": "a", "root": "/"},
            {"address": "198.18.0.2", "init": "reaper", "name": "b", "root": "/"},
        ],
        "name": "lab",
        "state": "present",
    }
    assert describe_lab(lab, [C])["state"] == "absent"


labs = st.builds(
    lambda switch, hosts: Lab("lab", switch, tuple(Seen(host.name, host.address, running) for host, running in hosts.items())),
    st.booleans(),
    st.dictionaries(st.sampled_from([A, B, C]), st.booleans()),
)
some = st.lists(st.sampled_from([A, B, C]), unique=True)


@pytest.mark.parametrize("state", ["present", "absent"])
@given(lab=labs, hosts=some)
def test_a_second_time_there_is_nothing_to_do(state: str, lab: Lab, hosts: list[Host]) -> None:
    after = predict_lab(lab, plan_lab(state, lab, hosts))
    assert plan_lab(state, after, hosts) == ()


@given(lab=labs, hosts=some, state=st.sampled_from(["present", "absent", "rebooted"]))
def test_the_picture_after_fed_back_changes_nothing(lab: Lab, hosts: list[Host], state: str) -> None:
    after = predict_lab(lab, plan_lab(state, lab, hosts))
    picture = describe_lab(after, hosts)
    again = [Host(**{**host, "address": IPv4Address(host["address"])}) for host in picture["hosts"]]
    assert plan_lab(picture["state"], after, again) == ()


@given(lab=labs)
def test_a_lab_that_is_absent_has_nothing(lab: Lab) -> None:
    assert predict_lab(lab, plan_lab("absent", lab, None)) == Lab("lab")
