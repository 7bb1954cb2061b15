# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers of other releases of Docker on networks of ours: the tests of tests/docker, in their order."""

from __future__ import annotations

import pytest
from ansible_collections.mooring.cnm.tests.docker import test_docker_network as on_networks
from ansible_collections.mooring.cnm.tests.docker.engine import Pair

from .conftest import Engine


@pytest.fixture(scope="module")
def fleet(engine: Engine, pair: Pair) -> Pair:
    """This engine on both hosts."""
    on_networks.declare(pair)
    pair.node2.have_engine(engine.folder())
    for host in (pair.node1, pair.node2):
        # Its nftables backend wants a host that forwards already.
        host.sh("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1" if engine.options else "true")
        host.start_engine(engine.options)
    return pair


before = on_networks.before
test_what_is_somebody_elses_stands_in_the_way = on_networks.test_what_is_somebody_elses_stands_in_the_way
test_containers_and_sandboxes_of_both_hosts_reach_each_other = on_networks.test_containers_and_sandboxes_of_both_hosts_reach_each_other
test_a_bridge_network_is_for_sandboxes_and_containers = on_networks.test_a_bridge_network_is_for_sandboxes_and_containers
test_full_size_segments_pass = on_networks.test_full_size_segments_pass
test_a_second_run_changes_nothing = on_networks.test_a_second_run_changes_nothing
test_removal_is_refused_while_containers_are_attached = on_networks.test_removal_is_refused_while_containers_are_attached
test_a_bridge_that_docker_made_first_is_taken_up = on_networks.test_a_bridge_that_docker_made_first_is_taken_up
test_after_a_boot_the_unit_comes_before_docker = on_networks.test_after_a_boot_the_unit_comes_before_docker
test_without_us_docker_has_what_it_had = on_networks.test_without_us_docker_has_what_it_had
