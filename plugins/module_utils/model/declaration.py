# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is declared, as plain frozen data: networks, sandboxes, their endpoints and ports.

The words are those of the Compose specification and of Docker's Container Network Model.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import NamedTuple, Union

from .tuning import Tuning

IPAddress = Union[IPv4Address, IPv6Address]
IPNetwork = Union[IPv4Network, IPv6Network]


@dataclass(frozen=True)
class Subnet:
    """One subnet of a network, IPv4 or IPv6. ``gateway`` None: none was given (the ledger, or nobody, gives one).

    ip_range: the part of it that addresses are given from; None: all of it. aux_addresses: names and addresses that nobody is given. Those
    called ``DefaultGatewayIPv4`` and ``DefaultGatewayIPv6`` are the sandboxes' gateway in place of the bridge. bare: nothing of ours is its
    gateway, so there is none unless one is declared. entry: where in ``ipam.config`` it is declared; None: it is not.
    """

    subnet: IPNetwork
    gateway: IPAddress | None = None
    ip_range: IPNetwork | None = None
    aux_addresses: tuple[tuple[str, IPAddress], ...] = ()
    bare: bool = False
    entry: int | None = field(default=None, compare=False)


class Peer(NamedTuple):
    """An endpoint on another host, in a network of scope fleet. underlay_address: by which that host is reached. Addresses are text; empty: none.

    Without a sandbox: the host alone, which is in the network and has declared nobody there: its Docker may have containers in it.

    A named tuple, since there can be tens of thousands.
    """

    host: str
    sandbox: str
    underlay_address: str
    ipv4_address: str
    ipv6_address: str
    mac: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Network:
    """A network. subnets: of each family that is enabled; the ledger gives a missing one. sizes: (family, prefix length) of one that is to be
    given. ``mtu`` None: that of the underlay.

    gateway_mode, gateway_mode_ipv6: ``nat``, ``nat-unprotected``, ``routed`` or ``isolated``, of IPv4 and of IPv6. host_ipv4, host_ipv6: the
    host's address that sandboxes have outside; None: that of the link they leave by. host_binding_ipv4: where ports are published that name
    no address, if this network is the sandbox's gateway; 0.0.0.0 is every address of the host, of both families. inhibit_ipv4: the bridge
    gets no IPv4 address. trusted_host_interfaces: links of the host by which published ports are also reached at the sandbox's own address.
    reachable_from: who else on the host may reach its sandboxes: names of networks, ``docker:NAME`` (one of Docker's), ``link:NAME`` (a link of the host).
    container_iface_prefix: what interfaces in the sandboxes are called, before the number; None: ``eth``.
    tuning: what holds for every endpoint in the network that does not say otherwise.
    vnis: of an overlay, one for each subnet; those that are missing the ledger gives. broadcast: whether an overlay carries it to all its hosts.
    peers, underlay_address, vxlan_port: what a host knows of a network of scope fleet: the endpoints of others, its own address, and the port.
    parent: of macvlan and ipvlan, the link of the host that the network rests on; None: one that leads nowhere. mode, flag: None: Docker's default.
    host_shim: whether the host has an address in such a network, or which, at most one of each family; for True the ledger gives one of each that the
    network has.
    docker_network: whether the host's Docker engine knows the network too, or which addresses it gives to containers there; the ledger gives a range for True.
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
    host_binding_ipv4: IPAddress = IPv4Address("0.0.0.0")
    sizes: tuple[tuple[int, int], ...] = ()
    enable_ipv4: bool = True
    enable_ipv6: bool = False
    gateway_mode: str = "nat"
    gateway_mode_ipv6: str = "nat"
    host_ipv4: IPv4Address | None = None
    host_ipv6: IPv6Address | None = None
    inhibit_ipv4: bool = False
    trusted_host_interfaces: tuple[str, ...] = ()
    reachable_from: tuple[str, ...] = ()
    container_iface_prefix: str | None = None
    vnis: tuple[int, ...] = ()
    broadcast: bool = False
    peers: tuple[Peer, ...] = ()
    underlay_address: IPAddress | None = None
    vxlan_port: int = 4789
    parent: str | None = None
    mode: str | None = None
    flag: str | None = None
    host_shim: bool | tuple[IPAddress, ...] = False
    docker_network: bool | IPv4Network = False
    tuning: Tuning = Tuning()


@dataclass(frozen=True)
class Endpoint:
    """A sandbox's leg in one network. ``ipv4_address``, ``ipv6_address`` None: the ledger gives one, if the network has that family."""

    network: str
    ipv4_address: IPv4Address | None = None
    mac_address: str | None = None
    interface_name: str | None = None
    aliases: tuple[str, ...] = ()
    gw_priority: int = 0
    ipv6_address: IPv6Address | None = None
    tuning: Tuning = Tuning()


@dataclass(frozen=True)
class Port:
    """One published port: ``host_ip``:``published`` of the host leads to ``target`` in the sandbox.

    published: 0: the ledger gives one, out of ``choice`` (first, last) or, where that is None, of those that the host gives away itself.
    protocol: ``tcp``, ``udp`` or ``sctp``. host_ip: 0.0.0.0 means every IPv4 address of the host, ``::`` every IPv6 one, None all of them.
    allow_from: whom the port is open to from outside; None: everybody, empty: nobody.
    """

    published: int
    target: int
    protocol: str = "tcp"
    host_ip: IPAddress | None = None
    choice: tuple[int, int] | None = None
    allow_from: tuple[IPNetwork, ...] | None = None

    @property
    def order(self) -> tuple[object, ...]:
        """What ports are sorted by."""
        return (self.published, self.target, self.protocol, str(self.host_ip or ""), self.choice or (0, 0), str(self.allow_from or ""))


@dataclass(frozen=True)
class Sandbox:
    """A network namespace with what is in it.

    mode: ``networks`` (a namespace with endpoints, perhaps none yet), ``none`` (a namespace with nothing but lo),
    ``host`` (the host's own namespace), ``container`` (shares the namespace of the sandbox ``joins``), ``attached`` (a namespace that somebody else made).
    namespace: of an attached one, whether ``container``, ``pid`` or ``netns``, and which; None where that is not there and missing says
    ``ignore``, not ``fail``.
    led_elsewhere: the families (4, 6) in which somebody else has set its default route, as far as the host was asked.
    """

    name: str
    mode: str = "networks"
    joins: str | None = None
    endpoints: tuple[Endpoint, ...] = ()
    ports: tuple[Port, ...] = ()
    sysctls: tuple[tuple[str, str], ...] = ()
    dns: tuple[IPAddress, ...] = ()
    extra_hosts: tuple[tuple[str, str], ...] = ()
    namespace: tuple[str, str] | None = None
    missing: str = "fail"
    led_elsewhere: tuple[int, ...] = ()


@dataclass(frozen=True)
class Declaration:
    """All that is declared for one host, by name. host: what the host is called in its fleet; empty where it is not known."""

    networks: dict[str, Network] = field(default_factory=dict)
    sandboxes: dict[str, Sandbox] = field(default_factory=dict)
    host: str = ""
