# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection in a lab host, whose own Python runs its modules: without a controller, which would take longer to start than all of that."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import ansible
from ansible_collections.mooring.cnm.plugins.module_utils.lab.record import ENVIRONMENT, enter_command

from .binding import bind

AT = "/opt/collections"
PYTHON = {"PYTHONPATH": AT, "PYTHONDONTWRITEBYTECODE": "1"}
RUN = """\
import importlib, json, sys
from ansible.module_utils.testing import patch_module_args
with patch_module_args(json.load(sys.stdin)):
    importlib.import_module(f"ansible_collections.mooring.cnm.plugins.modules.{sys.argv[1]}").main()
"""


def have_collection(pid: int) -> None:
    """Let a host have the collection, and what its modules need of Ansible, below AT. pid: its first process."""
    if not Path(f"/proc/{pid}/root{AT}/ansible/__init__.py").exists():
        bind(pid, Path(__file__).resolve().parents[2], f"{AT}/ansible_collections/mooring/cnm")
        bind(pid, Path(ansible.__file__).parent, f"{AT}/ansible")


def run_module(pid: int, name: str, check: bool, options: dict[str, Any]) -> dict[str, Any]:
    """The result of a module on a host."""
    have_collection(pid)
    words = [*enter_command(pid), "/usr/bin/python3", "-c", RUN, name]
    given = json.dumps({**options, "_ansible_check_mode": check})
    done = subprocess.run(words, env={**ENVIRONMENT, **PYTHON}, input=given, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result
