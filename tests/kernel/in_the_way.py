# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others have put on a parent, which keeps a network from it: told before anything is changed. What is ours there makes room."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mooring.cnm.tests.kernel.nouns import Tasks
from ansible_collections.mooring.cnm.tests.kernel.on_wire import ADDRESSES, BOTH, LAN, answered, wire


def declared(driver: str, **more: Any) -> dict[str, Any]:
    """The options of module topology for sandbox a in a network on the card."""
    networks = {"lan": {"driver": driver, "parent": "wire", "ipam": {"config": [{"subnet": LAN}]}, **more}}
    return {"networks": networks, "sandboxes": {"a": {"networks": {"lan": {"ipv4_address": ADDRESSES["a"]}}}}}


def check_others_on_a_parent(host: Any, capsys: pytest.CaptureFixture[str], theirs: str, driver: str, words: str, **more: Any) -> None:
    """theirs: the kind and mode of the other link, in the words of ip; once that has gone, the network has its parent."""
    wire(host)
    host.sh(f"ip link add theirs link wire type {theirs}")
    tasks = Tasks(host, capsys)
    for check in (True, False):
        told = tasks.refused("topology", check=check, **declared(driver, **more))
        assert told == [
            f"cnm_networks.lan.parent: the {theirs.split()[0]} theirs, which somebody else made, rests on wire{words}:"
            " remove theirs, or choose another parent, or another VLAN of it (wire.40)"
        ]
    host.sh("ip link del theirs")
    assert tasks.done("topology", **declared(driver, **more))
    assert answered("a", "far", expected=BOTH) == BOTH


def check_ours_make_room(host: Any, capsys: pytest.CaptureFixture[str], *ways: dict[str, Any]) -> None:
    """From each of these networks on the card to the next, in one run."""
    wire(host)
    tasks = Tasks(host, capsys)
    for way in ways:
        assert tasks.done("topology", **declared(**way))
