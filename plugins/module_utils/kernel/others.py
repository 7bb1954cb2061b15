# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody else made: where the namespace of a container or a process is, and what it has already; the bridge of one of Docker's networks."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator

from ..state.fault import Fault
from ..state.tag import ROUTE_PROTOCOL
from . import namespaces
from .answer import DOCKER, PODMAN, NoEngine, answer
from .netlink import RouteSocket
from .places import hold, let_go
from .reasons import reason
from .tables import read_routes

_PATIENCE_S = 20.0
_LOOK = "Look whether it works, and run again."
_FAMILIES = {"default": 4, "::/0": 6}


class Absent(Exception):
    """A namespace is not there. The text says what is missing, and what would be right."""


def find_namespace(kind: str, which: str) -> str:
    """The path of a namespace, which is held from here on. kind: ``container`` (a name or id), ``pid`` or ``netns`` (a path). Raises Absent."""
    if kind == "container":
        path = f"/proc/{_process_of(which)}/ns/net"
    else:
        path = f"/proc/{which}/ns/net" if kind == "pid" else which
    try:
        there = os.fstat(hold(path))
    except OSError as error:
        what = f"process {which}" if kind == "pid" else f"container {which}" if kind == "container" else path
        raise Absent(f"there is no {what} on this host") from error
    if there.st_dev != os.stat(namespaces.OWN).st_dev or not stat.S_ISREG(there.st_mode):
        let_go(path)
        raise Absent(f"{path} is no network namespace")
    return path


def led_elsewhere(path: str) -> tuple[int, ...]:
    """The families (4, 6) in which a namespace has a default route that is not ours. Raises Absent where it is no network namespace."""
    try:
        with namespaces.journey() as way:
            way.go(path)
            with RouteSocket() as netlink:
                routes = read_routes(netlink)
    except OSError as error:
        let_go(path)
        raise Absent(f"{path} cannot be entered: {reason(error)}") from error
    return tuple(sorted({_FAMILIES[one.destination] for one in routes if one.destination in _FAMILIES and one.table == 254 and one.protocol != ROUTE_PROTOCOL}))


def find_bridge(network: str) -> str:
    """The bridge of one of Docker's networks. Raises Absent where no packet could come from it."""
    try:
        found = _found(DOCKER, f"/networks/{network}")
    except NoEngine:
        raise Absent("Docker does not run on this host: start it, or name the link of its network (link:docker0)") from None
    if found is None:
        raise Absent(f"Docker has no network {network} on this host: make it first (docker network create)")
    if found.get("Driver") != "bridge" or found.get("Internal"):
        kind = "internal" if found.get("Internal") else f"of driver {found.get('Driver')}"
        raise Absent(f"Docker's network {network} is {kind}, so that nothing comes from it over a bridge of this host: leave it out")
    return str((found.get("Options") or {}).get("com.docker.network.bridge.name") or f"br-{found['Id'][:12]}")


def _process_of(container: str) -> int:
    """The first process of a running container."""
    states = list(_states(container))
    running = next((state for state in states if state.get("Running") and state.get("Pid")), None)
    if running is not None:
        return int(running["Pid"])
    if states:
        raise Absent(f"container {container} is not running: {states[0].get('Status') or 'stopped'}")
    raise Absent(f"neither Docker nor Podman has a container {container} on this host")


def _states(container: str) -> Iterator[dict]:
    """What each engine says of the state of a container that it knows."""
    for engine in (DOCKER, PODMAN):
        with contextlib.suppress(NoEngine):
            found = _found(engine, f"/containers/{container}/json")
            if found is not None:
                yield found.get("State") or {}
    tool = shutil.which("podman", path=os.environ.get("PATH", "") + ":/usr/bin:/usr/local/bin")
    if tool is not None and not os.path.exists(PODMAN):
        try:
            done = subprocess.run([tool, "container", "inspect", "--", container], capture_output=True, timeout=_PATIENCE_S, check=False)
            yield from (one.get("State") or {} for one in (json.loads(done.stdout) if done.returncode == 0 else []))
        except (subprocess.TimeoutExpired, ValueError) as error:
            raise Fault(f"Podman for container {container}", "ask", f"it gives no answer that can be read: {error}", _LOOK) from error


def _found(engine: str, resource: str) -> dict | None:
    """What an engine knows by a name or id; None where it knows no such thing. Raises Fault where it cannot tell: it may know it well."""
    status, found = answer(engine, "GET", resource)
    if status >= 500:
        raise Fault(f"the engine at {engine}", "ask", f"it answers {status}: {found.get('message') if isinstance(found, dict) else found}", _LOOK)
    return found if status == 200 and isinstance(found, dict) else None
