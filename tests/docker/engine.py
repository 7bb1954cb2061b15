# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab host with a Docker engine of its own, that of ``ENGINE``, never the machine's."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from ansible_collections.mooring.cnm.plugins.module_utils.lab.converge import converge_lab
from ansible_collections.mooring.cnm.plugins.module_utils.lab.record import ENVIRONMENT, enter_command, read_record

from .binding import bind
from .engines import ENGINE
from .modules import run_module
from .packages import fetched, unpacked
from .refusals import with_room

AT = "/opt/engine"
UNIT = f"""\
[Unit]
After=network.target firewalld.service
StartLimitIntervalSec=0
[Service]
Type=notify
Environment=PATH={AT}/usr/bin:{AT}/usr/sbin:/usr/sbin:/usr/bin LD_LIBRARY_PATH={AT}/usr/lib/x86_64-linux-gnu
ExecStart=/usr/bin/env dockerd --storage-driver=vfs $OPTIONS
EnvironmentFile=-/etc/default/docker
KillMode=mixed
Delegate=yes
"""

PING = 0  # in the place of a port
ASK = """\
import json, socket, subprocess, sys
from concurrent.futures import ThreadPoolExecutor
def ask(target):
    if not target[1]:
        return "" if subprocess.run(["ping", "-c", "1", "-W", "1", target[0]], capture_output=True).returncode else "pong"
    try:
        # A first packet that is lost is sent again after a second.
        with socket.create_connection(target[:2], 1.5, (target[2] if len(target) > 2 else "", 0)) as connection:
            return connection.recv(99).decode().strip()
    except OSError:
        return ""
targets = json.loads(sys.argv[1])
with ThreadPoolExecutor(len(targets)) as pool:
    print(*pool.map(ask, targets), sep="\\n")
"""
IMAGE = """\
mkdir -p /tmp/image/bin && cp /opt/busybox/bin/busybox /tmp/image/bin/
for name in sh sleep ping nc wget ip cat; do ln -sf busybox /tmp/image/bin/$name; done
tar -C /tmp/image -c . | docker import - busybox
"""
# Of rules, links and settings what an engine leaves on a host.
AWAY = """\
rm -rf /var/lib/docker/network
for link in $(ls /sys/class/net | grep -E '^(docker|br-)'); do ip link del $link; done
for tool in iptables-nft iptables-legacy ip6tables-nft ip6tables-legacy; do
    for table in filter nat mangle raw; do $tool -w -t $table -F; $tool -w -t $table -X; done
    $tool -w -P FORWARD ACCEPT
done 2>/dev/null
for family in ip ip6; do nft delete table $family docker-bridges; done 2>/dev/null
sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
"""
# Of nftables, the tables of Docker and of ours; iptables tells of the others.
RULES = r"iptables-save; echo ipv6; ip6tables-save; nft -s list ruleset | sed -n '/^table .* \(docker\|cnm\)-.* {/,/^}/s/^/-- /p'"
BASE_CHAIN = "nft list chain ip cnm-default DOCKER-USER"


