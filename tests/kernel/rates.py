# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast one place sends to another: the time that the same bytes take over TCP."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator

from ansible_collections.mooring.cnm.plugins.module_utils.model.tuning import Bandwidth

# Far below what this machine carries, so that the ratio says more than the noise.
SLOW = 40_000_000
# Each way of keeping a rate of the sandbox "web", with the directions that it makes slow.
EACH_WAY = {
    "ingress": (Bandwidth(ingress_rate=SLOW), {"in"}),
    "egress": (Bandwidth(egress_rate=SLOW), {"out"}),
    "both": (Bandwidth(ingress_rate=SLOW, egress_rate=SLOW), {"in", "out"}),
}
_BYTES = 2_500_000
# A tenth of what they take at that rate.
_QUICK_S, _TRIES = _BYTES * 8 / SLOW / 10, 10
SERVER = """
import socket
listener = socket.create_server(("", 7))
print("up", flush=True)
while True:
    one, _address = listener.accept()
    while one.recv(1 << 16): pass
    one.send(b"x")
"""
CLIENT = f"""
import socket, sys, time
one = socket.create_connection((sys.argv[1], 7))
start = time.perf_counter()
one.sendall(bytes({_BYTES}))
one.shutdown(socket.SHUT_WR)
one.recv(1)
print(time.perf_counter() - start)
"""


@contextlib.contextmanager
def servers(*places: str) -> Iterator[None]:
    """A server in each of these namespaces, as long as the block lasts."""
    commands = [["ip", "netns", "exec", place, sys.executable, "-c", SERVER] for place in places]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    try:
        assert all(one.stdout and one.stdout.readline() == "up\n" for one in running)
        yield
    finally:
        for one in running:
            one.kill()
            one.wait()


def seconds(source: str, address: str, slow: bool = False) -> float:
    """How long the bytes take from a namespace to the server at an address. Where they should not be slow, what else the machine does is left out: the least
    of a few times, if they are.
    """
    command = ["ip", "netns", "exec", source, sys.executable, "-c", CLIENT, address]
    took: list[float] = []
    while not took or (not slow and min(took) > _QUICK_S and len(took) < _TRIES):
        took.append(float(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout))
    return min(took)
