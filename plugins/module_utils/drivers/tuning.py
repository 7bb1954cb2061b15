# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tuning means for an endpoint, whatever its driver, and back.

Rates are kept at one link, the endpoint's end that is furthest from its sandbox: what that sends waits in a token bucket; what arrives there is led through
the token bucket of a link of its own (an ifb) first. Of a veth this is the end on the host, as with the CNI plugin ``bandwidth``, where the sandbox cannot
take it away. A macvlan or ipvlan has no other end: it is the sandbox's own, with the directions exchanged.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from ipaddress import ip_address, ip_network

from ..model.declaration import Endpoint, Network, Sandbox
from ..model.parent import led_around
from ..model.resolve import effective_mtu
from ..model.tuning import Bandwidth, FixedRoute, Tuning, over
from ..state.objects import Link, Object, Route, Sysctl
from ..state.queue import Queue, Redirect, burst_of, ticks_of
from ..state.tag import Tag, altname, link_name
from .found import Found
from .setting import setting_path

# What the kernel gives every link in a sandbox (DEFAULT_TX_QUEUE_LEN).
TXQLEN = 1000
ETHERNET_HEADER = 14
_LATENCY_PER_S = 40  # a packet waits 25 ms at most, as with the CNI plugin
_SENT = {"egress": "ingress", "ingress": "egress"}  # what a link sends, by what arrives there


def tuned(fleet: str, network: Network, sandbox: Sandbox, endpoint: Endpoint, interface: str, objects: Iterable[Object]) -> Iterator[Object]:
    """``objects``, which are those of an endpoint, as its tuning has them, and what that adds to them."""
    tuning = over(network.tuning, endpoint.tuning)
    for one in objects:
        if isinstance(one, Link) and (one.netns, one.name) == (sandbox.name, interface):
            txqlen = TXQLEN if tuning.txqlen is None else tuning.txqlen
            follows = one.mtu_of_parent and tuning.mtu is None
            one = replace(one, mtu=tuning.mtu or one.mtu, mtu_of_parent=follows, txqlen=txqlen, promisc=bool(tuning.promisc))
            is_furthest = one.peer is None
        else:
            # The MTU of the other end stays that of the network: a bridge may follow the smallest of its ports.
            is_furthest = isinstance(one, Link) and one.peer == (sandbox.name, interface)
        yield one
        if isinstance(one, Link) and is_furthest:
            yield from _shaped(fleet, network, sandbox, one, tuning.bandwidth)
    for name, value in tuning.sysctls:
        yield Sysctl(sandbox.name, setting_path(name.replace("IFNAME", interface.replace(".", "/"))), value)
    for route in tuning.routes:
        destination = "default" if str(route.destination) == "0.0.0.0/0" else str(route.destination)
        gateway, link = (str(route.gateway) if route.gateway else "", interface) if route.type == "unicast" else ("", "")
        yield Route(sandbox.name, destination, gateway, link, route.metric, route.table, route.type)


def _shaped(fleet: str, network: Network, sandbox: Sandbox, end: Link, bandwidth: Bandwidth) -> Iterator[Object]:
    mtu, arriving = end.mtu or effective_mtu(network), led_around(network.driver)
    (rate, burst), (rate_around, burst_around) = bandwidth.of(_SENT[arriving]), bandwidth.of(arriving)
    if rate is not None:
        yield _queue(end.netns, end.name, rate, burst, mtu)
    if rate_around is not None:
        name = link_name("i", fleet, network.name, sandbox.name)
        tag = str(Tag(fleet, network.name, sandbox.name, arriving))
        readable = altname(fleet, network.name, sandbox.name, arriving)
        # Its MTU says nothing: what is led to it is of the size that the other link took.
        yield Link(end.netns, name, "ifb", tag=tag, altname=readable, ipv6_link_local=False, up=True)
        yield _queue(end.netns, name, rate_around, burst_around, mtu)
        yield Redirect(end.netns, end.name, name)


