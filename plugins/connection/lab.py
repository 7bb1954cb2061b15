# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Enters a lab host."""

from __future__ import annotations

DOCUMENTATION = r"""
name: lab
short_description: Run tasks in a simulated host inside this machine
version_added: 0.1.0
description:
  - Runs tasks, as root, in a lab host that M(mooring.cnm.lab) has made. The controller must be that machine, and run as root.
  - A host that is not up is unreachable.
author:
  - mooring.cnm contributors (@mooring)
options:
  host:
    description: Name of the lab host.
    type: str
    default: inventory_hostname
    vars:
      - name: inventory_hostname
  delegate_to:
    description: The host that the task is delegated to, whose lab host is meant in place of O(host).
    type: str
    keyword:
      - name: delegate_to
  lab:
    description: Name of the lab.
    type: str
    default: lab
    vars:
      - name: cnm_lab_name
seealso:
  - module: mooring.cnm.lab
"""

import os
import subprocess
from typing import IO, Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError, AnsibleFileNotFound
from ansible.plugins.connection import ConnectionBase, ensure_connect

from ..module_utils.lab.record import ENVIRONMENT, enter_command, read_record


class Connection(ConnectionBase):
    transport = "mooring.cnm.lab"
    has_pipelining = True

    _pid = 0

    @property
    def _host(self) -> str:
        """The lab host's name. Of a delegated task Ansible gives the variables of the other host, but for inventory_hostname."""
        return str(self.get_option("delegate_to") or self.get_option("host"))

    def _connect(self) -> Connection:
        host, lab = self._host, self.get_option("lab")
        if os.geteuid() != 0:
            raise AnsibleConnectionFailure(f"Root alone may enter the lab host {host}: run ansible as root.")
        record = read_record(lab, host)
        if record is None or not record.is_running:
            state = "has ended" if record else "is not up"
            raise AnsibleConnectionFailure(f"The host {host} of the lab '{lab}' {state}. Start it with: ansible-playbook -i INVENTORY mooring.cnm.lab")
        self._pid = record.pid
        self._connected = True
        return self

    @ensure_connect
    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        done = self._run(["/bin/sh", "-c", cmd], input=in_data or b"", stdout=subprocess.PIPE)
        return done.returncode, done.stdout, done.stderr

    @ensure_connect
    def put_file(self, in_path: str, out_path: str) -> None:
        super().put_file(in_path, out_path)
        if not os.path.exists(in_path):
            raise AnsibleFileNotFound(f"There is no file {in_path} to copy to {self._host}.")
        with open(in_path, "rb") as source:
            # Written from inside: an absolute symbolic link of the host must not lead to a file of this machine.
            self._copy(["/bin/sh", "-c", 'exec cat > "$1"', "sh", out_path], stdin=source, stdout=subprocess.PIPE)

    @ensure_connect
    def fetch_file(self, in_path: str, out_path: str) -> None:
        super().fetch_file(in_path, out_path)
        with open(out_path, "wb") as target:
            self._copy(["cat", "--", in_path], stdin=subprocess.DEVNULL, stdout=target)

    def _copy(self, command: list[str], stdin: IO[bytes] | int, stdout: IO[bytes] | int) -> None:
        done = self._run(command, stdin=stdin, stdout=stdout)
        if done.returncode != 0:
            raise AnsibleError(f"The copy to or from {self._host} failed: {done.stderr.decode(errors='replace').strip()}")

    def _run(self, command: list[str], **streams: Any) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([*enter_command(self._pid), *command], env=ENVIRONMENT, stderr=subprocess.PIPE, check=False, **streams)

    def close(self) -> None:
        self._connected = False

    def reset(self) -> None:
        self.close()
