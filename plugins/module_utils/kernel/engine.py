# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of the host's Docker engine: read, made and removed over its API."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from ..state.difference import differences
from ..state.engine import ENGINE_ROLE, LABEL, EngineNetwork, EnginePool
from ..state.fault import Fault
from ..state.objects import HostState
from ..state.op import Op
from ..state.tag import Tag, read_tag
from .answer import DOCKER, answer
from .dumps import SeenLink

_PID_FILE = "/run/docker.pid"
_OK, _NOT_THERE = range(200, 300), 404
# How Docker is told to leave it to others who gets in, and the first API in which it knows that: 28.0; 27 refuses it.
_OPEN, _KNOWS_OPEN = ("com.docker.network.bridge.gateway_mode_ipv{}", "nat-unprotected"), (1, 48)


def is_running() -> bool:
    """Whether there is an engine at work. It is not asked over its socket: systemd may hold that, and start the engine for who asks."""
    with contextlib.suppress(OSError, ValueError), open(_PID_FILE, encoding="ascii") as file:
        return os.path.exists(f"/proc/{int(file.read())}") and os.path.exists(DOCKER)
    return False


def read_networks() -> list[EngineNetwork]:
    """The networks of the engine's driver ``bridge``, whoever made them, without who is attached. Raises Fault where it gives no answer."""
    return [_network(one) for one in _read("/networks", "the networks of the Docker engine")]


def seen_networks(wanted: HostState, fleet: str, links: Iterable[SeenLink]) -> Iterator[tuple[EngineNetwork, bool]]:
    """Each network that the engine knows, and whether it is of ``fleet``. Those that would have to be removed come with who is attached.

    links: those of the host. Without an engine at work: the networks that are wanted, and those that have a bridge for its containers, as silent ones.
    """
    if not is_running():
        marks = (read_tag(link.alias) for link in links)
        standing = {mark.network for mark in marks if mark is not None and (mark.fleet, mark.role) == (fleet, ENGINE_ROLE)}
        for name in sorted(standing | {key[1] for key in wanted.objects if key[0] == "engine"}):
            yield EngineNetwork(name, str(Tag(fleet, name, "", ENGINE_ROLE)), silent=True), True
        return
    for one in read_networks():
        mark, want = read_tag(one.tag), wanted.objects.get(one.key)
        ours = mark is not None and mark.fleet == fleet
        yield with_containers(one) if ours and (want is None or differences(one, want)) else one, ours


def bridges_of(fleet: str) -> set[str]:
    """The bridges of networks of ``fleet`` that the engine knows; none while there is no engine at work."""
    marked = ((one.bridge, read_tag(one.tag)) for one in read_networks()) if is_running() else ()
    return {bridge for bridge, mark in marked if mark is not None and mark.fleet == fleet}


def with_containers(network: EngineNetwork) -> EngineNetwork:
    """The network with the names of the containers that are attached to it now. Raises Fault where the engine does not tell."""
    found = _read(f"/networks/{network.id}", f"who is attached to Docker network {network.name}", {})
    attached = (found.get("Containers") or {}).values()
    return replace(network, containers=tuple(sorted(str(one.get("Name") or "") for one in attached)))


def write_networks(ops: list[Op]) -> None:
    """Make and remove networks. Raises Fault with what the engine says where it refuses."""
    for op in ops:
        one = op.subject
        if not isinstance(one, EngineNetwork):
            continue
        made = op.action == "create"
        status, said = answer(DOCKER, "POST", "/networks/create", _request(one)) if made else answer(DOCKER, "DELETE", f"/networks/{one.id}")
        if status not in _OK:
            raise Fault(f"Docker network {one.name}", "create" if made else "remove", _said(said))


def _network(found: dict[str, Any]) -> EngineNetwork:
    pools = (_pool(one) for one in (found.get("IPAM") or {}).get("Config") or [])
    return EngineNetwork(
        str(found.get("Name")),
        str((found.get("Labels") or {}).get(LABEL, "")),
        tuple(sorted(pools, key=lambda one: one.version)),
        bool(found.get("Internal")),
        tuple(sorted((str(name), str(value)) for name, value in (found.get("Options") or {}).items())),
        id=str(found.get("Id")),
    )


def _pool(config: dict[str, Any]) -> EnginePool:
    return EnginePool(
        str(config.get("Subnet") or ""),
        str(config.get("Gateway") or ""),
        str(config.get("IPRange") or ""),
        tuple(sorted((str(name), str(address)) for name, address in (config.get("AuxiliaryAddresses") or {}).items())),
    )


def _request(one: EngineNetwork) -> dict[str, Any]:
    key, value = _OPEN
    opened = {key.format(pool.version): value for pool in one.pools} if one.guarded and _api() >= _KNOWS_OPEN else {}
    configs = [{"Subnet": its.subnet, "IPRange": its.ip_range, "Gateway": its.gateway, "AuxiliaryAddresses": dict(its.aux_addresses)} for its in one.pools]
    return {
        "Name": one.name,
        "CheckDuplicate": True,  # without it, engines before 25 know two networks by one name
        "Driver": "bridge",
        "EnableIPv6": any(pool.version == 6 for pool in one.pools),
        "Internal": one.internal,
        "IPAM": {"Driver": "default", "Config": configs},
        "Options": {**dict(one.options), **opened},
        "Labels": {LABEL: one.tag or ""},
    }


def _api() -> tuple[int, ...]:
    """The newest API that the engine speaks."""
    return tuple(int(part) for part in str(_read("/version", "the version of the Docker engine")["ApiVersion"]).split("."))


def _read(resource: str, what: str, missing: Any = None) -> Any:
    """The engine's answer. missing: what there is where it does not know the resource. Raises Fault where it refuses."""
    status, found = answer(DOCKER, "GET", resource)
    if status == _NOT_THERE and missing is not None:
        return missing
    if status not in _OK:
        raise Fault(what, "read", _said(found))
    return found


def _said(found: Any) -> str:
    return str(found.get("message") if isinstance(found, dict) else found).strip().rstrip(".")
