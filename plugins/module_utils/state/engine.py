# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of ours that the host's Docker engine knows too, as objects of a host."""

from __future__ import annotations

from dataclasses import dataclass, field

# Docker's option that names the bridge, and the label that bears our mark.
BRIDGE_OPTION = "com.docker.network.bridge.name"
LABEL = "mooring.cnm"
# What a bridge is for that stands only for the engine's containers, and the engine's network itself.
ENGINE_ROLE = "engine"
_FEW = 8


@dataclass(frozen=True)
class EnginePool:
    """A subnet of such a network, as the engine has it. ip_range: what its containers get addresses of."""

    subnet: str
    gateway: str = ""
    ip_range: str = ""
    aux_addresses: tuple[tuple[str, str], ...] = ()

    @property
    def version(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.subnet else 4


@dataclass(frozen=True)
class EngineNetwork:
    """A network of the engine's driver ``bridge``, on a bridge of ours. The engine changes nothing of one: another value means another network.

    tag: the label with our mark. pools: one of IPv4 and, perhaps, one of IPv6. options: Docker's; those that are not given count for nothing.
    guarded: our own rules say who gets in, which Docker from 28 on has to be told, since it would close the bridge to what they let in.
    Seen only: id: the engine's own. containers: who is attached. silent: the engine does not run, so that nothing is known but that this should be there.
    """

    name: str
    tag: str | None = None
    pools: tuple[EnginePool, ...] = ()
    internal: bool = False
    options: tuple[tuple[str, str], ...] = ()
    guarded: bool = field(default=False, compare=False)
    id: str = field(default="", compare=False)
    containers: tuple[str, ...] = field(default=(), compare=False)
    silent: bool = field(default=False, compare=False)

    @property
    def key(self) -> tuple[str, ...]:
        return ("engine", self.name)

    @property
    def bridge(self) -> str:
        """The link of the host that containers are plugged into."""
        return dict(self.options).get(BRIDGE_OPTION, "")


def is_in_the_way(one: EngineNetwork) -> str:
    """Why nothing can be done about a network that should be made, changed or removed, and what would be right."""
    if one.silent:
        return "no Docker engine runs on this host (/run/docker.pid), and it has to be told of this network, or knows of it: start Docker, and run again"
    if one.containers:
        named = ", ".join(one.containers[:_FEW]) + (f" and {len(one.containers) - _FEW} more" if len(one.containers) > _FEW else "")
        return f"Docker has containers in this network, which would have to be removed there ({named}): disconnect them from it, or remove them"
    foreign = "Docker has a network of this name on this host already, not made by this fleet, so it is left alone"
    return f"{foreign}: remove it (docker network rm {one.name}), or choose another name"
