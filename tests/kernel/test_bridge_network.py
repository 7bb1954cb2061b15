# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host, from nothing to a topology and back: predicted, done, left alone, described, removed."""

from __future__ import annotations

import json

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.describe import describe
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.inspect import inspect_networks
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.observe import observe
from ansible_collections.mooring.cnm.plugins.module_utils.model.options import declaration_options
from ansible_collections.mooring.cnm.plugins.module_utils.model.parse import parse_declaration
from ansible_collections.mooring.cnm.plugins.module_utils.state.objects import HostState
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same, dump
from ansible_collections.mooring.cnm.tests.kernel.topologies import AGENT, BACK, BATCH, CACHE, DB, FRONT, NOTHING, WEB, clear, declare, run

DECLARED = declare(FRONT, BACK, WEB, DB, CACHE, BATCH, AGENT)


@pytest.mark.parametrize("iptables", ["nft", "legacy"])
def test_from_nothing_to_a_topology_and_back(host, iptables: str) -> None:
    host.use_iptables(iptables)
    empty = dump(host)
    predicted = run(DECLARED, check=True)
    check_same(empty, lambda: dump(host))
    done = run(DECLARED)
    assert done.ops == predicted.ops
    assert host.succeeds("ip netns exec web ping -c1 -W1 172.20.0.3")
    full = dump(host)
    assert full != empty
    assert run(DECLARED).ops == run(DECLARED, check=True).ops == ()
    check_same(full, lambda: dump(host))
    predicted = run(NOTHING, check=True)
    check_same(full, lambda: dump(host))
    assert clear().ops == predicted.ops
    check_same(empty, lambda: dump(host))
    assert clear().ops == ()


def test_what_is_described_is_what_was_declared(host) -> None:
    done = run(DECLARED)
    described = describe(done.after, "default")
    options = json.loads(json.dumps(declaration_options(described)))
    again, problems = parse_declaration(options["networks"], options["sandboxes"])
    assert problems == []
    assert run(again).ops == ()
    assert set(described.sandboxes) == {"web", "db", "cache", "batch"}  # that of mode host leaves no trace


def test_check_mode_describes_the_state_that_the_run_reaches(host) -> None:
    predicted = describe(run(DECLARED, check=True).after, "default")
    assert declaration_options(describe(run(DECLARED).after, "default")) == declaration_options(predicted)


def test_info_shows_the_networks_as_docker_does(host) -> None:
    run(DECLARED)
    networks = {one["Name"]: one for one in inspect_networks(describe(observe(HostState(), "default"), "default"), "default")}
    assert networks["back"]["Internal"] is True
    assert networks["back"]["Options"]["com.docker.network.driver.mtu"] == "1400"
    assert networks["front"]["IPAM"]["Config"] == [{"Subnet": "172.20.0.0/24", "Gateway": "172.20.0.1"}]
    assert networks["front"]["Containers"]["db"]["IPv4Address"] == "172.20.0.3/24"
