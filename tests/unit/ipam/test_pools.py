# Copyright: mooring.cnm contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which subnet is given to a network."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from ansible_collections.mooring.cnm.plugins.module_utils.ipam.pools import DOCKER_POOLS, AddressSpace, Pool, read_pools
from ansible_collections.mooring.cnm.plugins.module_utils.model.overlap import span_of
from ansible_collections.mooring.cnm.tests.unit.model.declared import ANYTHING, UNHURRIED
from hypothesis import given
from hypothesis import strategies as st


def space(*subnets: str) -> AddressSpace:
    return AddressSpace(span_of(IPv4Network(subnet), subnet) for subnet in subnets)


def take_all(taken: AddressSpace, pools: tuple[Pool, ...], limit: int = 1000) -> list[str]:
    """Subnets until there is none left."""
    found: list[str] = []
    while len(found) < limit:
        subnet = taken.take_subnet(pools, "n")
        if subnet is None:
            break
        found.append(str(subnet))
    return found


def test_docker_has_31_networks() -> None:
    subnets = take_all(space(), DOCKER_POOLS)
    assert len(subnets) == 31
    assert subnets[:4] == ["172.17.0.0/16", "172.18.0.0/16", "172.19.0.0/16", "172.20.0.0/16"]
    assert subnets[14:17] == ["172.31.0.0/16", "192.168.0.0/20", "192.168.16.0/20"]


def test_what_is_taken_is_leapt_over() -> None:
    taken = space("172.17.4.0/24", "172.18.0.0/15", "172.20.0.0/16", "192.168.1.0/24")
    assert take_all(taken, DOCKER_POOLS)[:2] == ["172.21.0.0/16", "172.22.0.0/16"]
    assert take_all(space("172.0.0.0/8", "192.168.1.0/24", "192.168.17.5/32"), DOCKER_POOLS, 1) == ["192.168.32.0/20"]
    assert take_all(space("0.0.0.0/0"), DOCKER_POOLS) == []


def test_small_subnets_of_a_large_pool_are_not_counted_one_by_one() -> None:
    taken = space("10.0.0.0/9", "10.128.0.0/10")
    assert take_all(taken, (Pool(IPv4Network("10.0.0.0/8"), 30),), 2) == ["10.192.0.0/30", "10.192.0.4/30"]


SUBNETS = st.tuples(st.integers(0, 2**16 - 1), st.integers(16, 32)).map(lambda pair: IPv4Network(((10 << 24) + (pair[0] << 8), pair[1]), strict=False))


@UNHURRIED
@given(st.lists(SUBNETS, max_size=20), st.integers(17, 24))
def test_what_is_given_is_free_and_the_first(taken: list[IPv4Network], size: int) -> None:
    base = IPv4Network("10.0.0.0/16")
    given_out = [IPv4Network(text) for text in take_all(AddressSpace(span_of(one, "") for one in taken), (Pool(base, size),))]
    assert given_out == [chunk for chunk in base.subnets(new_prefix=size) if not any(chunk.overlaps(one) for one in taken)]


def test_pools_are_read() -> None:
    assert read_pools(None) == (DOCKER_POOLS, [])
    assert read_pools([]) == ((), [])
    assert read_pools([{"base": "10.0.0.0/8", "size": "24"}]) == ((Pool(IPv4Network("10.0.0.0/8"), 24),), [])


@pytest.mark.parametrize(
    ("raw", "path", "words"),
    [
        ({}, "cnm_address_pools", "a list"),
        (["10.0.0.0/8"], "cnm_address_pools[0]", "a dictionary"),
        ([{"base": "10.0.0.0/8"}], "cnm_address_pools[0].size", "'size' is missing"),
        ([{"size": 24}], "cnm_address_pools[0].base", "'base' is missing"),
        ([{"base": "10.0.0.1/8", "size": 24}], "cnm_address_pools[0].base", "write 10.0.0.0/8"),
        ([{"base": "10.0.0.0/8", "size": 31}], "cnm_address_pools[0].size", "at most 30"),
        ([{"base": "10.0.0.0/8", "size": 7}], "cnm_address_pools[0].size", "larger than the pool"),
        ([{"base": "10.0.0.0/8", "size": 24, "sise": 1}], "cnm_address_pools[0].sise", "did you mean 'size'?"),
    ],
)
def test_no_pools(raw: object, path: str, words: str) -> None:
    _pools, problems = read_pools(raw)
    assert [problem.path for problem in problems] == [path]
    assert words in problems[0].message


@UNHURRIED
@given(ANYTHING)
def test_nothing_raises(raw: object) -> None:
    read_pools(raw)