class EngineHost:
    """One lab host with systemd, which may have an engine."""

    def __init__(self, lab: str, name: str) -> None:
        self.lab, self.name = lab, name
        self._ports: dict[str, int] = {}

    @property
    def address(self) -> str:
        return f"198.18.0.{self.name[-1]}"

    @property
    def address6(self) -> str:
        return f"fd00:198:18::{self.name[-1]}"

    @property
    def pid(self) -> int:
        record = read_record(self.lab, self.name)
        assert record and record.is_running
        return record.pid

    def try_sh(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a shell command in the host."""
        words = [*enter_command(self.pid), "/bin/sh", "-c", command]
        path = f"{AT}/usr/bin:{ENVIRONMENT['PATH']}"
        return subprocess.run(words, env={**ENVIRONMENT, "PATH": path}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    def sh(self, command: str) -> str:
        """The output of a shell command, which must succeed."""
        done = self.try_sh(command)
        assert done.returncode == 0, f"{self.name}: {command}: {done.stdout}{done.stderr}"
        return done.stdout

    def write(self, path: str, text: str) -> None:
        words = [*enter_command(self.pid), "/bin/sh", "-c", 'mkdir -p "$(dirname "$0")" && cat > "$0"', path]
        subprocess.run(words, env=ENVIRONMENT, input=text.encode(), check=True)

    def have_engine(self) -> None:
        """Put the engine in place; nothing is started."""
        bind(self.pid, ENGINE.folder(), AT)
        self.have_busybox()
        self.write("/run/systemd/system/docker.service", UNIT)
        self.sh(f"ln -sf {AT}/usr/bin/docker /usr/local/bin/docker")
        self.sh("systemctl daemon-reload")

    def have_busybox(self) -> None:
        if self.try_sh("test -e /opt/busybox/bin/busybox").returncode != 0:
            bind(self.pid, unpacked("busybox-static"), "/opt/busybox")

    def install(self, *packages: str) -> None:
        """Install packages of the suite in the host where they are not yet, and start nothing of them."""
        if self.try_sh(f"dpkg --status {' '.join(packages)}").returncode == 0:
            return
        debs = fetched(*packages)
        bind(self.pid, debs[0].parent, "/opt/debs")
        names = " ".join(f"'{deb.name}'" for deb in debs)
        self.sh(f"cd /opt/debs && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive dpkg --force-unsafe-io --no-triggers --install {names}")
        self.sh("systemctl daemon-reload; systemctl reload dbus")

    def start_engine(self, options: str = "") -> None:
        """Start the engine, or start it anew, and have the one image, busybox."""
        self.write("/etc/default/docker", f"OPTIONS={ENGINE.options} {options}\n")
        if ENGINE.nftables:  # this backend wants a host that forwards already
            self.sh("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
        self.sh("systemctl restart docker || { journalctl --unit docker --no-pager | tail -20; false; }")
        found = self.sh("docker version --format '{{.Server.Version}}'")
        assert found.startswith(f"{ENGINE.version}."), f"this should be Docker {ENGINE.version}, and is {found}"
        if not self.sh("docker images --quiet busybox"):
            self.sh(IMAGE)

    def without_engine(self) -> None:
        """End the engine, and take away what it leaves: containers, networks, rules."""
        if self.try_sh("systemctl is-active docker").returncode == 0:
            self.sh("docker ps --all --quiet | xargs --no-run-if-empty docker rm --force; docker network prune --force")
            # Told to stop, it takes its time, with nothing left to do.
            self.sh("systemctl kill --signal=KILL docker; systemctl stop docker; systemctl reset-failed docker")
        self.sh(AWAY)

    def container(self, name: str, *words: str, port: int = 80) -> None:
        """Start a container that answers on a port of TCP with its name, and ends when it is told."""
        self._ports[name] = port
        self.sh(f"docker run --detach --name {name} --stop-signal KILL {' '.join(words)} busybox nc -ll -p {port} -e echo {name}")
        self.wait_for_listener(port, self.entering(name))

    def start(self, *names: str) -> None:
        """Start containers again, until they answer."""
        self.sh(f"docker start {' '.join(names)}")
        for name in names:
            self.wait_for_listener(self._ports[name], self.entering(name))

    def serve(self, name: str, port: int, inside: str = "") -> None:
        """Answer on a port of TCP with a name, until the unit serve-NAME-PORT is stopped. inside: as for ``asks``."""
        unit, busybox = f"serve-{name}-{port}", "/opt/busybox/bin/busybox"
        self.sh(f"systemctl stop {unit} 2>/dev/null; systemd-run --quiet --collect --unit {unit} {inside} {busybox} nc -ll -p {port} -e {busybox} echo {name}")
        self.wait_for_listener(port, inside)

    def wait_for_listener(self, port: int, inside: str = "") -> None:
        """Until something listens on a port of TCP."""
        seen = f"cat /proc/net/tcp /proc/net/tcp6 | grep -q ':{port:04X} .* 0A '"
        self.sh(f'timeout 20 {inside} sh -c "until {seen}; do sleep 0.05; done"')

    def asks(self, *targets: tuple[str, int] | tuple[str, int, str], inside: str = "") -> list[str]:
        """What answers at each address and port of TCP, or by PING, all asked at once; empty where nothing does.

        A third word is the address to ask from. inside: words before the command that enter a namespace.
        """
        words = [*enter_command(self.pid), *inside.split(), "python3", "-c", ASK, json.dumps(targets)]
        asked = functools.partial(subprocess.run, words, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        return with_room(asked).stdout.splitlines()

    def entering(self, container: str) -> str:
        """Words before a command that run it in the network namespace of a container, with the host's files."""
        return f"nsenter --net=/proc/{self.sh(f'docker inspect -f {{{{.State.Pid}}}} {container}').strip()}/ns/net"

    def use_iptables(self, form: str) -> None:
        """Let iptables be the form nft or legacy."""
        for tool in ("iptables", "ip6tables"):
            self.sh(f"update-alternatives --set {tool} /usr/sbin/{tool}-{form}")

    def rules(self) -> list[str]:
        """All rules of both families, without what counts and is counted."""
        text = self.sh(RULES)
        return [re.sub(r"\[\d+:\d+\]", "", line).strip() for line in text.splitlines() if line and not line.startswith("#")]

    def jump_places(self) -> list[str]:
        return [line.split()[-1] for line in self.sh("iptables -S FORWARD").splitlines() if line.startswith("-A FORWARD")]

    def policy(self) -> list[str]:
        """The rules in DOCKER-USER, in their order. With Docker's nftables backend it is a base chain of ours."""
        if ENGINE.nftables:
            return [line.strip() for line in self.sh(BASE_CHAIN).splitlines() if line.startswith("\t\t")][1:]
        return [line for line in self.sh("iptables -S DOCKER-USER").splitlines() if line.startswith("-A")]

    def policy_in_words(self, change: str) -> str:
        """How a change of the policy is told."""
        return f"change rules of ours in DOCKER-USER{' of nftables' if ENGINE.nftables else ''} (ipv4): {change}"

    def policy_is_first(self) -> bool:
        """Whether what is forwarded comes to DOCKER-USER before any other filter."""
        if ENGINE.nftables:
            return "hook forward priority filter - 10;" in self.sh(BASE_CHAIN)
        return self.jump_places()[0] == "DOCKER-USER"


class Pair:
    """node1, which may have an engine, and node2 beside it, and perhaps a third; and Ansible for all."""

    def __init__(self, lab: str, folder: Path, size: int = 2) -> None:
        self.lab, self.folder = lab, folder
        self.hosts = tuple(EngineHost(lab, f"node{number}") for number in range(1, size + 1))
        self.node1, self.node2, *_more = self.hosts
        (folder / "lab.yml").write_text(f"plugin: mooring.cnm.lab\nsize: {size}\n")
        self.declare()

    def declare(self, others: dict[str, dict[str, Any]] | None = None, **variables: Any) -> None:
        """The variables of node1. others: those of other hosts, which have none else, and of ``all``."""
        given = {one.name: {} for one in self.hosts} | {"node1": variables} | (others or {})
        for name in ("group_vars", "host_vars"):
            (self.folder / name).mkdir(exist_ok=True)
        everywhere = {"cnm_lab_name": self.lab, "host_packages": False, **given.pop("all", {})}
        (self.folder / "group_vars/all.json").write_text(json.dumps(everywhere))
        for name, its in given.items():
            (self.folder / f"host_vars/{name}.json").write_text(json.dumps(its))

    def power(self, state: str) -> None:
        """Bring the hosts to a state: present, rebooted or absent."""
        hosts = [{"name": one.name, "address": one.address} for one in self.hosts] if state != "absent" else None
        converge_lab({"name": self.lab, "state": state, "init": "systemd", "root": None, "hosts": hosts}, False)

    def play(self, playbook: str, *words: str) -> subprocess.CompletedProcess[str]:
        line = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(self.folder / "lab.yml"), playbook, *words]
        env = {**os.environ, "ANSIBLE_NOCOLOR": "1"}
        return subprocess.run(line, cwd=self.folder, env=env, capture_output=True, text=True, check=False)

    def site(self, *words: str) -> str:
        """What playbook site says, which must succeed; where the proof at its end had no room for its neighbours, what another proof says."""
        done = self.play("mooring.cnm.site", *words)
        if "the neighbour table is full" in done.stdout:
            done = with_room(lambda: self.play("mooring.cnm.verify"))
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def module(self, name: str, check: bool = False, host: str = "node1", **options: Any) -> dict[str, Any]:
        """The result of a module on a host."""
        (pid,) = (one.pid for one in self.hosts if one.name == host)
        return run_module(pid, name, check, options)
