# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers of other releases of Docker on networks of ours: the tests of tests/docker, in their order."""

from __future__ import annotations

import pytest
from ansible_collections.mooring.cnm.tests.docker.engine import Pair
from ansible_collections.mooring.cnm.tests.docker.test_docker_network import (  # noqa: F401
    before,
    declare,
    test_a_bridge_network_is_for_sandboxes_and_containers,
    test_a_bridge_that_docker_made_first_is_taken_up,
    test_a_second_run_changes_nothing,
    test_after_a_boot_the_unit_comes_before_docker,
    test_containers_and_sandboxes_of_both_hosts_reach_each_other,
    test_full_size_segments_pass,
    test_removal_is_refused_while_containers_are_attached,
    test_what_is_somebody_elses_stands_in_the_way,
    test_without_us_docker_has_what_it_had,
)

from .conftest import Engine


@pytest.fixture(scope="module")
def fleet(engine: Engine, pair: Pair) -> Pair:
    """This engine on both hosts."""
    declare(pair)
    pair.node2.have_engine(engine.folder())
    for host in (pair.node1, pair.node2):
        # Its nftables backend wants a host that forwards already.
        host.sh("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1" if engine.options else "true")
        host.start_engine(engine.options)
    return pair
