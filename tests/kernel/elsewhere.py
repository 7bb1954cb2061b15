# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several throw-away hosts on one wire: each has a network namespace, /run and /etc of its own, and is brought to its options by a process in it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible_collections.mooring.cnm.plugins.module_utils.converge import converge, predict
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.describe import describe
from ansible_collections.mooring.cnm.plugins.module_utils.drivers.desired import host_state
from ansible_collections.mooring.cnm.plugins.module_utils.firewall.judge import judge
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.ground import read_sight
from ansible_collections.mooring.cnm.plugins.module_utils.model.checks import check_declaration, check_resolved
from ansible_collections.mooring.cnm.plugins.module_utils.model.peers import parse_topology, topology_options

_OWN = "mount -t tmpfs run /run && mkdir -p /run/lock /run/etc /run/work && mount -t overlay -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/work etc /etc"


class FarHost:
    """A host that a process holds. ``address``: on the wire."""

    def __init__(self, name: str, number: int) -> None:
        self.name, self.address, self.address6 = name, f"198.18.0.{number}", f"fd00:198:18::{number}"
        script = f"mount --make-rprivate / && {_OWN} && ip link set lo up && echo ready && exec cat"
        self._process = subprocess.Popen(["unshare", "--net", "--mount", "sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout and self._process.stdout.readline() == b"ready\n"
        self.namespace = f"/proc/{self._process.pid}/ns/net"
        self.pid = self._process.pid

    def sh(self, command: str, check: bool = True) -> str:
        """Run a shell command in the host; its standard output."""
        done = subprocess.run(["nsenter", "-t", str(self.pid), "-n", "-m", "sh", "-c", command], capture_output=True, text=True, check=False)
        assert done.returncode == 0 or not check, f"{command}: {done.stderr}{done.stdout}"
        return done.stdout

    def succeeds(self, command: str) -> bool:
        return subprocess.run(["nsenter", "-t", str(self.pid), "-n", "-m", "sh", "-c", command], capture_output=True, check=False).returncode == 0

    def topology(self, options: dict[str, Any], check: bool = False) -> dict[str, Any]:
        """Bring the host to these options of module topology: ``ops``, and ``after`` in the same words."""
        command = ["nsenter", "-t", str(self.pid), "-n", "-m", sys.executable, __file__, "check" if check else "run"]
        done = subprocess.run(command, input=json.dumps(options), capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def end(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


@contextlib.contextmanager
def hosts_on_a_wire(*names: str) -> Iterator[dict[str, FarHost]]:
    """Hosts with eth0 on a bridge in the namespace of the caller, which must be a throw-away host. The bridge and its ports say nothing themselves."""
    subprocess.run(["sh", "-c", "ip link add wire type bridge && ip link set wire addrgenmode none && ip link set wire up"], check=True)
    with contextlib.ExitStack() as stack:
        found = {}
        for number, name in enumerate(names, start=11):
            one = found[name] = FarHost(name, number)
            stack.callback(one.end)
            script = f"ip link add port{number} type veth peer name eth0 netns {one.pid} && ip link set port{number} addrgenmode none"
            subprocess.run(["sh", "-c", f"{script} && ip link set port{number} master wire up"], check=True)
            one.sh(f"ip addr add {one.address}/16 dev eth0; ip addr add {one.address6}/64 dev eth0 nodad; ip link set eth0 up; ip route add default dev eth0")
        yield found


def main() -> None:
    declaration, problems = parse_topology(json.load(sys.stdin))
    problems = problems or [*check_declaration(declaration), *check_resolved(declaration)]
    assert not problems, problems
    state = host_state(declaration, "default", ground=judge(read_sight(), "auto", "default"))
    outcome = (predict if sys.argv[1] == "check" else converge)(state, "default")
    assert not outcome.clashes, outcome.clashes
    json.dump({"ops": outcome.ops, "after": topology_options(describe(outcome.after, "default"))}, sys.stdout)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    main()
