# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Assertions on the hosts of a running lab: that of molecule, or the one that CNM_LAB_NAME names. Nothing is changed."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from ansible_collections.mooring.cnm.tests.testinfra_lab import lab_host
from testinfra.host import Host


@pytest.fixture(params=["node1", "node2", "node3"])
def host(request: pytest.FixtureRequest) -> Host:
    """Each host of the lab."""
    return lab_host(request.param, os.environ.get("CNM_LAB_NAME", "molecule"))


class Room:
    """A network namespace of a host as iproute2 shows it: a sandbox, or the host's own for an empty name."""

    def __init__(self, host: Host, sandbox: str = "") -> None:
        self.host, self.sandbox = host, sandbox

    def link(self, name: str) -> dict[str, Any]:
        """The link of this name or altname, with all details."""
        found: list[dict[str, Any]] = self._ip(f"-details link show dev {name}")
        return found[0]

    def links(self) -> set[str]:
        return {link["ifname"] for link in self._ip("link")}

    def addresses(self, link: str) -> list[str]:
        """IPv4 addresses with their prefix lengths."""
        (found,) = self._ip(f"-4 address show dev {link}")
        return [f"{one['local']}/{one['prefixlen']}" for one in found["addr_info"]]

    def routes(self) -> set[tuple[str, str, str]]:
        """(destination, gateway or nothing, link) of the main table."""
        return {(one["dst"], one.get("gateway", ""), one["dev"]) for one in self._ip("-4 route")}

    def run(self, command: str) -> str:
        """Standard output of a command that runs in this sandbox with its names."""
        inside = f"ip netns exec {self.sandbox} {command}" if self.sandbox else command
        return str(self.host.check_output(inside)).strip()

    def _ip(self, what: str) -> Any:
        where = f"-netns {self.sandbox}" if self.sandbox else ""
        return json.loads(self.host.check_output(f"ip {where} -json {what}") or "[]")
