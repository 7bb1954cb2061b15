# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small fleets to prove, resolved as the plan resolves them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from ansible_collections.mooring.cnm.plugins.module_utils.model.declaration import Declaration, Endpoint, Network, Port, Sandbox, Subnet
from ansible_collections.mooring.cnm.plugins.module_utils.proof.plan import WHOLE, proof_plan
from ansible_collections.mooring.cnm.plugins.module_utils.proof.row import Row, read_row
from hypothesis import strategies as st

UNDERLAY = {f"node{nth}": IPv4Address(f"198.18.0.{nth + 1}") for nth in range(1, 10)}


def network(name: str, number: int, **options: Any) -> Network:
    """A bridge network 172.NUMBER.0.0/16."""
    return Network(name, subnets=(Subnet(IPv4Network(f"172.{number}.0.0/16"), IPv4Address(f"172.{number}.0.1")),), **options)


def on(*addresses: str, ports: Iterable[str] = (), **options: Any) -> dict[str, Any]:
    """A sandbox's endpoints, each as NETWORK=ADDRESS, and its ports as HOST_IP:PUBLISHED:TARGET/PROTOCOL."""
    ends = tuple(Endpoint(name, IPv4Address(address)) for name, address in (one.split("=") for one in addresses))
    return {"endpoints": ends, "ports": tuple(map(_port, ports)), **options}


def host(networks: Iterable[Network], **sandboxes: dict[str, Any]) -> Declaration:
    """The declaration of one host."""
    return Declaration({one.name: one for one in networks}, {name: Sandbox(name, **options) for name, options in sandboxes.items()})


def prove(mode: str = "full", **hosts: Declaration) -> list[Row]:
    """The rows of the proof of some hosts."""
    return [read_row(raw) for raw in proof_plan(hosts, {name: UNDERLAY[name] for name in hosts}, mode, "secret")[WHOLE]["rows"]]


def find(rows: Iterable[Row], source: str, target: str, proto: str = "tcp", kind: str = "") -> list[Row]:
    """The rows from HOST/SANDBOX to HOST/SANDBOX (an empty sandbox: ``HOST/``) in one protocol, perhaps of one kind."""
    ends = (tuple(source.split("/")), tuple(target.split("/")), proto)
    return [row for row in rows if (row.source, row.target, row.proto) == ends and kind in ("", row.kind)]


def _port(text: str) -> Port:
    ways, protocol = text.split("/")
    host_ip, published, target = ways.split(":")
    return Port(int(published), int(target), protocol, IPv4Address(host_ip))


@st.composite
def wires(draw: st.DrawFn, name: str, scope: str, *numbers: int) -> Network:
    """A network on a parent, with these subnets."""
    driver, mode = draw(st.sampled_from([("macvlan", None), ("macvlan", "private"), ("macvlan", "vepa"), ("ipvlan", None), ("ipvlan", "l3")]))
    subnets = [Subnet(IPv4Network(f"10.{number}.0.0/16"), IPv4Address(f"10.{number}.0.1") if draw(st.booleans()) else None) for number in numbers]
    return Network(name, driver, scope, subnets=tuple(subnets), mode=mode, parent="eth1")


@st.composite
def fleets(draw: st.DrawFn) -> dict[str, Declaration]:
    """One to three hosts with up to three networks, and up to five sandboxes on any of them."""
    hosts, wire = {}, draw(wires("w", "fleet", 1, 2))
    for name in list(UNDERLAY)[: draw(st.integers(1, 3))]:
        kinds = draw(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=3))
        networks = [network(f"n{at}", 18 + at, internal=kind[0], icc=kind[1], masquerade=kind[2]) for at, kind in enumerate(kinds)]
        boxes = {}
        for nth in range(draw(st.integers(0, 5))):
            joined = [one for one in range(len(networks)) if draw(st.booleans())]
            ways = draw(st.lists(st.sampled_from(["0.0.0.0", "127.0.0.1", "192.0.2.1", str(UNDERLAY[name])]), max_size=2)) if joined else []
            ports = [f"{way}:{8000 + 10 * nth + at}:{80 + at}/{draw(st.sampled_from(['tcp', 'udp']))}" for at, way in enumerate(ways)]
            boxes[f"s{nth}"] = on(*(f"n{one}=172.{18 + one}.0.{nth + 2}" for one in joined), ports=ports, mode="networks" if joined else "none")
        if draw(st.booleans()):
            # Sandboxes that reach others on all hosts; the numbers of two hosts are never the same.
            subnet = Subnet(IPv4Network("10.0.0.0/16"), IPv4Address("10.0.0.1"))
            networks.append(Network("ov", "overlay", "fleet", subnets=(subnet,), vnis=(256,)))
            boxes.update({f"o{nth}": on(f"ov=10.0.{len(hosts) + 1}.{nth}") for nth in range(draw(st.integers(0, 3)))})
        if draw(st.booleans()):
            # Sandboxes on a wire, of the fleet's network and of one of the host alone.
            parent, shim = draw(st.sampled_from([("eth1", False), ("eth2", (IPv4Address("10.1.9.9"),)), (None, False)]))
            networks += [replace(wire, parent=parent, host_shim=shim), draw(wires("own", "host", 3))]
            for nth in range(draw(st.integers(0, 3))):
                address = f"10.{draw(st.sampled_from([1, 2]))}.{len(hosts) + 1}.{nth}"
                others = draw(st.sampled_from([[], ["n0"] if "n0" in [one.name for one in networks] else [], [f"own=10.3.1.{nth}"]]))
                boxes[f"w{nth}"] = on(f"w={address}", *(f"n0=172.18.0.{nth + 20}" if one == "n0" else one for one in others))
        hosts[name] = host(networks, **boxes)
    return hosts
