# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an engine answers over its UNIX socket: Docker's API, of which Podman has a part."""

from __future__ import annotations

import json
import socket
from typing import Any

from ..state.fault import Fault
from .reasons import reason

DOCKER, PODMAN = "/run/docker.sock", "/run/podman/podman.sock"
_PATIENCE_S = 60.0


class NoEngine(Fault):
    """Nobody answers, since no engine is at work."""


def answer(engine: str, method: str, resource: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    """Status and answer of one request to the engine at a socket. Raises NoEngine, or Fault where its answer does not come or cannot be read.

    In HTTP/1.0 the answer is what comes until the end, and needs no library, which every task would compile.
    """
    text = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {resource} HTTP/1.0\r\nHost: engine\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
    said = b""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_PATIENCE_S)
            connection.connect(engine)
            connection.sendall(head.encode() + text)
            while part := connection.recv(1 << 16):
                said += part
        first, _blank, content = said.partition(b"\r\n\r\n")
        return int(first.split()[1]), json.loads(content or b"null")
    except (OSError, ValueError, IndexError) as error:
        kind = NoEngine if isinstance(error, (FileNotFoundError, ConnectionRefusedError)) else Fault
        cause = reason(error) if isinstance(error, OSError) and error.errno else f"it gives no answer that can be read: {error}"
        raise kind(f"the engine at {engine}", "ask", cause, "Look whether it works (docker ps, or podman ps), and run again.") from error
