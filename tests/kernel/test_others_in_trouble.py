# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others on the host do wrong, or do at the wrong moment: an engine that cannot tell, a Podman that hangs, a table that goes before it is read."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.attach import attach
from ansible_collections.mooring.cnm.plugins.module_utils.kernel import nftables, others, reserved, tables
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.answer import DOCKER
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.netlink import RouteSocket
from ansible_collections.mooring.cnm.plugins.module_utils.state.fault import Fault
from ansible_collections.mooring.cnm.tests.kernel.topologies import FRONT, declare, endpoint, run, sandbox

LEGS = (endpoint("front", "172.20.0.3"),)
REDIS = declare(FRONT, sandbox("redis", *LEGS, mode="attached", namespace=("container", "redis"), missing="ignore"))
WEB = declare(FRONT, sandbox("web", endpoint("front", "172.20.0.2")))


@contextlib.contextmanager
def engine(words: bytes) -> Iterator[None]:
    """Something at Docker's socket that says the same to everybody."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(DOCKER)
        server.listen()

        def serve() -> None:
            with contextlib.suppress(OSError), server.accept()[0] as connection:
                connection.recv(1 << 16)
                connection.sendall(words)

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join(5)


def test_an_engine_that_cannot_tell_does_not_say_that_a_container_is_missing(host) -> None:
    """Its legs would be taken away while it runs."""
    with engine(b'HTTP/1.0 503 Service Unavailable\r\n\r\n{"message": "shutting down"}\n'), pytest.raises(Fault) as raised:
        attach(REDIS)
    assert str(raised.value) == f"Could not ask the engine at {DOCKER}: it answers 503: shutting down. Look whether it works, and run again."
    os.unlink(DOCKER)
    with engine(b'HTTP/1.0 404 Not Found\r\n\r\n{"message": "no such container: redis"}\n'):
        assert attach(REDIS)[0].sandboxes["redis"].namespace is None


@pytest.mark.parametrize(("does", "said"), [("exec sleep 9", "timed out after"), ("echo no JSON", "Expecting value")])
def test_a_podman_that_does_not_answer_is_told_in_a_sentence(host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str, said: str) -> None:
    (tmp_path / "podman").write_text(f"#!/bin/sh\n{does}\n")
    (tmp_path / "podman").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(others, "_PATIENCE_S", 0.3)
    with pytest.raises(Fault, match=f"Could not ask Podman for container redis: it gives no answer that can be read: .*{said}"):
        attach(REDIS)


def test_a_table_of_somebody_else_that_goes_before_it_is_read_stops_no_run(host, monkeypatch: pytest.MonkeyPatch) -> None:
    real = nftables.read_base_chains

    def and_then_it_goes() -> Any:
        host.sh("nft 'add table inet theirs; add chain inet theirs in { type filter hook input priority 0; policy drop; }'")
        found = real()
        host.sh("nft delete table inet theirs")
        return found

    monkeypatch.setattr(nftables, "read_base_chains", and_then_it_goes)
    assert run(WEB).ops
    assert run(WEB).ops == ()


def test_what_is_made_for_all_is_seen_by_all_whatever_the_umask(host) -> None:
    old = os.umask(0o077)
    try:
        run(WEB)
        assert os.umask(0o077) == 0o077
    finally:
        os.umask(old)
    modes = {path: stat.S_IMODE(os.stat(path).st_mode) for path in ("/etc/netns", "/etc/netns/web", "/etc/netns/web/hosts", "/run/netns")}
    assert modes == {"/etc/netns": 0o755, "/etc/netns/web": 0o755, "/etc/netns/web/hosts": 0o644, "/run/netns": 0o755}


def test_a_link_that_comes_between_two_looks_is_not_asked_for(host, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a bridge of Docker does, with its address. A host without a default route has its own address looked for among all."""

    def late(netlink: RouteSocket) -> list[tables.SeenAddress]:
        host.sh("ip link add late type bridge && ip addr add 10.9.0.1/24 dev late")
        return tables.read_addresses(netlink)

    monkeypatch.setattr(reserved, "read_addresses", late)
    assert reserved.read_reserved("default")["underlay_address"] is None
