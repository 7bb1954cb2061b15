# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Testinfra in lab hosts without an Ansible process for each command: ``lab_host("node1").file("/etc/hosts").content``."""

from __future__ import annotations

import subprocess
from typing import Any

from ansible_collections.mooring.cnm.plugins.module_utils.lab.record import ENVIRONMENT, enter_command, read_record
from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host


class LabBackend(BaseBackend):
    NAME = "lab"

    def __init__(self, name: str, lab: str) -> None:
        super().__init__(name)
        self.name, self.lab = name, lab

    def run(self, command: str, *args: str, **kwargs: Any) -> CommandResult:
        record = read_record(self.lab, self.name)
        if record is None or not record.is_running:
            raise RuntimeError(f"The host {self.name} of the lab '{self.lab}' is not up.")
        words = [*enter_command(record.pid), "/bin/sh", "-c", self.get_command(command, *args)]
        done = subprocess.run(words, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        return self.result(done.returncode, words[-1].encode(), done.stdout, done.stderr)


def lab_host(name: str, lab: str = "lab") -> Host:
    """The lab host as a testinfra host. It stays good when the host is rebooted."""
    return Host(LabBackend(name, lab))