def _queue(netns: str, link: str, rate: int, burst: int | None, mtu: int) -> Queue:
    """rate, burst: in bits. The burst is the one that the kernel makes of it."""
    rate //= 8
    kept = burst_of(ticks_of(default_burst(rate, mtu) if burst is None else burst // 8, rate), rate)
    return Queue(netns, link, rate, kept, kept + rate // _LATENCY_PER_S)


def default_burst(rate: int, mtu: int) -> int:
    """In bytes, of a rate in bytes per second: what goes in 20 ms, at least ten packets; what takes longer than 4 s the kernel cannot keep."""
    return min(max(rate // 50, 10 * (mtu + ETHERNET_HEADER)), 4 * rate)


def described(link: Link, found: Found, network: Network | None, families: set[int]) -> Tuning:
    """The tuning of the endpoint with this link in its sandbox. families: in which it is the first there, so that routes without a link are told with it."""
    default_mtu = _mtu_by_itself(link, found, network)
    routes = [one for one in found.routes.get(link.netns, []) if one.link == link.name or (not one.link and (6 if ":" in one.destination else 4) in families)]
    mtu = link.mtu if link.mtu != default_mtu else None
    return Tuning(
        _bandwidth(link, mtu, found, network),
        mtu=mtu,
        promisc=True if link.promisc else None,
        routes=tuple(sorted(_routes(routes), key=lambda one: one.place)),
        txqlen=link.txqlen if link.txqlen != TXQLEN else None,
    )


def _bandwidth(link: Link, own_mtu: int | None, found: Found, network: Network | None) -> Bandwidth:
    """The rates of the endpoint with this link in its sandbox, which has ``own_mtu`` where that is not the network's."""
    is_furthest = led_around(link.kind) == "ingress"
    end = (link.netns, link.name) if is_furthest else link.peer or ("", "")
    mtu = link.mtu if network is None else is_furthest and own_mtu or effective_mtu(network)
    sent, around = (_rates(found.queues.get(at), mtu) for at in (end, (end[0], found.redirects.get(end, ""))))
    return Bandwidth(*around, *sent) if is_furthest else Bandwidth(*sent, *around)


def _mtu_by_itself(link: Link, found: Found, network: Network | None) -> int | None:
    """The MTU of an endpoint's link that has none of its own: the network's, which without a declared one is that of the parent."""
    if network is None:
        return link.mtu
    return found.mtus.get(link.parent[1], link.mtu) if network.mtu is None and link.parent is not None else effective_mtu(network)


def with_interface_settings(sandbox: Sandbox, settings: Iterable[tuple[str, str]]) -> Sandbox:
    """``sandbox`` with these settings, where those of an interface that no sandbox can declare are the endpoint's: those with a dot in its name, and all
    in a namespace of somebody else.
    """
    endpoints, left = [], dict(settings)
    for endpoint in sandbox.endpoints:
        part = "." + (endpoint.interface_name or "").replace(".", "/") + "."
        its = {name: left.pop(name) for name in list(left) if ("/" in part or sandbox.mode == "attached") and part in name}
        sysctls = tuple(sorted((name.replace(part, ".IFNAME.", 1), value) for name, value in its.items()))
        endpoints.append(replace(endpoint, tuning=replace(endpoint.tuning, sysctls=sysctls)) if sysctls else endpoint)
    return replace(sandbox, endpoints=tuple(endpoints), sysctls=tuple(sorted(left.items())))


def _rates(queue: Queue | None, mtu: int | None) -> tuple[int | None, int | None]:
    """Rate and burst in bits; the burst only where it is not that which follows from the rate."""
    if queue is None or queue.rate == 0:
        return None, None
    implied = _queue(queue.netns, queue.link, 8 * queue.rate, None, mtu or 0)
    return 8 * queue.rate, None if queue.burst == implied.burst else 8 * queue.burst


def _routes(routes: Iterable[Route]) -> Iterator[FixedRoute]:
    for one in routes:
        # Somebody may have put anything in the place of a declared route.
        with contextlib.suppress(ValueError):
            destination = ip_network("0.0.0.0/0" if one.destination == "default" else one.destination)
            yield FixedRoute(destination, one.metric, one.table, one.type, ip_address(one.gateway) if one.gateway else None)
