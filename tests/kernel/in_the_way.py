# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a network from its parent, or seems to: links of others, told before anything is changed; ours, which make room; names of the host's."""

from __future__ import annotations

import os
import threading
from typing import Any
from unittest.mock import patch

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.kernel import netlink
from ansible_collections.mooring.cnm.plugins.module_utils.state.fault import Fault
from ansible_collections.mooring.cnm.tests.kernel.nouns import Tasks
from ansible_collections.mooring.cnm.tests.kernel.on_wire import ADDRESSES, AMONG_THEMSELVES, BOTH, LAN, A, B, answered, on_parent, wire
from ansible_collections.mooring.cnm.tests.kernel.pictures import check_same, dump
from ansible_collections.mooring.cnm.tests.kernel.topologies import clear, declare, endpoint, run, sandbox


def options(driver: str, **more: Any) -> dict[str, Any]:
    """The options of module topology for sandbox a in a network on the card."""
    networks = {"lan": {"driver": driver, "parent": "wire", "ipam": {"config": [{"subnet": LAN}]}, **more}}
    return {"networks": networks, "sandboxes": {"a": {"networks": {"lan": {"ipv4_address": ADDRESSES["a"]}}}}}


def check_others_on_a_parent(host: Any, capsys: pytest.CaptureFixture[str], theirs: str, driver: str, words: str, **more: Any) -> None:
    """theirs: the kind and mode of the other link, in the words of ip; once that has gone, the network has its parent."""
    wire(host)
    host.sh(f"ip link add theirs link wire type {theirs}")
    tasks = Tasks(host, capsys)
    for check in (True, False):
        told = tasks.refused("topology", check=check, **options(driver, **more))
        assert told == [
            f"cnm_networks.lan.parent: the {theirs.split()[0]} theirs, which somebody else made, rests on wire{words}:"
            " remove theirs, or choose another parent, or another VLAN of it (wire.40)"
        ]
    host.sh("ip link del theirs")
    assert tasks.done("topology", **options(driver, **more))
    assert answered("a", "far", expected=BOTH) == BOTH


def check_ours_make_room(host: Any, capsys: pytest.CaptureFixture[str], *ways: dict[str, Any]) -> None:
    """From each of these networks on the card to the next, in one run."""
    wire(host)
    tasks = Tasks(host, capsys)
    for way in ways:
        assert tasks.done("topology", **options(**way))


def check_a_name_that_the_host_has_too(host: Any, driver: str) -> None:
    """As nearly every host has: before 6.15 the kernel looks for the name of a new link among those of who asks for it, wherever it is born."""
    wire(host)
    host.sh("ip link add eth0 type bridge")
    declared = declare(on_parent(driver), sandbox("a", endpoint("lan", ADDRESSES["a"])))
    predicted = run(declared, check=True)
    assert run(declared).ops == predicted.ops and run(declared).ops == ()
    assert answered("a", "far", expected=BOTH) == BOTH
    assert sorted(line.split("@")[0].split()[0] for line in host.sh("ip -n a -br link").splitlines()) == ["eth0", "lo"]


def check_what_is_cleared_later(host: Any, driver: str) -> None:
    """The kernel clears a namespace some time after that is gone, and till then has what rests on the card from there: a run waits for it, if not for ever."""
    wire(host)
    declared = declare(on_parent(driver), A, B)
    run(declared)
    held = [os.open(f"/run/netns/{name}", os.O_RDONLY) for name in "ab"]
    clear()
    empty = dump(host)
    with patch.object(netlink, "PATIENCE_S", 0.2), pytest.raises(Fault, match=r"EADDRINUSE.*What stood before was put back\."):
        run(declared)
    check_same(empty, lambda: dump(host))
    threading.Timer(0.5, lambda: [os.close(one) for one in held]).start()
    assert run(declared).ops != () == run(declared).ops
    assert answered("a", "b", expected=AMONG_THEMSELVES) == AMONG_THEMSELVES
