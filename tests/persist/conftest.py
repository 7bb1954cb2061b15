# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two lab hosts with systemd, an inventory, and a playbook with the roles topology and persist."""

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
from ansible_collections.mooring.cnm.plugins.module_utils.lab.converge import converge_lab
from ansible_collections.mooring.cnm.tests.testinfra_lab import lab_host
from testinfra.host import Host

PLAYBOOK = """\
- hosts: all
  gather_facts: false
  roles:
    - mooring.cnm.topology
    - mooring.cnm.persist
"""
FRONT = [{"subnet": "172.20.0.0/24", "gateway": "172.20.0.1"}]
# One of two families; the others of each driver that this kernel has. Both hosts are on over and lan, with sandboxes of the same names.
NETWORKS = {
    "front": {"ipam": {"config": FRONT}},
    "back": {"internal": True},
    "shut": {"icc": False},
    "dual": {"enable_ipv6": True, "ipam": {"config": [{"subnet": "172.21.0.0/24"}, {"subnet": "fd00:21::/64"}]}},
    "over": {"driver": "overlay", "enable_ipv6": True, "ipam": {"config": [{"subnet": "10.0.9.0/24"}, {"subnet": "fd00:9::/64"}]}},
    "lan": {"driver": "macvlan", "parent": "eth0", "internal": True, "host_shim": True, "ipam": {"config": [{"subnet": "192.0.2.0/24"}]}},
}
SANDBOXES = {
    "web": {
        "networks": {"front": {"ipv4_address": "172.20.0.10", "aliases": ["www"]}, "back": {}},
        "ports": ["8080:80"],
        "sysctls": {"net.core.somaxconn": 1024},
        "dns": ["192.0.2.53"],
    },
    "db": {"networks": ["back", "shut"], "extra_hosts": {"registry": "192.0.2.9"}},
    "app": {"networks": ["dual", "over", "lan"], "ports": ["8081:80"]},
    "cache": {"network_mode": "container:web"},
    "batch": {"network_mode": "none"},
}
UNIT = "mooring-cnm@default.service"
# What counts or runs by itself, and numbers that a kernel gives anew to each object.
PASSING = re.compile(r"(ifindex|fdb_n_learned|link_index|link.netnsid|.*_timer|valid_life_time|preferred_life_time|tentative|dynamic)")

GROUPS = ("33:33:", "01:00:5e:")


