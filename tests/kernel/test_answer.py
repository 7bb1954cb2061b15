# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is heard at an engine's socket: an answer, none, or something that is none."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.kernel.answer import NoEngine, answer
from ansible_collections.mooring.cnm.plugins.module_utils.state.fault import Fault

Listen = Callable[[bytes], tuple[str, list[bytes]]]


@pytest.fixture
def listen(tmp_path: Path) -> Iterator[Listen]:
    """Something at a socket that says a thing to whoever asks, and what it was asked."""
    server, threads = socket.socket(socket.AF_UNIX), []

    def say(words: bytes) -> tuple[str, list[bytes]]:
        heard: list[bytes] = []

        def serve() -> None:
            with server.accept()[0] as connection:
                heard.append(connection.recv(1 << 16))
                connection.sendall(words)

        server.bind(str(tmp_path / "engine.sock"))
        server.listen()
        threads.append(threading.Thread(target=serve))
        threads[0].start()
        return str(tmp_path / "engine.sock"), heard

    yield say
    for thread in threads:
        thread.join(5)
    server.close()


def test_status_and_answer(listen: Listen) -> None:
    engine, heard = listen(b'HTTP/1.0 201 Created\r\nContent-Type: application/json\r\n\r\n{"Id": "4711"}\n')
    assert answer(engine, "POST", "/networks/create", {"Name": "front"}) == (201, {"Id": "4711"})
    head, _blank, body = heard[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /networks/create HTTP/1.0\r\n") and b"Content-Length: 17" in head and body == b'{"Name": "front"}'


def test_an_answer_without_content(listen: Listen) -> None:
    assert answer(listen(b"HTTP/1.0 204 No Content\r\n\r\n")[0], "DELETE", "/networks/4711") == (204, None)


def test_nobody_is_there(tmp_path: Path) -> None:
    with pytest.raises(NoEngine, match="engine.sock: it does not exist"):
        answer(str(tmp_path / "engine.sock"), "GET", "/networks")


@pytest.mark.parametrize("words", [b"", b"HTTP/1.0 200 OK\r\n\r\n<html>", b"SSH-2.0-OpenSSH_9.2\r\n"])
def test_what_is_no_answer_is_told_in_a_sentence(listen: Listen, words: bytes) -> None:
    engine, _heard = listen(words)
    with pytest.raises(Fault) as told:
        answer(engine, "GET", "/networks")
    assert str(told.value).startswith(f"Could not ask the engine at {engine}: it gives no answer that can be read: ")
    assert str(told.value).endswith("Look whether it works (docker ps, or podman ps), and run again.")
    assert not isinstance(told.value, NoEngine)
