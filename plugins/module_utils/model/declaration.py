# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is declared, as plain frozen data: networks, sandboxes, their endpoints and ports.

The words are those of the Compose specification and of Docker's Container Network Model.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network


@dataclass(frozen=True)
class Subnet:
    """One address range of a network. ``gateway`` None: none was given (the ledger, or nobody, gives one)."""

    subnet: IPv4Network
    gateway: IPv4Address | None = None


@dataclass(frozen=True)
class Network:
    """A network. ``subnets`` empty: the ledger gives one. ``mtu`` None: that of the underlay.

    host_binding_ipv4: where ports are published that name no address, if this network is the sandbox's gateway.
    """

    name: str
    driver: str = "bridge"
    scope: str = "host"
    internal: bool = False
    subnets: tuple[Subnet, ...] = ()
    icc: bool = True
    masquerade: bool = True
    mtu: int | None = None
    bridge_name: str | None = None
    host_binding_ipv4: IPv4Address = IPv4Address("0.0.0.0")


@dataclass(frozen=True)
class Endpoint:
    """A sandbox's leg in one network. ``ipv4_address`` None: the ledger gives one."""

    network: str
    ipv4_address: IPv4Address | None = None
    mac_address: str | None = None
    interface_name: str | None = None
    aliases: tuple[str, ...] = ()
    gw_priority: int = 0


@dataclass(frozen=True, order=True)
class Port:
    """One published port: ``host_ip``:``published`` of the host leads to ``target`` in the sandbox.

    protocol: ``tcp`` or ``udp``. host_ip: 0.0.0.0 means every IPv4 address of the host.
    """

    published: int
    target: int
    protocol: str = "tcp"
    host_ip: IPv4Address = IPv4Address("0.0.0.0")


@dataclass(frozen=True)
class Sandbox:
    """A network namespace with what is in it.

    mode: ``networks`` (a namespace with endpoints, perhaps none yet), ``none`` (a namespace with nothing but lo),
    ``host`` (the host's own namespace), ``container`` (shares the namespace of the sandbox ``joins``).
    """

    name: str
    mode: str = "networks"
    joins: str | None = None
    endpoints: tuple[Endpoint, ...] = ()
    ports: tuple[Port, ...] = ()
    sysctls: tuple[tuple[str, str], ...] = ()
    dns: tuple[IPv4Address, ...] = ()
    extra_hosts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Declaration:
    """All that is declared for one host, by name."""

    networks: dict[str, Network] = field(default_factory=dict)
    sandboxes: dict[str, Sandbox] = field(default_factory=dict)
