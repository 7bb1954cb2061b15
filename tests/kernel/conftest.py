# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A throw-away host for each test: network namespace, /run and /etc of its own. The test process lives in it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.places import holding
from ansible_collections.mooring.cnm.plugins.module_utils.lab import syscalls

from .sockets import Connection
from .topologies import run

# Commands that mean the same to a shell and without one.
_PLAIN = re.compile(r"[a-z0-9]+( +[\w./:,+=@%-]+)*")


class Host:
    """The throw-away host that the test process is in."""

    def sh(self, command: str, check: bool = True) -> str:
        """Run a shell command; its standard output."""
        done = subprocess.run(_words(command), capture_output=True, encoding="utf-8", errors="surrogateescape", check=False)
        if check and done.returncode != 0:
            pytest.fail(f"{command}: {done.stderr}")
        return done.stdout

    def succeeds(self, command: str) -> bool:
        """Whether a shell command ends with status 0."""
        return subprocess.run(_words(command), capture_output=True, check=False).returncode == 0

    def use_iptables(self, variant: str) -> None:
        """Let iptables be the variant ``nft`` or ``legacy``, as update-alternatives does, in this host's own /etc."""
        for verb in ("", "-save", "-restore"):
            for tool in ("iptables", "ip6tables"):
                self.sh(f"ln -sf /usr/sbin/{tool}-{variant}{verb} /etc/alternatives/{tool}{verb}")


def _words(command: str) -> list[str]:
    """A shell is a process more, of which the tests start many: only what needs one has it."""
    return command.split() if _PLAIN.fullmatch(command) else ["/bin/sh", "-c", command]


@contextlib.contextmanager
def empty_host() -> Iterator[Host]:
    """A host that the process is in from here on: it does not return to the one that it was in."""
    syscalls.unshare(syscalls.CLONE_NEWNET)
    syscalls.mount("tmpfs", "/run", options="mode=755")
    for name in ("lock", "etc", "work"):
        os.mkdir(f"/run/{name}")
    syscalls.mount("overlay", "/etc", options="lowerdir=/etc,upperdir=/run/etc,workdir=/run/work")
    shutil.rmtree("/etc/netns", ignore_errors=True)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("0", encoding="ascii")
    one = Host()
    one.sh("ip link set lo up")
    try:
        with holding():
            yield one
    finally:
        for place in ("/etc", "/run"):
            syscalls.unmount(place, syscalls.MNT_DETACH)


@pytest.fixture(scope="session")
def own_mounts() -> None:
    """Leave the machine's mounts for good: what is mounted from here on is seen by this process alone."""
    if os.geteuid() != 0:
        pytest.fail("the kernel tests need root")
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.mount("", "/", syscalls.MS_REC | syscalls.MS_PRIVATE)


@pytest.fixture
def host(own_mounts: None) -> Iterator[Host]:
    """An empty host with lo up."""
    with empty_host() as one:
        yield one


@pytest.fixture(scope="module")
def shared_host(own_mounts: None) -> Iterator[Host]:
    """An empty host for all tests of a file, which must not use ``host`` beside it."""
    with empty_host() as one:
        yield one


@pytest.fixture(scope="module")
def standing(request: pytest.FixtureRequest, shared_host: Host) -> Iterator[tuple[Host, Connection]]:
    """The host as the file's DECLARED has it, for tests that each bring it back there, and a CONNECTION (from, to, address) that lives through them all."""
    run(request.module.DECLARED)
    connection = Connection(*request.module.CONNECTION)
    yield shared_host, connection
    connection.close()
