# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that know each other by an address of their loopback, as behind routers: an overlay sends from that, not from the one that the way out has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .capture import captured
from .conftest import Host
from .elsewhere import FarHost, hosts_on_a_wire
from .test_overlay import NETNS, ONE_EACH, converge, pings

LOOPBACKS = {"a": "203.0.113.11", "b": "203.0.113.12"}


@pytest.fixture
def pair(host: Host) -> Iterator[dict[str, FarHost]]:
    with hosts_on_a_wire("a", "b") as found:
        wires = {name: one.address for name, one in found.items()}
        for name, other in (("a", "b"), ("b", "a")):
            found[name].sh(f"ip address add {LOOPBACKS[name]}/32 dev lo; ip route add {LOOPBACKS[other]} via {wires[other]}")
            found[name].address = LOOPBACKS[name]
        yield found


def test_what_is_sent_comes_from_the_declared_address(pair: dict[str, FarHost]) -> None:
    converge(pair, ONE_EACH)
    # The kernel would choose the address of the wire.
    assert "src 198.18.0.11" in pair["a"].sh(f"ip route get {LOOPBACKS['b']}")
    with captured("port11") as wire:
        assert pings(pair["a"], "bbox1", "10.0.0.3")
    ends = (LOOPBACKS["a"], LOOPBACKS["b"])
    assert {one.addresses for one in wire.packets() if one.kind == "vxlan"} == {ends, ends[::-1]}


def test_another_address_is_drift_that_is_repaired(pair: dict[str, FarHost]) -> None:
    converge(pair, ONE_EACH)
    pair["a"].sh(f"ip netns exec {NETNS} ip link set vxlan0 type vxlan local 198.18.0.11")
    assert [op for op in converge(pair, ONE_EACH)["a"] if "local from 198.18.0.11 to 203.0.113.11" in op]
    assert f"local {LOOPBACKS['a']} " in pair["a"].sh(f"ip -n {NETNS} -d link show vxlan0")
    assert pings(pair["a"], "bbox1", "10.0.0.3")
