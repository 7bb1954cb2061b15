# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet as its user has it: an inventory in a folder, ansible-playbook, and two hosts of a lab of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mooring.cnm.plugins.module_utils.lab.converge import converge_lab
from ansible_collections.mooring.cnm.tests.testinfra_lab import lab_host
from testinfra.host import Host

HOSTS = ("node1", "node2")
# Which links, addresses, routes, namespaces, files and rules there are on a host, without what the kernel finds out by itself a little later.
TRACES = (
    "{ ip -oneline link; ip -oneline address; ip route; } | sed -E 's/,LOWER_UP|NO-CARRIER,| state [A-Z]+| tentative| linkdown//g';"
    " find /run/netns /etc/netns -mindepth 1 2>/dev/null;"
    " for table in mangle filter nat; do iptables --table $table --list-rules; done"
)
NETWORKS = {"front": {"ipam": {"config": [{"subnet": "172.20.0.0/24", "gateway": "172.20.0.1"}]}}, "back": {"internal": True}}
SANDBOXES = {
    "web": {"networks": {"front": {"ipv4_address": "172.20.0.10", "aliases": ["www"]}, "back": {}}, "ports": ["8080:80"]},
    "db": {"networks": ["back"]},
}


class Run:
    """What a run of Ansible said, and its exit status."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.status, self.text = done.returncode, done.stdout + done.stderr

    @property
    def changed(self) -> dict[str, int]:
        """How many tasks changed something, by host."""
        return {host: int(count) for host, count in re.findall(r"^(\S+) +: ok=.* changed=(\d+) ", self.text, re.MULTILINE)}

    def said_in(self, task: str) -> str:
        """What was printed for the task whose name ends so, without the hosts where nothing was to be done: they come in any order."""
        found = re.search(rf"^TASK \[(?:.* : )?{task}\] \**\n(.*?)(?=^TASK |^PLAY )", self.text, re.MULTILINE | re.DOTALL)
        assert found, self.text
        return re.sub(r"^ok: .*\n", "", found[1], flags=re.MULTILINE)


class Fleet:
    """Some lab hosts, and an inventory that declares the same for all until it is told otherwise."""

    def __init__(self, folder: Path, lab: str, size: int = len(HOSTS)) -> None:
        self.folder, self.lab = folder, lab
        self.size(size)
        self.ledger = folder / ".cnm-ledger.yml"
        self.declare()

    def size(self, hosts: int) -> None:
        """Let the inventory have as many hosts."""
        (self.folder / "lab.yml").write_text(f"plugin: mooring.cnm.lab\nsize: {hosts}\n")

    def power(self, state: str, *hosts: str, init: str = "reaper") -> None:
        """Bring these hosts to a state of playbook lab; without hosts, the whole lab."""
        chosen = [{"name": name, "address": f"198.18.0.{name.removeprefix('node')}"} for name in hosts] or None
        converge_lab({"name": self.lab, "state": state, "init": init, "hosts": chosen}, False)

    def declare(self, where: str = "group_vars/all", **variables: Any) -> None:
        """Write a file of variables. For all hosts those of this module are the default, without the proof, which has tests of its own."""
        common = {"cnm_lab_name": self.lab, "cnm_networks": NETWORKS, "cnm_sandboxes": SANDBOXES, "cnm_verify": "none"}
        path = self.folder / f"{where}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({**(common if where == "group_vars/all" else {}), **variables}))

    def play(self, playbook: str, *words: str, inventory: str = "") -> Run:
        """Run a playbook, on this inventory unless another is given."""
        program = Path(sys.executable).parent / "ansible-playbook"
        line = [program, "-i", inventory or self.folder, playbook, *words]
        environment = {**os.environ, "NO_COLOR": "1", "ANSIBLE_NOCOLOR": "1"}
        return Run(subprocess.run(line, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False))

    def given(self, host: str) -> str:
        """What the ledger has for a host's own networks."""
        ledger = yaml.safe_load(self.ledger.read_text())
        kept = {kind: {key: value for key, value in ledger[kind].items() if key.startswith(f"{host}/")} for kind in ("networks", "endpoints")}
        return json.dumps(kept, sort_keys=True)

    def host(self, name: str) -> Host:
        return lab_host(name, self.lab)

    def traces(self, *hosts: str) -> dict[str, str]:
        """What stands on each host."""
        return {name: self.host(name).check_output(TRACES) for name in hosts or HOSTS}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Fleet]:
    """A fleet on fresh hosts, which the tests of a file share; nothing is converged yet."""
    one = Fleet(tmp_path_factory.mktemp("inventory"), f"site-{os.getpid()}-{request.node.path.stem}")
    try:
        one.power("present", *HOSTS)
        yield one
    finally:
        one.power("absent")
