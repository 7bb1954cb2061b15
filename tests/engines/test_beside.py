# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of ours and of other releases of Docker on one host: neither reaches into the other, over a restart of Docker, and we leave no trace."""

from __future__ import annotations

from ansible_collections.mooring.cnm.tests.docker.engine import Pair
from ansible_collections.mooring.cnm.tests.docker.test_beside import check_that_each_works_as_if_it_were_alone, outside, start_docker

from .conftest import Engine

__all__ = ["outside"]


def test_each_works_as_if_it_were_alone(engine: Engine, outside: Pair) -> None:
    # Its nftables backend wants a host that forwards already.
    outside.node1.sh("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1" if engine.options else "true")
    start_docker(outside.node1, engine.options)
    assert outside.node1.sh("docker version --format '{{.Server.Version}}'").startswith(engine.release)
    check_that_each_works_as_if_it_were_alone(outside)
