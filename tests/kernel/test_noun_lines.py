# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a task of a kernel module compiles: Ansible sends sources, and each task compiles what it comes to import."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from ansible_collections.mooring.cnm.tests.unit.test_architecture import lines_of_code

# One run of a module in a process of its own. It tells the files that it was made of.
PROGRAM = """
import importlib, json, sys
from ansible.module_utils.testing import patch_module_args
with patch_module_args(json.loads(sys.argv[2])):
    try:
        importlib.import_module("ansible_collections.mooring.cnm.plugins.modules." + sys.argv[1]).main()
    except SystemExit:
        pass
print(json.dumps([one.__file__ for name, one in sys.modules.items() if ".mooring.cnm.plugins." in name and one.__file__]), file=sys.stderr)
"""
TASKS = (
    ("netns", {"name": "web"}),
    ("bridge", {"name": "br0", "addresses": ["192.0.2.1/24"], "routes": [{"destination": "198.51.100.0/24", "gateway": "192.0.2.2"}]}),
    ("veth", {"name": "port0", "master": "br0", "peer": {"name": "eth0", "netns": "web", "addresses": ["192.0.2.11/24"]}}),
    ("macvlan", {"name": "m0", "netns": "web", "parent": "br0", "mode": "bridge"}),
    ("vxlan", {"name": "vx0", "netns": "web", "id": 7, "port": 4789}),
    ("vxlan_peers", {"name": "vx0", "netns": "web", "flood": ["198.18.9.2"]}),
)
MOST = {True: 2500, False: 1500}  # whether something changed


def test_a_task_compiles_little_and_least_where_nothing_changes(host) -> None:
    counts = {}
    for changes in (True, False):
        for module, options in TASKS:
            result, lines = once(module, options)
            assert result["changed"] is changes, (module, result)
            counts[module, changes] = lines
    assert {key: lines for key, lines in counts.items() if lines > MOST[key[1]]} == {}, counts


def once(module: str, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
    done = subprocess.run([sys.executable, "-c", PROGRAM, module, json.dumps(options)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout), sum(lines_of_code(Path(file)) for file in json.loads(done.stderr.splitlines()[-1]))
