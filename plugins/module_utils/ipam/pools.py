# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which subnet a network gets that declares none: the first free one of the address pools."""

from __future__ import annotations

import hashlib
from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, ip_network

from ..model.declaration import IPNetwork
from ..model.keys import Keys, list_items, read_keys
from ..model.overlap import Span, last_overlap, outermost, span_of
from ..model.problem import Problem
from ..model.report import Report
from ..model.values import integer_between, read_subnet

POOL = Keys({"base": read_subnet, "size": integer_between(1, 126)}, required=("base", "size"))


def read_pools(raw: object, host: str = "") -> tuple[tuple[Pool, ...], list[Problem]]:
    """``cnm_address_pools``: a list of ``{base, size}``. Null means Docker's, an empty list means none."""
    if raw is None:
        return DOCKER_POOLS, []
    report = Report(host)
    pools = []
    for path, item in list_items(report, "cnm_address_pools", raw):
        found = read_keys(report, path, item, POOL)
        if len(found) < len(POOL.required):
            continue
        base: IPNetwork = found["base"]
        if found["size"] > base.max_prefixlen - 2:
            report.add(
                f"{path}.size", found["size"], f"a subnet of IPv{base.version} needs room for a gateway and a sandbox: give at most {base.max_prefixlen - 2}"
            )
            continue
        if found["size"] < base.prefixlen:
            report.add(f"{path}.size", found["size"], f"subnets of /{found['size']} are larger than the pool {found['base']}: give a larger number")
            continue
        pools.append(Pool(**found))
    return tuple(pools), report.problems


def read_overlay_pool(raw: object, host: str = "") -> tuple[tuple[Pool, ...], list[Problem]]:
    """``cnm_overlay_pool``: a subnet, which is cut into /24, or ``{base, size}``, or a list of those. Null means Docker's."""
    if raw is None:
        return OVERLAY_POOL, []
    given = {"base": raw, "size": OVERLAY_SIZE} if isinstance(raw, str) else raw
    pools, problems = read_pools([given] if isinstance(given, dict) else given, host)
    return pools, [
        replace(one, path=one.path.replace("cnm_address_pools[0]" if isinstance(given, dict) else "cnm_address_pools", "cnm_overlay_pool")) for one in problems
    ]


def pools_of(pools: Iterable[Pool], family: int, owner: str) -> tuple[Pool, ...]:
    """The pools of one family. Where none of IPv6 is declared, it is a unique local prefix (RFC 4193) that is derived from who asks, as in Docker:
    /48, cut into /64. owner: the fleet, or one host of it.
    """
    found = tuple(pool for pool in pools if pool.base.version == family)
    if found or family == 4:
        return found
    unique = int.from_bytes(b"\xfd" + hashlib.sha256(owner.encode()).digest()[:5], "big")
    return (Pool(IPv6Network((unique << 80, 48)), 64),)


def pools_in_words(pools: Iterable[Pool]) -> str:
    """The pools for a sentence."""
    return ", ".join(f"{pool.base} in /{pool.size}" for pool in pools) or "none is declared"


@dataclass(frozen=True)
class Pool:
    """A range that is cut into subnets of one size: ``size`` is their prefix length."""

    base: IPNetwork
    size: int


# Docker's local pools (ipamutils/utils.go), in its order.
DOCKER_POOLS = (
    Pool(IPv4Network("172.17.0.0/16"), 16),
    Pool(IPv4Network("172.18.0.0/16"), 16),
    Pool(IPv4Network("172.19.0.0/16"), 16),
    Pool(IPv4Network("172.20.0.0/14"), 16),
    Pool(IPv4Network("172.24.0.0/14"), 16),
    Pool(IPv4Network("172.28.0.0/14"), 16),
    Pool(IPv4Network("192.168.0.0/16"), 20),
)
# Docker's global pool, cut as Swarm cuts it.
OVERLAY_SIZE = 24
OVERLAY_POOL = (Pool(IPv4Network("10.0.0.0/8"), OVERLAY_SIZE),)


@dataclass(frozen=True)
class Stock:
    """What may be given: subnets of the address pools, those of overlays, and VNIs from ``vni_base`` up."""

    pools: tuple[Pool, ...] = DOCKER_POOLS
    overlay_pool: tuple[Pool, ...] = OVERLAY_POOL
    vni_base: int = 256

    def of(self, driver: str) -> tuple[Pool, ...]:
        """The pools for a network of this driver."""
        return self.overlay_pool if driver == "overlay" else self.pools


class AddressSpace:
    """What is taken of one host's addresses, and the next free subnet beside it."""

    def __init__(self, taken: Iterable[Span]) -> None:
        self.spans = outermost(taken)
        self.walked: dict[Pool, int] = {}  # nothing before this address of a pool is free: what is taken stays taken

    def take_subnet(self, pools: Iterable[Pool], holder: str, size: int | None = None) -> IPNetwork | None:
        """Takes the first chunk of the first pool that overlaps nothing (Docker's rule since 27); None when all are used up.

        pools: of one family. size: the prefix length of the chunk, in place of that of the pool. It leaps over what is taken, however many chunks
        that covers.
        """
        for pool in pools if size is None else (Pool(one.base, size) for one in pools if one.base.prefixlen <= size):
            chunk = 1 << (pool.base.max_prefixlen - pool.size)
            end = int(pool.base.broadcast_address)
            first = self.walked.get(pool, int(pool.base.network_address))
            while first <= end:
                overlap = last_overlap(self.spans, first, first + chunk - 1)
                if overlap is None:
                    subnet = ip_network((first, pool.size)) if pool.base.version == 4 else IPv6Network((first, pool.size))
                    insort(self.spans, span_of(subnet, holder))
                    self.walked[pool] = first + chunk
                    return subnet
                first = (overlap.last // chunk + 1) * chunk
            self.walked[pool] = first
        return None
