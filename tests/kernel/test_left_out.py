# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module topology alone: a dictionary that is left out is left alone, an empty one means none."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mooring.cnm.tests.kernel.nouns import Tasks

NETWORKS: dict[str, Any] = {
    "front": {"ipam": {"config": [{"subnet": "172.20.0.0/24"}]}},
    "backbone": {"driver": "overlay", "vni": 300, "internal": True, "ipam": {"config": [{"subnet": "10.0.9.0/24"}]}},
}
WEB = {"networks": {"front": {"ipv4_address": "172.20.0.2"}, "backbone": {"ipv4_address": "10.0.9.2"}}}
PEERS = {"backbone": {"node2": {"underlay_address": "198.18.0.2", "sandboxes": {"db": {"ipv4_address": "10.0.9.3"}}}}}


@pytest.fixture
def tasks(host, capsys: pytest.CaptureFixture[str]) -> Tasks:
    host.sh("ip link add eth0 type veth peer name wire && ip address add 198.18.0.1/24 dev eth0 && ip link set eth0 up && ip link set wire up")
    host.sh("ip route add default dev eth0")
    return Tasks(host, capsys)


def test_left_out_is_left_alone(tasks: Tasks) -> None:
    assert tasks.done("topology", networks=NETWORKS, sandboxes={"web": WEB}, peers=PEERS)
    for given in ({}, {"networks": NETWORKS}, {"sandboxes": {"web": WEB}}, {"peers": PEERS}, {"networks": NETWORKS, "sandboxes": {"web": WEB}}):
        assert tasks.done("topology", **given) == [], given
    narrow = {**NETWORKS, "front": {**NETWORKS["front"], "mtu": 1400}}
    assert all(" mtu " in op for op in tasks.done("topology", networks=narrow))
    assert any("create namespace db" in op for op in tasks.done("topology", sandboxes={"web": WEB, "db": {"network_mode": "none"}}))


def test_an_empty_dictionary_means_none(tasks: Tasks) -> None:
    tasks.done("topology", networks=NETWORKS, sandboxes={"web": WEB}, peers=PEERS)
    assert "remove neighbour 10.0.9.3 at 02:42:0a:00:09:03 on vxlan0 in cnm+default+backbone" in tasks.done("topology", peers={})
    (problem, *_others) = tasks.refused("topology", networks={})
    assert problem.startswith("cnm_sandboxes.web.networks.backbone: there is no network 'backbone'")
    assert "remove namespace web" in tasks.done("topology", sandboxes={})
    assert any(op.startswith("remove bridge") for op in tasks.done("topology", networks={}))
