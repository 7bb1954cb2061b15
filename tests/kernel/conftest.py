# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A throw-away host for each test: network namespace, /run and /etc of its own. The test process lives in it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator

import pytest

from .sockets import Connection
from .topologies import run

_CLONE_NEWNET, _CLONE_NEWNS = 0x40000000, 0x00020000
_libc = ctypes.CDLL(None, use_errno=True)


def _unshare(flags: int) -> None:
    if _libc.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


class Host:
    """The throw-away host that the test process is in."""

    def sh(self, command: str, check: bool = True) -> str:
        """Run a shell command; its standard output."""
        done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, encoding="utf-8", errors="surrogateescape", check=False)
        if check and done.returncode != 0:
            pytest.fail(f"{command}: {done.stderr}")
        return done.stdout

    def succeeds(self, command: str) -> bool:
        """Whether a shell command ends with status 0."""
        return subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=False).returncode == 0

    def use_iptables(self, variant: str) -> None:
        """Let iptables be the variant ``nft`` or ``legacy``, as update-alternatives does, in this host's own /etc."""
        for verb in ("", "-save", "-restore"):
            for tool in ("iptables", "ip6tables"):
                self.sh(f"ln -sf /usr/sbin/{tool}-{variant}{verb} /etc/alternatives/{tool}{verb}")


@contextlib.contextmanager
def empty_host() -> Iterator[Host]:
    """A host that the process is in from here on: it does not return to the one that it was in."""
    _unshare(_CLONE_NEWNET)
    one = Host()
    one.sh("mount -t tmpfs -o mode=755 run /run && mkdir -p /run/lock /run/etc /run/work")
    one.sh("mount -t overlay -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/work etc /etc && rm -rf /etc/netns")
    one.sh("sysctl -qw net.ipv4.ip_forward=0 && ip link set lo up")
    try:
        yield one
    finally:
        one.sh("umount -l /etc && umount -l /run")


@pytest.fixture(scope="session")
def own_mounts() -> None:
    """Leave the machine's mounts for good: what is mounted from here on is seen by this process alone."""
    if os.geteuid() != 0:
        pytest.fail("the kernel tests need root")
    _unshare(_CLONE_NEWNS)
    Host().sh("mount --make-rprivate /")


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
