# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wire that carries less than the hosts on it believe: small packets come through an overlay, those of its MTU do not, and the proof tells them apart."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.proof.flight import Probe
from ansible_collections.mooring.cnm.plugins.module_utils.proof.row import BLOCKED, REACHED
from ansible_collections.mooring.cnm.plugins.module_utils.proof.sender import send

from .conftest import Host
from .elsewhere import FarHost, hosts_on_a_wire
from .test_overlay import DUAL, ONE_EACH, converge

SMALL, MTU = 0, 1450
ADDRESSES = ("10.0.0.3", "fd00:9::3")


@pytest.fixture(scope="module")
def pair(shared_host: Host) -> Iterator[dict[str, FarHost]]:
    with hosts_on_a_wire("a", "b") as found:
        converge(found, ONE_EACH, **DUAL)
        yield found


def answered(pair: dict[str, FarHost], *sizes: int, expect: str = REACHED) -> dict[tuple[str, int], str]:
    """What came of echo requests from bbox1 on one host to bbox2 on the other, by address and size: nothing, or why there was no answer."""
    netns = f"/proc/{pair['a'].pid}/root/run/netns/bbox1"
    asked = [(address, size) for address in ADDRESSES for size in sizes]
    outcomes = send([Probe(nth, netns, address, "icmp", 0, expect, "", size) for nth, (address, size) in enumerate(asked)], "a run")
    return {one: "" if outcomes[nth].reached else outcomes[nth].detail for nth, one in enumerate(asked)}


def test_what_the_network_carries_is_answered(pair: dict[str, FarHost]) -> None:
    assert set(answered(pair, SMALL, 200, MTU).values()) == {""}


def test_what_is_larger_than_the_interface_does_not_leave(pair: dict[str, FarHost]) -> None:
    assert set(answered(pair, MTU + 1).values()) == {"Message too long"}


@pytest.mark.parametrize("port", ["port11", "port12"])
def test_a_wire_that_drops_what_is_large_is_seen_in_either_direction(pair: dict[str, FarHost], shared_host: Host, port: str) -> None:
    shared_host.sh(f"ip link set {port} mtu 1450")
    try:
        found = answered(pair, SMALL, MTU)
    finally:
        shared_host.sh(f"ip link set {port} mtu 1500")
    assert {one: bool(why) for one, why in found.items()} == {(address, size): size == MTU for address in ADDRESSES for size in (SMALL, MTU)}
    assert all(why.startswith("no answer in ") for why in found.values() if why)
    assert set(answered(pair, MTU, expect=BLOCKED).values()) == {""}, "it is over as soon as the wire carries them again"
