# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Under ip netns exec a sandbox finds the others by name, also from a process that was already running."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import IPv4Address

from ansible_collections.mooring.cnm.tests.kernel.topologies import BACK, BATCH, CACHE, DB, FRONT, WEB, changed, declare, run

EXTRA = replace(BATCH, extra_hosts=(("registry", "192.0.2.10"), ("registry", "192.0.2.9"), ("www", "192.0.2.1")))
DECLARED = declare(FRONT, BACK, WEB, DB, CACHE, EXTRA)

# (in which sandbox, which name): the addresses.
NAMES = {
    ("web", "web"): {"172.20.0.2", "172.21.0.2"},
    ("web", "www"): {"172.20.0.2"},
    ("web", "db"): {"172.20.0.3", "172.21.0.3"},
    ("db", "web"): {"172.20.0.2", "172.21.0.2"},
    ("db", "www"): {"172.20.0.2"},
    ("db", "registry"): {"192.0.2.9"},
    ("db", "localhost"): {"127.0.0.1"},
    ("cache", "db"): {"172.20.0.3", "172.21.0.3"},
    ("cache", "www"): {"172.20.0.2"},
    ("batch", "web"): set(),
    ("web", "registry"): set(),
    ("web", "batch"): set(),
}


def test_names_in_the_sandboxes(host) -> None:
    run(DECLARED)
    for (name, wanted), addresses in NAMES.items():
        found = host.sh(f"ip netns exec {name} getent -s files ahostsv4 {wanted}", check=False)
        assert {line.split()[0] for line in found.splitlines()} == addresses, (name, wanted)
    assert host.sh("ip netns exec batch grep 192.0.2 /etc/hosts").splitlines() == ["192.0.2.10 registry", "192.0.2.9 registry", "192.0.2.1 www"]
    assert host.sh("ip netns exec db cat /etc/resolv.conf").splitlines()[1:] == ["nameserver 192.0.2.53"]


def test_a_running_process_sees_what_changes(host) -> None:
    run(DECLARED)
    with _running_in("db") as read:
        inode = read("stat -c %i /etc/hosts")
        assert "172.20.0.2 web www" in read("cat /etc/hosts")
        aliased = replace(WEB, endpoints=(WEB.endpoints[0], replace(WEB.endpoints[1], aliases=("www", "shop"))))
        run(changed(DECLARED, aliased, replace(DB, dns=(IPv4Address("192.0.2.54"), IPv4Address("192.0.2.55")))))
        assert "172.20.0.2 web www shop" in read("cat /etc/hosts")
        assert "192.0.2.55" in read("cat /etc/resolv.conf")
        assert read("getent ahostsv4 shop").startswith("172.20.0.2 ")
        run(DECLARED)
        assert "shop" not in read("cat /etc/hosts")  # shorter than before
        assert "192.0.2.54" not in read("cat /etc/resolv.conf")
        assert read("stat -c %i /etc/hosts") == inode


@contextlib.contextmanager
def _running_in(name: str) -> Iterator[Callable[[str], str]]:
    """A shell that runs in a sandbox all the time; what it is asked prints at most one block of lines."""
    shell = subprocess.Popen(["ip", "netns", "exec", name, "sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def read(command: str) -> str:
        shell.stdin.write(f"{command}; echo END\n")
        shell.stdin.flush()
        return "".join(iter(shell.stdout.readline, "END\n"))

    with shell:
        yield read
        shell.stdin.close()