class Run:
    """What a run of Ansible said, and its exit status."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.status, self.text = done.returncode, done.stdout + done.stderr

    @property
    def changed(self) -> set[int]:
        """How many tasks changed something on a host."""
        return {int(count) for count in re.findall(r": ok=.* changed=(\d+) ", self.text)}

    def steps(self, host: str) -> list[str]:
        """What the module persist did, or would do, on a host."""
        said = self.text.rpartition("TASK [mooring.cnm.persist")[2]
        # Each host's diff is printed before its result.
        mine = re.split(r"^(?:changed|ok|fatal): \[.*\n", said[: said.index(f": [{host}]")], flags=re.MULTILINE)[-1]
        return [line for line in mine.splitlines() if re.match(r"(write|remove|enable|disable|start|stop) ", line)]


class Fleet:
    """Hosts node1 and node2, which have the same declaration."""

    def __init__(self, folder: Path, lab: str, root: str | None = None) -> None:
        self.folder, self.lab, self.root = folder, lab, root
        (folder / "lab.yml").write_text("plugin: mooring.cnm.lab\nsize: 2\n")
        (folder / "play.yml").write_text(PLAYBOOK)
        self.declare()

    def declare(self, **variables: Any) -> None:
        """Write the variables of all hosts; those of this module are the default."""
        (self.folder / "group_vars").mkdir(exist_ok=True)
        variables = {"cnm_lab_name": self.lab, "cnm_networks": NETWORKS, "cnm_sandboxes": SANDBOXES, **variables}
        (self.folder / "group_vars/all.json").write_text(json.dumps(variables))

    def power(self, state: str, *names: str) -> dict[str, Any]:
        hosts = [{"name": name, "address": f"198.18.0.{name[-1]}"} for name in names] or None
        return converge_lab({"name": self.lab, "state": state, "init": "systemd", "root": self.root, "hosts": hosts}, False)

    def play(self, *words: str, playbook: str = "") -> Run:
        return self.ansible("ansible-playbook", playbook or str(self.folder / "play.yml"), *words)

    def ansible(self, command: str, *words: str) -> Run:
        line = [str(Path(sys.executable).parent / command), "-i", str(self.folder / "lab.yml"), *words]
        environment = {**os.environ, "ANSIBLE_NOCOLOR": "1"}
        return Run(subprocess.run(line, cwd=self.folder, env=environment, capture_output=True, text=True, check=False))

    def host(self, name: str) -> Host:
        return lab_host(name, self.lab)


def dump(host: Host) -> set[str]:
    """What stands on a host: links with all attributes, addresses, routes, rules, neighbours and forwarding entries by namespace, firewall, files, sysctls."""
    found = set()
    for name in ("", *host.check_output("ls /run/netns 2>/dev/null || true").split()):
        inside = f"ip netns exec {name} " if name else ""
        # The kernel first asks whether an IPv6 address is free; its local route comes after that.
        host.check_output(f"timeout 10 {inside}sh -c 'while [ \"$(ip -6 -oneline address show tentative)\" ]; do sleep 0.05; done'")
        random = set(host.check_output(f"{inside}sh -c 'cd /sys/class/net; grep -lx 1 */addr_assign_type' | cut -d / -f 1").split())
        links = {one["ifname"]: one.get("address") for one in json.loads(host.check_output(f"{inside}ip -j link"))}
        for entry in json.loads(host.check_output(f"{inside}bridge -j fdb show") or "[]"):
            # The kernel learns some, and has some for each address of a link.
            if entry.get("state") == "permanent" and not entry["mac"].startswith(GROUPS) and entry["mac"] not in {links[one] for one in random}:
                found.add(f"in '{name}' forwarding {json.dumps(_lasting(entry, random))}")
        found |= {f"in '{name}' neighbour {json.dumps(one)}" for one in json.loads(host.check_output(f"{inside}ip -j neigh show nud permanent") or "[]")}
        for words in ("-d link", "address", "-N route show table all", "-6 -N route show table all", "rule"):
            things = json.loads(host.check_output(f"{inside}ip -j {words}") or "[]")
            found |= {f"in '{name}' {json.dumps(_lasting(one, random))}" for one in things}
        sysctls = host.check_output(f"{inside}sysctl -a 2>/dev/null || true").splitlines()
        found |= {f"in '{name}' {line}" for line in sysctls if re.search(r"ip_forward|somaxconn|arp_notify|route_localnet|rp_filter|disable_ipv6", line)}
    for tool in ("iptables", "ip6tables"):
        tables = host.check_output(f"for table in raw mangle nat filter; do {tool}-save -t $table; done").splitlines()
        # The order of the rules counts.
        rules = [re.sub(r"\[\d+:\d+\]", "", line) for line in tables if not line.startswith("#")]
        found |= {f"{tool} {number}: {line}" for number, line in enumerate(rules)}
    # That of the tables does not, nor that of the chains and sets in them.
    for table in host.check_output("nft --stateless list ruleset").split("\n}\n"):
        title, _newline, parts = table.partition("\n")
        for part in parts.split("\n\t}"):
            name, *lines = part.strip("\n").splitlines() or [""]
            found |= {f"{title} {name.strip()} {number}: {line}" for number, line in enumerate(["", *lines])}
    found |= set(host.check_output("grep -r '' /etc/netns 2>/dev/null || true").splitlines())
    same = "cd /run/netns 2>/dev/null && for one in *; do for other in *; do [ $one -ef $other ] && echo $one is $other; done; done; true"
    return found | set(host.check_output(same).splitlines())


def difference(before: set[str], after: set[str]) -> list[str]:
    """What is gone and what is new, in lines."""
    return [*(f"- {line}" for line in sorted(before - after)), *(f"+ {line}" for line in sorted(after - before))]


def _lasting(value: Any, random: set[str]) -> Any:
    """Without what passes. random: the links whose MAC address the kernel made up."""
    if isinstance(value, list):
        return [_lasting(one, random) for one in value]
    if not isinstance(value, dict):
        return value
    made_up = {"address", "bridge_id", "root_id"} if value.get("ifname") in random else set()
    return {key: _lasting(one, random) for key, one in value.items() if key not in made_up and not PASSING.fullmatch(key)}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """The fleet, converged and kept."""
    fleet = Fleet(tmp_path_factory.mktemp("fleet"), f"persist-{os.getpid()}")
    try:
        fleet.power("present", "node1", "node2")
        done = fleet.play()
        assert done.status == 0, done.text
        yield fleet
    finally:
        fleet.power("absent")


@pytest.fixture
def fleet(made: Fleet) -> Iterator[Fleet]:
    """The fleet, which a test finds as it is declared, and leaves so."""
    yield made
    made.declare()
    made.power("present", "node1", "node2")
    done = made.play()
    assert done.status == 0, done.text
