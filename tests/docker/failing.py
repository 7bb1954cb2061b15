# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs inside a lab host, where Docker and firewalld are: from one declaration to another, failing at each call to one of them in turn.

Said for each call, as a line of JSON: what failed, what the run said, what there is left to do, and which lines differ in a picture of the host. Compared is
what stood before, or, where Docker was killed, which nobody can put back then, what stands when it is there again and the next run has ended.
"""

from __future__ import annotations

import itertools
import json
import re
import socket
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any
from unittest.mock import patch

from ansible_collections.mooring.cnm.plugins.module_utils.firewall import run as firewall
from ansible_collections.mooring.cnm.plugins.module_utils.kernel import engine
from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration
from ansible_collections.mooring.cnm.plugins.module_utils.state.fault import Fault
from ansible_collections.mooring.cnm.tests.kernel.topologies import NOTHING, changed, declare, endpoint, network, run, sandbox
from ansible_collections.mooring.cnm.tests.kernel.trouble import Call, at_step
from ansible_collections.mooring.cnm.tests.kernel.ways import overlay

DOORS = {"engine": ((engine, "answer"),), "firewalld": ((firewall, "firewalld"),)}
FRONT = network("front", "172.30.0.0/24", docker_network=IPv4Network("172.30.0.128/25"))
APP = sandbox("app", endpoint("front", "172.30.0.2"))
SHARED = declare(FRONT, APP)
# One that Docker is to know anew with other addresses, and one more.
MORE = changed(
    SHARED, replace(FRONT, docker_network=IPv4Network("172.30.0.192/26")), network("late", "172.31.0.0/24", docker_network=IPv4Network("172.31.0.128/25"))
)


def far(*peers: str) -> Any:
    """An overlay with peers at these addresses."""
    own = {"underlay_address": IPv4Address("198.18.0.1"), "internal": True}
    return declare(overlay("ov", 1, {30 + at: peer for at, peer in enumerate(peers)}, **own), sandbox("box", endpoint("ov", "10.1.0.2")))


WAYS = {
    "engine": ((NOTHING, SHARED), (SHARED, MORE), (MORE, NOTHING)),
    "firewalld": ((NOTHING, far("198.18.0.2")), (far("198.18.0.2"), far("198.18.0.3")), (far("198.18.0.2"), NOTHING)),
}
PICTURE = r"""
for tool in iptables ip6tables; do $tool-save; done; nft list tables
ls /sys/class/net /run/netns
docker network ls --quiet | xargs docker network inspect --format '{{.Name}} {{.Internal}} {{json .IPAM}} {{json .Options}} {{json .Labels}}'
cat /etc/firewalld/zones/*.xml; nft -s list table inet firewalld
"""


def picture() -> Counter[str]:
    """The lines that tell of rules, links, Docker's networks and firewalld's zones, without what is counted. In what order they come is up to others."""
    text = subprocess.run(["sh", "-c", PICTURE], capture_output=True, text=True, check=False).stdout
    return Counter(re.sub(r"\[\d+:\d+\]", "", line) for line in text.splitlines() if not line.startswith("#"))


def refuse(call: Call, arguments: tuple[Any, ...], _which: int) -> Any:
    """Docker is asked in a version of its API that there is not, and firewall-cmd for what it cannot do; they say so."""
    if call.__name__ == "firewalld":
        return call([*arguments[0], "--no-such-option"])
    return call(*arguments[:2], f"/v9.99{arguments[2]}", *arguments[3:])


def lose(call: Call, arguments: tuple[Any, ...], _which: int) -> Any:
    """What was asked for is done, and nobody hears of it: firewall-cmd ends with an error, and Docker's socket is closed.

    An engine that is killed has not always done it, and is no longer there to go back, so the socket that is closed is another one.
    """
    call(*arguments)
    if call.__name__ == "firewalld":
        return call(["--no-such-option"])
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0closed in the middle")
        server.listen()
        threading.Thread(target=_hang_up, args=[server]).start()
        return call(server.getsockname().decode(), *arguments[1:])


def kill(call: Call, arguments: tuple[Any, ...], _which: int) -> Any:
    """Docker is killed before it hears of it."""
    subprocess.run("systemctl kill --signal=KILL docker; while systemctl is-active --quiet docker; do sleep 0.02; done", shell=True, check=True)
    return call(*arguments)


def _hang_up(server: socket.socket) -> None:
    server.accept()[0].close()


def calls(door: str, goal: Declaration) -> list[tuple[Any, ...]]:
    """Go there: what was asked through a door."""
    (owner, name), *_none = DOORS[door]
    with patch.object(owner, name, wraps=getattr(owner, name)) as seen:
        run(goal)
    return [one.args for one in seen.call_args_list]


def changes(asked: tuple[Any, ...]) -> bool:
    """Whether something is changed by it. A mere question is refused on one way alone, that of a change; to lose its answer would be the same."""
    return "--list-all-zones" not in asked[0] if isinstance(asked[0], list) else asked[1] != "GET"


def main(door: str) -> None:
    if door == "engine":  # one that was started before tells more of its own network
        subprocess.run(["systemctl", "restart", "docker"], check=True)
    for start, goal in WAYS[door]:
        run(start)
        asked = calls(door, goal)
        reached = picture()
        run(start)
        before = picture()
        for number, happen in itertools.product(range(len(asked)), (refuse, lose, kill) if door == "engine" else (refuse, lose)):
            if not changes(asked[number]) and (happen is not refuse or NOTHING in (start, goal)):
                continue
            said = ""
            with at_step(number, happen, DOORS[door]):
                try:
                    run(goal)
                except Fault as fault:
                    said = str(fault)
            if happen is kill:
                subprocess.run(["systemctl", "start", "docker"], check=True)
                run(goal)
            there, expected = (goal, reached) if happen is kill else (start, before)
            after = picture()
            left = run(there, check=True).ops
            print(json.dumps({"what": f"{happen.__name__} {asked[number]}", "said": said, "left": left, "differs": [*(expected - after), *(after - expected)]}))
            run(start)
    run(NOTHING)


if __name__ == "__main__":
    main(sys.argv[1])
