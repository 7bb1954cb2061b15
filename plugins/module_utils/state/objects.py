# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands on a host, or should, as frozen data: kernel objects and files here, what fewer tasks have to do with beside.

Every object has a ``key``: two objects with one key are the same thing on the host, perhaps with other attributes.
An attribute that is None in a desired object is left alone; ``netns`` is the name of a namespace, empty for the host's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Union

from .fault import Fault

if TYPE_CHECKING:
    from .chain import Chain, Connections, Jump, Table
    from .engine import EngineNetwork
    from .entry import Entries
    from .inset import Inset
    from .queue import Queue, Redirect

Key = tuple[str, ...]
Scalar = Union[str, int, bool]
Options = tuple[tuple[str, Scalar], ...]


@dataclass(frozen=True)
class Namespace:
    """A named network namespace. ``joins``: this is another name for the namespace of that sandbox. up: whether its lo is."""

    name: str
    tag: str | None = None
    joins: str = ""
    up: bool = True

    @property
    def key(self) -> Key:
        return ("namespace", self.name)


@dataclass(frozen=True)
class Link:
    """A network interface.

    kind: bridge, veth, macvlan, ipvlan, vlan, dummy, vxlan or ifb. tag: ifalias, empty for what is not finished.
    peer: the other end of a veth, as (netns, name).
    parent: the link that it rests on, as (netns, name); for a vxlan the namespace of its socket, with its underlay link or an empty name.
    options: what belongs to the kind, in iproute2's words (a bridge's ``mcast_snooping``, a vxlan's ``id``), sorted. port: what belongs
    to a bridge port (``isolated``). ipv6_link_local: whether the kernel makes an fe80 address for it. txqlen: in packets. mtu_of_parent:
    the MTU is that of what it rests on. yields: where somebody else has made it, that one will do.
    """

    netns: str
    name: str
    kind: str
    tag: str | None = None
    altname: str | None = None
    mac: str | None = None
    mtu: int | None = None
    master: str | None = None
    peer: tuple[str, str] | None = None
    parent: tuple[str, str] | None = None
    options: Options = ()
    port: Options = ()
    ipv6_link_local: bool | None = None
    txqlen: int | None = None
    promisc: bool | None = None
    up: bool | None = None
    mtu_of_parent: bool = field(default=False, compare=False)
    yields: bool = field(default=False, compare=False)

    @property
    def key(self) -> Key:
        return ("link", self.netns, self.name)


@dataclass(frozen=True)
class Address:
    """An address with its prefix length on a link (``172.20.0.1/24``, ``fd00::1/64``). broadcast: whether it has one of IPv4, which others may leave out."""

    netns: str
    link: str
    address: str
    broadcast: bool = field(default=True, compare=False)

    @property
    def key(self) -> Key:
        return ("address", self.netns, self.link, self.address)


@dataclass(frozen=True)
class Route:
    """A route. ``destination``: ``default`` (of IPv4) or a prefix, ``::/0`` for the default of IPv6. One that leads elsewhere is another route.

    metric: 0 is the kernel's own choice, which for IPv6 is shown as 1024. type: ``unicast``, ``blackhole`` or ``unreachable``; the last two have no link.
    protocol: who set it; None for us.
    """

    netns: str
    destination: str
    gateway: str | None = None
    link: str | None = None
    metric: int = 0
    table: int = 254
    type: str = "unicast"
    protocol: int | None = field(default=None, compare=False)

    @property
    def key(self) -> Key:
        return ("route", self.netns, self.destination, self.gateway or "", self.link or "", str(self.metric), str(self.table), self.type)


@dataclass(frozen=True)
class Sysctl:
    """A value below /proc/sys (``net.ipv4.ip_forward``). It is set and never taken back: nobody knows what stood before."""

    netns: str
    name: str
    value: str

    @property
    def key(self) -> Key:
        return ("sysctl", self.netns, self.name)

    @property
    def link(self) -> str | None:
        """The link that the value belongs to (``net/ipv4/conf/eth0/rp_filter``): it comes, goes and changes its name with it."""
        parts = self.name.split("/")
        return parts[3] if len(parts) > 4 and parts[2] in ("conf", "neigh") and parts[3] not in ("all", "default") else None


@dataclass(frozen=True)
class File:
    """A small text file that is written in place, since running processes hold bind mounts of it."""

    path: str
    content: str

    @property
    def key(self) -> Key:
        return ("file", self.path)


if TYPE_CHECKING:
    Object = Union[Namespace, Link, Address, Route, Entries, Queue, Redirect, Sysctl, File, Chain, Jump, Table, Connections, EngineNetwork, Inset]
else:
    Object = object  # a host compiles what a task imports anew, and few tasks have to do with all of these


@dataclass(frozen=True)
class HostState:
    """A picture of one host: objects by key, and which of them are ours to change and remove.

    A desired picture owns all that is in it. An observed one also shows foreign objects, so that a clash is seen.
    """

    objects: dict[Key, Object] = field(default_factory=dict)
    owned: frozenset[Key] = frozenset()


def desired_state(objects: Iterable[Object]) -> HostState:
    """The picture that owns all of ``objects``. Where one comes twice, the later one counts; two links of one name are a Fault."""
    by_key: dict[Key, Object] = {}
    for one in objects:
        other = by_key.setdefault(one.key, one)
        if isinstance(one, Link) and isinstance(other, Link) and one.tag != other.tag:
            raise Fault(
                f"interface {one.name}", "name", f"{other.tag} and {one.tag} would have the same name", "Rename one of the two, or give it a name of its own."
            )
        by_key[one.key] = one
    return HostState(by_key, frozenset(by_key))
