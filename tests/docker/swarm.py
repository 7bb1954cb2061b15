# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Swarm of the engines of some lab hosts, and overlays of it."""

from __future__ import annotations

from .engine import EngineHost


def start_swarm(manager: EngineHost, *workers: EngineHost) -> None:
    """Start the engine of each host, put in place where there is none yet, and join them to one Swarm."""
    for host in (manager, *workers):
        if host.try_sh("test -e /run/systemd/system/docker.service").returncode != 0:
            host.have_engine()
        host.start_engine()
    manager.sh(f"docker swarm init --advertise-addr {manager.address}")
    token = manager.sh("docker swarm join-token --quiet worker").strip()
    for host in workers:
        host.sh(f"docker swarm join --advertise-addr {host.address} --token {token} {manager.address}:2377")


def make_overlay(manager: EngineHost, name: str, subnet: str) -> None:
    """A network of driver overlay that plain ``docker run --network`` can use, on every host of the Swarm.

    Swarm itself takes one address of the subnet for each host: give containers theirs from further behind (``--ip``).
    """
    manager.sh(f"docker network create --driver overlay --attachable --subnet {subnet} {name}")


def overlay_namespace(host: EngineHost, name: str) -> str:
    """The path of the namespace that Docker made for an overlay. There is one while a container of the host is in it."""
    return f"/run/docker/netns/1-{host.sh(f'docker network inspect --format {{{{.Id}}}} {name}').strip()[:10]}"


def end_swarm(*hosts: EngineHost) -> None:
    """Leave the Swarm, workers first, and end the engines with all that they have."""
    for host in reversed(hosts):
        host.sh("docker ps --all --quiet | xargs --no-run-if-empty docker rm --force; docker swarm leave --force")
        host.without_engine()
