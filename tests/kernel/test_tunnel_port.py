# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The UDP port of tunnels is the kernel's, for all of them. Where a process holds it, that is said before anything changes."""

from __future__ import annotations

import socket

import pytest

from .nouns import Tasks

SANDBOXES = {"web": {"networks": {"backbone": {"ipv4_address": "10.0.9.2"}}}}


def overlay(vni: int, **more: object) -> dict[str, object]:
    return {"driver": "overlay", "vni": vni, "internal": True, "ipam": {"config": [{"subnet": "10.0.9.0/24"}]}, **more}


@pytest.fixture
def tasks(host, capsys: pytest.CaptureFixture[str]) -> Tasks:
    host.sh("ip link add eth0 type veth peer name wire && ip address add 198.18.0.1/24 dev eth0 && ip link set eth0 up && ip link set wire up")
    host.sh("ip -6 address add fd18::1/64 dev eth0 nodad && ip route add default dev eth0")
    return Tasks(host, capsys)


@pytest.mark.parametrize(
    ("held", "underlay"), [("0.0.0.0", "198.18.0.1"), ("127.0.0.1", "198.18.0.1"), ("::", "198.18.0.1"), ("::", "fd18::1"), ("fd18::1", "fd18::1")]
)
def test_a_process_that_holds_it_is_named_before_anything_changes(tasks: Tasks, held: str, underlay: str) -> None:
    given = {"networks": {"backbone": overlay(300)}, "sandboxes": SANDBOXES, "underlay_address": underlay}
    with socket.socket(socket.AF_INET6 if ":" in held else socket.AF_INET, socket.SOCK_DGRAM) as process:
        process.bind((held, 4789))
        (problem,) = tasks.refused("topology", **given)
        assert problem.startswith("cnm_vxlan_port: ") and f" listens on udp port 4789 of {held}, and overlays need it: stop it" in problem
        assert tasks.host.sh("ip netns list") == ""
        assert tasks.done("topology", **given, vxlan_port=4790)
        assert tasks.refused("topology", **given) == [problem]  # on the way to the port that is held, too
    assert tasks.done("topology", **given)
    assert tasks.done("topology", **given) == []


def test_one_that_holds_it_for_the_other_family_alone_is_not_in_the_way(tasks: Tasks) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as process:
        process.bind(("0.0.0.0", 4789))
        assert tasks.done("topology", networks={"backbone": overlay(300)}, sandboxes=SANDBOXES, underlay_address="fd18::1")


def test_the_kernel_shares_it_among_tunnels(tasks: Tasks) -> None:
    tasks.host.sh("ip link add theirs type vxlan id 99 dstport 4789 && ip link set theirs up")
    assert tasks.done("topology", networks={"backbone": overlay(300)}, sandboxes=SANDBOXES)
    both = {"backbone": overlay(300), "second": overlay(301, ipam={"config": [{"subnet": "10.0.8.0/24"}]})}
    assert tasks.done("topology", networks=both, sandboxes={"web": {"networks": {**SANDBOXES["web"]["networks"], "second": {"ipv4_address": "10.0.8.2"}}}})
